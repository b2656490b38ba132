"""Whether a hosted desk and this ttydesk fit: asked beside the first reads, known before any write."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from core.config import Settings, Supabase
from core.connect import open_desk
from core.desk import Desk
from core.errors import Conflict, DeskError, Unreachable
from core.interface import interface, other_program
from core.models import Role
from core.supabase import SupabaseGateway
from tests.conftest import desk_as
from tests.core.test_supabase import at_once, giving, opened
from tests.core.wire import Wire, wire_to
from tests.peers.hosted import PUBLISHABLE, SECRET, Project, sign


@contextmanager
def changed(database: str, change: str, back: str) -> Iterator[None]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(change.encode())
        try:
            yield
        finally:
            connection.execute(back.encode())


@pytest.fixture
async def wire(hosted: Project) -> AsyncIterator[Wire]:
    async with wire_to(hosted.url) as wire:
        yield wire


@pytest.fixture
async def opening(wire: Wire, hosted: Project) -> AsyncIterator[Desk]:
    """The desk as Ada has it, whose version is not told before `wire.go`."""
    async with desk_as(hosted.database, "service_role") as service:
        ada = await service.add_agent("ada@example.com", "Ada", Role.ADMIN)
    wire.late = "/desk_version"
    gateway = SupabaseGateway(wire.url, PUBLISHABLE, giving(sign(str(ada.id))), pause=at_once)
    yield Desk(await gateway.open())
    await gateway.close()
    wire.go.set()


async def asked(wire: Wire, *functions: str) -> None:
    """When all of them were."""
    for _ in range(3000):
        if all(any(f"/{function} " in call for call in wire.asked) for function in functions):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(wire.asked)


async def test_what_is_read_first_is_asked_for_together_with_the_version(opening: Desk, wire: Wire) -> None:
    writing = asyncio.create_task(opening.create_ticket("kim@example.com", "s", "c"))
    reading = [asyncio.create_task(call) for call in (opening.whoami(), opening.list_agents())]
    await asked(wire, "desk_version", "whoami", "list_agents")
    assert not any(one.done() for one in (writing, *reading))
    wire.go.set()
    assert (await reading[0]).name == "Ada"
    assert len((await writing).tickets) == 1
    assert [call for call in wire.asked if "/create_ticket" in call] == wire.asked[3:]


async def test_a_version_that_does_not_fit_comes_before_any_answer_and_nothing_is_written(
    opening: Desk, wire: Wire, hosted: Project
) -> None:
    with changed(hosted.database, *other_version(hosted.database)):
        calls = [
            asyncio.create_task(call)
            for call in (
                opening.create_ticket("kim@example.com", "s", "c"),
                opening.whoami(),
                opening._gateway.read("fly"),
            )
        ]
        await asked(wire, "whoami", "fly", "desk_version")
        wire.go.set()
        for call in (*calls, opening.list_agents(), opening.note(1001, "x")):
            with pytest.raises(Conflict, match="those of another ttydesk"):
                await call
    assert not any("/create_ticket" in call or "/note" in call for call in wire.asked)


async def test_a_version_that_could_not_be_asked_for_is_asked_for_again(opening: Desk, wire: Wire) -> None:
    wire.go.set()
    wire.only = "/desk_version"
    wire.instead.extend([b""] * 5)
    with pytest.raises(Unreachable, match="Server disconnected"):
        await opening.whoami()
    assert (await opening.whoami()).name == "Ada"
    assert len([call for call in wire.asked if "/desk_version" in call]) == 6


async def test_a_desk_that_is_closed_keeps_nobody_waiting_for_its_version(opening: Desk, wire: Wire) -> None:
    calls = [asyncio.create_task(call) for call in (opening.whoami(), opening.note(1001, "x"))]
    await asked(wire, "desk_version", "whoami")
    await opening.close()
    for call in calls:
        with pytest.raises(Unreachable):
            await call


async def refused(project: Project) -> DeskError:
    with pytest.raises(DeskError) as raised:
        async with opened(project.url):
            pass
    return raised.value


def other_version(database: str, interface: str = "other") -> tuple[str, str]:
    """How to make the desk one of another version, and how to make it again what it is."""
    comment = "comment on schema desk is '{}'"
    with psycopg.connect(database) as connection:
        said = connection.execute("select obj_description('desk'::regnamespace, 'pg_namespace')").fetchone()
    assert said
    return comment.format(f"ttydesk other {interface} 9.9.9"), comment.format(said[0])


async def test_a_desk_of_another_version_that_asks_and_answers_the_same_is_used(hosted: Project) -> None:
    with changed(hosted.database, *other_version(hosted.database, interface())):
        async with opened(hosted.url) as service:
            assert (await service.add_agent("ada@example.com", "Ada")).name == "Ada"
            words = other_program(await service.desk_version())
        assert words and "the desk's database is of 9.9.9. They work together" in words


async def test_the_service_has_to_be_of_the_very_version(hosted: Project, tmp_path: Path) -> None:
    """What it hands over, a mail that was read for instance, no interface describes."""
    supabase = Supabase(url=hosted.url, secret_key=SecretStr(SECRET))
    settings = Settings(home=tmp_path, supabase=supabase)
    with (
        changed(hosted.database, *other_version(hosted.database, interface())),
        pytest.raises(Conflict, match="those of another ttydesk"),
    ):
        async with open_desk(settings, service=True):
            pass


async def test_a_desk_of_another_version_says_so_at_once(hosted: Project) -> None:
    with psycopg.connect(hosted.database) as connection:
        last = connection.execute("select name, checksum from desk.migrations order by name desc").fetchone()
    assert last
    with changed(hosted.database, *other_version(hosted.database)):
        error = await refused(hosted)
        assert isinstance(error, Conflict)
        assert str(error) == "The operations in the database are those of another ttydesk."
        insert = "insert into desk.migrations values ('9999_later.sql', 'x')"
        with changed(hosted.database, insert, "delete from desk.migrations where name like '9999%'"):
            error = await refused(hosted)
            assert "made by a newer ttydesk: this one does not know 9999_later.sql" in str(error)
            assert error.hint == "Update ttydesk on this machine."
        delete = f"delete from desk.migrations where name = '{last[0]}'"
        insert = f"insert into desk.migrations values ('{last[0]}', '{last[1]}')"
        with changed(hosted.database, delete, insert):
            assert "of an older ttydesk: it lacks " + last[0].removesuffix(".sql") in str(
                await refused(hosted)
            )
    rename = "alter function public.{} rename to {}; notify pgrst, 'reload schema'"
    with changed(
        hosted.database,
        rename.format("desk_version", "desk_version_before"),
        rename.format("desk_version_before", "desk_version"),
    ):
        assert str(await refused(hosted)) == "The database holds no desk."
