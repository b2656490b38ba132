"""Tokens: what they open, for whom, how long, and that nothing else comes in with them."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from core.desk import Desk
from core.errors import Conflict, DeskError, Forbidden, Invalid, NotFound, Outdated, SignedOut
from core.models import Agent, Mailto, Status, TicketFilter
from core.tokens import SCOPES, TokenGateway, new_secret, sha256_of
from tests.conftest import desk_as
from tests.mails import mail


def execute(database: str, query: str, *values: object) -> list[Any]:
    with psycopg.connect(database, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


def scopes(database: str) -> dict[str, list[str]]:
    return dict(execute(database, "select scope, operations from desk.scopes()"))


Program = Callable[..., Any]


@pytest.fixture
def program(service: Desk, desk: Desk) -> Program:
    """The desk as a new token of ada@example.com opens it."""

    async def make(*wanted: str, **more: Any) -> Desk:
        secret = new_secret()
        await desk.create_token(sha256_of(secret), wanted or SCOPES, **more)
        return Desk(TokenGateway(service._gateway, sha256_of(secret)))

    return make


async def test_an_operation_is_out_of_reach_until_it_is_put_into_a_scope(
    database: str, program: Program
) -> None:
    rows = execute(database, "select proname from pg_proc where pronamespace = 'public'::regnamespace")
    gateway = (await program())._gateway
    out_of_reach = {name for (name,) in rows} - set().union(*scopes(database).values())
    assert {"create_token", "undo", "beat", "use_token", "use_tokens", "run_once"} < out_of_reach
    for operation in out_of_reach | {"no_such_operation"}:
        refused = await _refusal(gateway, operation, {})
        assert isinstance(refused, Forbidden) and refused.hint == "No token may.", operation


def test_python_knows_the_scopes(database: str) -> None:
    assert tuple(scopes(database)) == SCOPES


def test_the_documentation_says_the_same(database: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
    rows = re.search(r"\| scope \| operations \|\n.*\n((?:\|.*\n)+)", page)
    assert rows
    told = [re.findall(r"`([\w:]+)`", row) for row in rows[1].splitlines()]
    assert told == [[scope, *names] for scope, names in scopes(database).items()]


def test_what_may_only_read_changes_nothing(database: str) -> None:
    rows = dict(
        execute(
            database, "select proname, provolatile from pg_proc where pronamespace = 'public'::regnamespace"
        )
    )
    for scope, names in scopes(database).items():
        if scope.endswith(":read"):
            assert {rows[name] for name in names} == {"s"}, scope


async def test_a_token_does_what_its_scopes_allow_and_nothing_else(database: str, program: Program) -> None:
    """Which those are, is in the table of docs/security.md."""
    allowed = scopes(database)
    for scope in SCOPES:
        gateway = (await program(scope))._gateway
        for operation in {name for names in allowed.values() for name in names}:
            refused = await _refusal(gateway, operation, {"no_such_argument": 1})
            if operation in allowed[scope]:
                assert isinstance(refused, Invalid), operation  # it came as far as its arguments
            else:
                assert isinstance(refused, Forbidden), operation
                assert str(refused) == "The token may not do that."


async def _refusal(gateway: Any, operation: str, arguments: dict[str, Any]) -> DeskError | None:
    try:
        await gateway.write(operation, **arguments)
    except DeskError as error:
        return error
    return None


async def test_a_refusal_names_the_scope_it_takes(program: Program) -> None:
    with pytest.raises(Forbidden) as raised:
        await (await program("agents:read")).list_tickets()
    assert raised.value.hint == "It takes one with the scope tickets:read."
    with pytest.raises(Forbidden) as raised:
        await (await program()).undo(uuid4())
    assert raised.value.hint == "No token may."


async def test_a_token_works_as_its_agent(program: Program, service: Desk) -> None:
    await service.receive_mail(mail("a"))
    ada = await program()
    assert (await ada.whoami()).email == "ada@example.com"
    await ada.update_tickets([1001], {"assignee": "me", "priority": "high"})
    await ada.reply(1001, "Hello.", to=[Mailto(name='K "x"', email="k@example.com")], status=Status.RESOLVED)
    (ticket,) = (await ada.list_tickets(TicketFilter(status=[Status.RESOLVED]))).tickets
    assert (ticket.assignee_email, ticket.priority) == ("ada@example.com", "high")
    assert (await ada.list_events(1001))[-1].actor_email == "ada@example.com"
    assert (await ada.find_ticket(ticket.id)).number == 1001


async def test_who_calls_next_is_who_they_were(service: Desk, database: str, program: Program) -> None:
    """Also in the same transaction."""
    await program(request_id=UUID(int=7))
    ((sha256,),) = execute(database, "select sha256 from desk.tokens")
    with psycopg.connect(database) as connection:
        claims = json.dumps({"role": "service_role"})
        connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        connection.execute("select public.use_token(%s, 'whoami')", [sha256])
        row = connection.execute("select current_setting('request.jwt.claims')").fetchone()
    assert row == (claims,)


async def test_an_agent_who_may_less_has_a_token_that_may_less(
    service: Desk, desk: Desk, program: Program
) -> None:
    await service.receive_mail(mail("a"))
    await desk.update_tickets([1001], {"department": "billing"})
    await service.update_agent("grace@example.com", {"departments": ["sales"]})
    grace = await program(email="grace@example.com")
    assert (await grace.list_tickets()).tickets == []
    ticket = (await desk.show_ticket(1001)).ticket
    with pytest.raises(NotFound, match=f"There is no ticket {ticket.id}"):
        await grace.find_ticket(ticket.id)
    with pytest.raises(NotFound):
        await grace.note(1001, "Hm.")
    with pytest.raises(Forbidden, match="Only an admin"):
        await grace.add_agent("eve@example.com")


async def test_it_opens_nothing_once_it_is_revoked_expired_or_its_agent_inactive(
    service: Desk, desk: Desk, program: Program, database: str
) -> None:
    ada, grace = await program(), await program(email="grace@example.com")
    soon = await program(expires_at=datetime.now(UTC) + timedelta(days=1))
    for each in (ada, grace, soon):
        await each.whoami()
    await service.update_agent("grace@example.com", {"active": False})
    await desk.revoke_token(1)
    execute(database, "update desk.tokens set expires_at = now() where id = 3")
    unknown = Desk(TokenGateway(service._gateway, sha256_of(new_secret())))
    for each in (ada, grace, soon, unknown):
        with pytest.raises(SignedOut, match="This token does not open the desk"):
            await each.whoami()


async def test_it_is_made_once_and_says_nothing_of_the_secret(desk: Desk) -> None:
    secret, request = new_secret(), uuid4()
    made = await desk.create_token(
        sha256_of(secret), ["tickets:write", "tickets:read"], "Script", request_id=request
    )
    again = await desk.create_token(sha256_of(secret), ["tickets:write"], "Script", request_id=request)
    assert made == again and made.scopes == ["tickets:read", "tickets:write"]
    assert sha256_of(secret) not in str(await desk.list_tokens())
    for wrong, words in (
        ({"scopes": ["tickets:all"]}, "There is no scope tickets:all"),
        ({"scopes": []}, "A token needs a scope"),
        ({"expires_at": datetime.now(UTC) - timedelta(seconds=1)}, "cannot expire in the past"),
        ({"sha256": secret}, "tokens_sha256_check"),
    ):
        values: dict[str, Any] = {"sha256": sha256_of(new_secret()), "scopes": ["tickets:read"], **wrong}
        with pytest.raises(Invalid, match=words):
            await desk.create_token(**values)


async def test_agents_see_their_own_and_admins_all(desk: Desk, service: Desk, database: str) -> None:
    agents: dict[str, Agent] = {one.email: one for one in await service.list_agents()}
    async with desk_as(database, "authenticated", sub=str(agents["grace@example.com"].id)) as grace:
        hers = await grace.create_token(sha256_of("a"), ["tickets:read"])
        his = await desk.create_token(sha256_of("b"), ["tickets:read"])
        assert [one.id for one in await grace.list_tokens()] == [hers.id]
        assert [one.id for one in await desk.list_tokens()] == [hers.id, his.id]
        with pytest.raises(NotFound, match="There is no token"):
            await grace.revoke_token(his.id)
        for email in ("ada@example.com", "nobody@example.com"):
            with pytest.raises(Forbidden, match="Only an admin"):
                await grace.create_token(sha256_of("c"), ["tickets:read"], email=email)
        first = await desk.revoke_token(hers.id)
        assert first.revoked_at and await desk.revoke_token(hers.id) == first
    with pytest.raises(NotFound, match="no active agent nobody"):
        await desk.create_token(sha256_of("c"), ["tickets:read"], email="nobody@example.com")


async def test_its_last_use_is_kept_to_the_minute(desk: Desk, program: Program, database: str) -> None:
    ada = await program()

    async def used() -> datetime | None:
        return (await desk.list_tokens())[0].last_used_at

    assert await used() is None
    await ada.whoami()
    first = await used()
    assert first
    await ada.whoami()
    assert await used() == first
    execute(database, "update desk.tokens set last_used_at = now() - interval '61 seconds'")
    await ada.whoami()
    last = await used()
    assert last and last > first


async def test_nobody_waits_to_write_that_down(program: Program, database: str) -> None:
    ada = await program()
    with psycopg.connect(database) as connection:
        connection.execute("select from desk.tokens for update")
        assert (await asyncio.wait_for(ada.whoami(), 60)).email == "ada@example.com"


async def test_one_request_cannot_mean_two_things(program: Program, service: Desk, database: str) -> None:
    await service.receive_mail(mail("a"))
    ada, request = await program(), uuid4()
    first = await ada.note(1001, "Hm.", request_id=request)
    assert await ada.note(1001, "Hm.", request_id=request) == first
    for other in (lambda: ada.note(1001, "No.", request), lambda: ada.reply(1001, "Hm.", request_id=request)):
        with pytest.raises(Invalid, match="used for another request"):
            await other()
    assert len((await ada.show_ticket(1001)).notes) == 1
    execute(database, "update desk.requests set created_at = now() - interval '8 days'")
    assert (await service.forget_requests(), await service.forget_requests()) == (1, 0)


async def test_a_request_that_was_refused_may_be_asked_anew(program: Program, service: Desk) -> None:
    await service.receive_mail(mail("a"))
    ada, request = await program(), uuid4()
    with pytest.raises(Invalid, match="empty"):
        await ada.note(1001, " ", request_id=request)
    await ada.note(1001, "Hm.", request_id=request)


async def test_the_same_request_twice_at_once_is_one(program: Program, service: Desk) -> None:
    await service.receive_mail(mail("a"))
    ada, request = await program(), uuid4()
    both = await asyncio.gather(*(ada.note(1001, "Hm.", request_id=request) for _ in range(2)))
    assert both[0] == both[1]
    assert len((await ada.show_ticket(1001)).notes) == 1


@pytest.mark.parametrize(
    ("operation", "arguments", "kind", "words"),
    [
        ("show_ticket", {"number": "many"}, Invalid, "invalid input syntax for type bigint"),
        ("show_ticket", {"number": 1, '"); drop table desk.tickets; --': 1}, Invalid, "show_ticket takes no"),
        ("show_ticket); drop table desk.tickets; --", {}, Forbidden, "may not"),
        ("list_tickets", {"sort": "x'); drop table desk.tickets; --"}, Invalid, "ticket_sort"),
        ("show_ticket", {}, DeskError, "does not exist"),
    ],
)
async def test_what_comes_from_outside_is_never_a_statement(
    program: Program, operation: str, arguments: dict[str, Any], kind: type[DeskError], words: str
) -> None:
    ada = await program()
    with pytest.raises(kind, match=words):
        await ada._gateway.write(operation, **arguments)


async def test_errors_come_through_as_they_are(program: Program) -> None:
    ada = await program()
    with pytest.raises(Conflict) as raised:
        await ada.update_tickets([1001], {"assignee": "no@example.com"})
    assert (str(raised.value), raised.value.hint) == (
        "There is no active agent no@example.com.",
        "See ttydesk agent list.",
    )


async def test_a_ticket_changes_its_version_with_every_change(desk: Desk, service: Desk) -> None:
    await service.receive_mail(mail("a"))
    seen = []

    async def version() -> int:
        seen.append((await desk.show_ticket(1001)).ticket.version)
        return seen[-1]

    before = await version()
    await desk.update_tickets([1001], {"priority": "high"}, versions=[before])
    with pytest.raises(Outdated, match="Ticket #1001 was changed meanwhile"):
        await desk.update_tickets([1001], {"priority": "low"}, versions=[before])
    await version()
    await desk.update_tickets([1001], {"priority": "high"}, versions=[*seen])
    assert await version() == seen[-2], "it is high already"
    await desk.note(1001, "Hm.")
    await version()
    answered = await desk.reply(1001, "Hello.")
    await version()
    await desk.unsend(1001)
    await version()
    await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"], references=["<a@example.com>"]))
    await version()
    await desk.update_tickets([1001], {"department": "sales"}, request_id=answered.request_id, versions=[0])
    assert await version() == seen[-2], "carried out before, as the reply"
    assert seen == sorted(seen) and len(set(seen)) == 6


async def test_with_a_version_all_or_none_are_changed(desk: Desk, service: Desk) -> None:
    for name in ("a", "b"):
        await service.receive_mail(mail(name))
    await desk.note(1002, "Hm.")
    (first, second) = [(await desk.show_ticket(number)).ticket.version for number in (1001, 1002)]
    with pytest.raises(Outdated):
        await desk.update_tickets([1001, 1002], {"priority": "high"}, versions=[first])
    assert (await desk.show_ticket(1001)).ticket.version == first
    assert (
        len((await desk.update_tickets([1001, 1002], {"priority": "high"}, versions=[first, second])).tickets)
        == 2
    )


async def test_of_several_calls_at_once_each_is_done_for_its_own_token(service: Desk, desk: Desk) -> None:
    """Whatever stands before it: the same token, another one, a refusal, or nothing that is a call."""
    for name, email in (("ada", "ada@example.com"), ("grace", "grace@example.com")):
        await desk.create_token(sha256_of(name), ["tickets:read"], email=email)

    def call(name: str, operation: str = "whoami", **arguments: Any) -> dict[str, Any]:
        return {"token_sha256": sha256_of(name), "operation": operation, "arguments": arguments}

    refused = call("ada", "show_ticket", number=9, limit=1)
    calls: list[dict[str, Any]] = [
        {},
        {"operation": "whoami", "arguments": {}},
        *(call("ada"), call("ada"), call("grace"), call("nobody"), call("ada"), refused, call("ada")),
        {"token_sha256": None, "operation": "whoami", "arguments": {}},
        *(call("grace"), refused, {}, call("grace", "list_agents"), call("grace")),
    ]
    answers: Any = await service._gateway.read("use_tokens", calls=calls)
    told = [answer["answer"]["email"] if "answer" in answer else answer["code"] for answer in answers]
    ada, grace = "ada@example.com", "grace@example.com"
    assert told == [
        *("PT401", "PT401", ada, ada, grace, "PT401", ada, "PT404", ada),
        *("PT401", grace, "PT404", "PT401", "PT403", grace),
    ]
    assert len(await service.list_mailboxes()) == 1, "afterwards it is the service that asks"
