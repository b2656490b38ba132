"""Agents: who may be one, who may change one, who may do anything."""

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from core.desk import Desk
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import Role
from tests.conftest import desk_as
from tests.mails import mail


async def test_the_first_agent_is_an_admin(database: str) -> None:
    async with desk_as(database, "service_role") as service:
        assert (await service.add_agent("First@Example.com")).role is Role.ADMIN
        assert (await service.add_agent("second@example.com")).role is Role.AGENT


async def test_the_last_admin_stays(service: Desk) -> None:
    for changes in ({"active": False}, {"role": "agent"}):
        with pytest.raises(Conflict, match="last active admin"):
            await service.update_agent("ada@example.com", changes)


async def test_an_inactive_agent_can_do_nothing_from_the_next_call_on(service: Desk, desk: Desk) -> None:
    await service.update_agent("grace@example.com", {"role": "admin"})
    await desk.list_tickets()
    await service.update_agent("ada@example.com", {"active": False})
    calls = [desk.list_tickets(), desk.show_ticket(1001), desk.note(1001, "x"), desk.whoami(), desk.why("1"),
             desk.events_since(), desk.count_views(), desk.list_agents(), desk.update_tickets([], {}),
             desk.undo(uuid4())]  # fmt: skip
    for call in calls:
        with pytest.raises(Forbidden, match="not an active agent"):
            await call


async def test_only_admins_change_agents(service: Desk, database: str) -> None:
    grace = next(one for one in await service.list_agents() if one.email == "grace@example.com")
    async with desk_as(database, "authenticated", sub=str(grace.id)) as desk:
        with pytest.raises(Forbidden, match="Only an admin"):
            await desk.add_agent("eve@example.com")
        with pytest.raises(Forbidden, match="Only an admin"):
            await desk.update_agent("grace@example.com", {"role": "admin"})


async def test_what_only_the_daemon_may_do_is_refused_to_agents(desk: Desk) -> None:
    for call in (desk.receive_mail({}), desk.claim_outgoing("x"), desk.save_cursor(None, None),  # type: ignore[arg-type]
                 desk.settled_mails([])):  # fmt: skip
        with pytest.raises(Forbidden):
            await call


async def test_bad_values_each_get_a_sentence(service: Desk, desk: Desk) -> None:
    with pytest.raises(Invalid, match='"kim" is not an e-mail address'):
        await service.add_agent("kim")
    with pytest.raises(Conflict, match=r"grace@example\.com is an agent already"):
        await service.add_agent("Grace@example.com")
    with pytest.raises(NotFound, match=r"no agent nobody@example\.com"):
        await service.update_agent("nobody@example.com", {})
    with pytest.raises(Invalid, match="has no field colour"):
        await service.update_agent("grace@example.com", {"colour": "blue"})
    (ticket,) = (await desk.create_ticket("kim@example.com", "s", "c")).tickets
    with pytest.raises(Conflict, match=r"no active agent nobody@example\.com"):
        await desk.update_tickets([ticket.number], {"assignee": "nobody@example.com"})
    with pytest.raises(NotFound, match="no ticket #99"):
        await desk.update_tickets([ticket.number, 99], {"priority": "high"})
    with pytest.raises(Invalid, match="urgent"):
        await desk.update_tickets([ticket.number], {"priority": "urgent"})
    with pytest.raises(Invalid, match="no field colour"):
        await desk.update_tickets([ticket.number], {"colour": "blue"})
    assert (await desk.show_ticket(ticket.number)).ticket == ticket


async def test_an_account_is_claimed_by_who_proved_the_address(database: str, service: Desk) -> None:
    account = str(uuid4())
    for email in ("bill@example.com", "gone@example.com"):
        await service.add_agent(email)
    await service.update_agent("gone@example.com", {"active": False})
    await service.receive_mail(mail("a"))

    async def claim(method: str, email: str) -> bool:
        claims: dict[str, Any] = {"sub": account, "email": email, "amr": [{"method": method}]}
        async with desk_as(database, "authenticated", **claims) as desk:
            try:
                return (await desk.claim_account()).email == email.lower()
            except Forbidden:
                return False

    assert not await claim("password", "bill@example.com")
    assert not await claim("otp", "kim@example.com"), "a customer"
    assert not await claim("otp", "gone@example.com")
    assert await claim("otp", "Bill@Example.com")
    assert await claim("password", "bill@example.com"), "it is known now"
    with psycopg.connect(database) as connection:
        claims = json.dumps({"role": "authenticated", "sub": account})
        connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])
        row = connection.execute("select public.whoami() ->> 'email'").fetchone()
    assert row == ("bill@example.com",)
