"""web.departments: what is offered, asked for now and then."""

from pathlib import Path

from core.config import Settings
from core.desk import Desk
from web.departments import Departments


def settings(named: str = "") -> Settings:
    return Settings.model_validate({"home": Path("/"), "web": {"departments": named}})


async def test_a_new_department_is_offered_soon(service: Desk) -> None:
    clock = [0.0]
    departments = Departments(settings(), service, lambda: clock[0])
    assert await departments.offered() == ()
    await service.update_agent("grace@example.com", {"departments": ["sales"]})
    assert await departments.offered() == ()
    clock[0] += 31
    assert await departments.offered() == ("sales",)


async def test_what_was_offered_is_offered_on_while_the_database_is_away(service: Desk) -> None:
    clock = [0.0]
    await service.update_agent("grace@example.com", {"departments": ["sales"]})
    departments = Departments(settings(), service, lambda: clock[0])
    assert await departments.offered() == ("sales",)
    await service.close()
    clock[0] += 31
    assert await departments.offered() == ("sales",)
    assert await Departments(settings(), service).offered() == ()


async def test_the_settings_come_first(service: Desk) -> None:
    await service.update_agent("grace@example.com", {"departments": ["sales"]})
    assert await Departments(settings(" b , a,"), service).offered() == ("b", "a")
    assert await Departments(settings("none"), service).offered() == ()
