"""The people who answer, through every door."""

import asyncio
import importlib.metadata
from uuid import uuid4

import pytest

from core.errors import Conflict, DeskError, Forbidden, Invalid, NotFound
from core.interface import interface, other_program
from core.models import Role
from core.version import SqlFiles
from tests.core.contract.door import AWKWARD, Door

DEPARTMENTS = ["billing", 'a,"b"', "{c}", "back\\slash", "null", "漢字 ", "'d'"]


async def test_desk_version(door: Door) -> None:
    for desk in (door.service, door.ada):
        version = await desk.desk_version()
        assert version.digest == SqlFiles.read().digest()
        assert version.interface == interface()
        assert version.program == importlib.metadata.version("ttydesk")
        assert other_program(version) is None


async def test_whoami(door: Door) -> None:
    assert (await door.ada.whoami()).role is Role.ADMIN
    assert (await door.grace.whoami()).email == "grace@example.com"
    with pytest.raises(Forbidden):
        await door.service.whoami()


async def test_claim_account(door: Door) -> None:
    assert await door.grace.claim_account() == await door.grace.whoami()


async def test_list_agents(door: Door) -> None:
    assert [one.email for one in await door.grace.list_agents()] == ["ada@example.com", "grace@example.com"]


async def test_add_agent(door: Door) -> None:
    request = uuid4()
    first = await door.ada.add_agent("Kim@Example.com", AWKWARD, Role.ADMIN, DEPARTMENTS, request)
    again = await door.ada.add_agent("Kim@Example.com", AWKWARD, Role.ADMIN, DEPARTMENTS, request)
    assert first == again
    assert (first.email, first.name, first.departments) == ("kim@example.com", AWKWARD, DEPARTMENTS)
    assert (await door.service.add_agent("lee@example.com")).departments == []
    with pytest.raises(Conflict, match=r"kim@example\.com is an agent already") as raised:
        await door.ada.add_agent("kim@example.com")
    assert raised.value.hint == "Change an agent with ttydesk agent update."
    with pytest.raises(Invalid, match='"kim" is not an e-mail address'):
        await door.ada.add_agent("kim")
    with pytest.raises(Forbidden, match="Only an admin may do that"):
        await door.grace.add_agent("eve@example.com")


async def test_update_agent(door: Door) -> None:
    changes = {"name": AWKWARD, "departments": DEPARTMENTS, "signature": AWKWARD}
    changed = await door.ada.update_agent("GRACE@example.com", changes)
    assert (changed.name, changed.departments, changed.signature) == (AWKWARD, DEPARTMENTS, AWKWARD)
    for email, wrong, kind, words in (
        ("nobody@example.com", {}, NotFound, r"no agent nobody@example\.com"),
        ("grace@example.com", {"colour": "blue"}, Invalid, "has no field colour"),
        ("grace@example.com", {"role": "boss"}, Invalid, "agent_role"),
        ("ada@example.com", {"active": False}, Conflict, "last active admin"),
    ):
        with pytest.raises(kind, match=words):
            await door.ada.update_agent(email, wrong)
    await door.ada.update_agent("grace@example.com", {"active": False})
    with pytest.raises(Forbidden, match="not an active agent"):
        await door.grace.whoami()


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("list_tickets", {"filter": {}, "sort": "nonsense"}),
        ("show_raw_mail", {"id": "many"}),
        ("list_events", {"number": 1001, "limit": -1}),
        ("events_since", {"cursor": "yesterday"}),
    ],
)
async def test_wrong_values_are_refused_at_the_door(
    door: Door, function: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(DeskError):
        await door.ada._gateway.read(function, **arguments)


async def test_calls_that_are_given_up_harm_no_others(door: Door) -> None:
    calls = [asyncio.create_task(door.ada.list_agents()) for _ in range(6)]
    await asyncio.sleep(0.001)
    for call in calls[::2]:
        call.cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert not any(isinstance(one, BaseException) for one in done[1::2])
    assert len(await door.ada.list_agents()) == 2
