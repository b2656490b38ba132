"""Who may do what: every operation, tried as everybody, on tickets of their department, another, and none."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from core.desk import Desk
from core.errors import Conflict, Forbidden, Gone, NotFound, SignedOut
from core.models import TicketFilter
from core.tokens import sha256_of
from core.verified import Verified
from core.webhooks import new_secret
from tests.conftest import desk_as
from tests.mails import mail

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HASH = "f" * 64

Act = Callable[[Desk, int], Awaitable[object]]

SERVICE: dict[str, Act] = {
    "beat": lambda desk, n: desk.beat("w", "host", "/home", 1, "0.1.0", NOW),
    "begin_desk": lambda desk, n: call(
        desk, "begin_desk", email="a@b.c", name="", address="d@e.f", display_name=""
    ),
    "claim_outgoing": lambda desk, n: desk.claim_outgoing("w"),
    "connect_mailbox": lambda desk, n: desk.connect_mailbox("support", "maildir", "support@example.com"),
    "disconnect_mailbox": lambda desk, n: desk.disconnect_mailbox(uuid4()),
    "due_in": lambda desk, n: desk.due_in(),
    "end_daemon": lambda desk, n: desk.end_daemon("w"),
    "end_portal_session": lambda desk, n: desk.end_portal_session(HASH),
    "hold_outgoing": lambda desk, n: desk.hold_outgoing(uuid4(), "w", 1),
    "forget_requests": lambda desk, n: desk.forget_requests(),
    "lease_mailbox": lambda desk, n: desk.lease_mailbox(uuid4(), "w"),
    "list_deliveries": lambda desk, n: desk.list_deliveries(uuid4(), NOW),
    "list_unlabelled": lambda desk, n: desk.list_unlabelled(uuid4()),
    "mark_failed": lambda desk, n: desk.mark_failed(uuid4(), "", None),
    "mark_labelled": lambda desk, n: call(
        desk, "mark_labelled", mailbox_id=uuid4(), thread_ids=[], changes=[]
    ),
    "mark_sent": lambda desk, n: desk.mark_sent(uuid4(), ""),
    "named_attachments": lambda desk, n: desk.named_attachments([]),
    "prune_reports": lambda desk, n: desk.prune_reports(),
    "open_portal": lambda desk, n: desk.open_portal(HASH, HASH, 60),
    "portal_close": lambda desk, n: desk.portal_close(HASH, n),
    "portal_file": lambda desk, n: desk.portal_file(HASH, uuid4()),
    "portal_original": lambda desk, n: desk.portal_original(HASH, uuid4()),
    "portal_reopen": lambda desk, n: desk.portal_reopen(HASH, n),
    "portal_reply": lambda desk, n: desk.portal_reply(HASH, n, "Hello."),
    "portal_ticket": lambda desk, n: desk.portal_ticket(HASH, n),
    "portal_tickets": lambda desk, n: desk.portal_tickets(HASH),
    "receive_mail": lambda desk, n: desk.receive_mail(mail("more")),
    "receive_mails": lambda desk, n: desk.receive_mails([]),
    "release_mailbox": lambda desk, n: desk.release_mailbox(uuid4(), "w"),
    "release_outgoing": lambda desk, n: desk.release_outgoing("w"),
    "report_delivery": lambda desk, n: desk.report_delivery([]),
    "request_portal_link": lambda desk, n: desk.request_portal_link("kim@example.com"),
    "save_cursor": lambda desk, n: desk.save_cursor(uuid4(), None),
    "save_verification": lambda desk, n: desk.save_verification(
        uuid4(), Verified(since=NOW, checked=0, waiting=0, missing=0, gone=0)
    ),
    "save_watch": lambda desk, n: desk.save_watch(uuid4(), None),
    "settled_deliveries": lambda desk, n: desk.settled_deliveries(uuid4(), []),
    "settled_mails": lambda desk, n: desk.settled_mails([]),
    "show_form_link": lambda desk, n: desk.show_form_link("0" * 64),
    "show_portal_link": lambda desk, n: desk.show_portal_link(HASH),
    "sign_in": lambda desk, n: call(desk, "sign_in", email=None),
    "submit_form": lambda desk, n: desk.submit_form("Kim", "kim@example.com", "Lamp", "It is dark."),
    "use_token": lambda desk, n: ticket_by_token(desk),
    "use_tokens": lambda desk, n: call(desk, "use_tokens", calls=[]),
    "wake_mailbox": lambda desk, n: desk.wake_mailbox("support@example.com"),
    "web_key": lambda desk, n: desk.web_key(),
    "claim_webhook_deliveries": lambda desk, n: desk.claim_webhook_deliveries(uuid4(), "w"),
    "forget_webhook_deliveries": lambda desk, n: desk.forget_webhook_deliveries(NOW),
    "queue_webhook_deliveries": lambda desk, n: desk.queue_webhook_deliveries(),
    "release_webhook_deliveries": lambda desk, n: desk.release_webhook_deliveries("w"),
    "settle_webhook_delivery": lambda desk, n: desk.settle_webhook_delivery(1, "w", 1),
    "webhooks_due": lambda desk, n: desk.webhooks_due(),
}
"""For the daemon and the web server."""

ADMIN: dict[str, Act] = {
    "add_agent": lambda desk, n: desk.add_agent(f"{uuid4()}@example.com"),
    "list_reports": lambda desk, n: desk.list_reports(),
    "create_portal_link": lambda desk, n: desk.create_portal_link("kim@example.com", HASH, 60),
    "list_portal_links": lambda desk, n: desk.list_portal_links(),
    "revoke_portal_links": lambda desk, n: desk.revoke_portal_links("kim@example.com"),
    "update_agent": lambda desk, n: desk.update_agent("bill@example.com", {"signature": "B"}),
    "add_webhook": lambda desk, n: desk.add_webhook("https://example.com/", new_secret()),
    "list_webhook_deliveries": lambda desk, n: desk.list_webhook_deliveries(uuid4()),
    "list_webhooks": lambda desk, n: desk.list_webhooks(),
    "remove_webhook": lambda desk, n: desk.remove_webhook(uuid4()),
    "replay_webhook": lambda desk, n: desk.replay_webhook(uuid4()),
    "test_webhook": lambda desk, n: desk.test_webhook(uuid4()),
    "update_webhook": lambda desk, n: desk.update_webhook(uuid4(), {}),
}
"""For admins, and the service."""

READER: dict[str, Act] = {
    "count_outbox": lambda desk, n: desk.count_outbox(),
    "count_quarantine": lambda desk, n: desk.count_quarantine(),
    "count_views": lambda desk, n: desk.count_views(),
    "events_since": lambda desk, n: desk.events_since(),
    "list_agents": lambda desk, n: desk.list_agents(),
    "list_daemons": lambda desk, n: desk.list_daemons(),
    "list_departments": lambda desk, n: desk.list_departments(),
    "list_mailboxes": lambda desk, n: desk.list_mailboxes(),
    "list_raw_mails": lambda desk, n: desk.list_raw_mails(),
    "list_tickets": lambda desk, n: desk.list_tickets(),
}
"""For every active agent, and the service; what is in the answer depends on the department."""

AGENT: dict[str, Act] = {
    "claim_account": lambda desk, n: desk.claim_account(),
    "create_form_link": lambda desk, n: desk.create_form_link(uuid4().hex * 2),
    "create_ticket": lambda desk, n: desk.create_ticket("kim@example.com", "Lamp", "It is dark."),
    "list_form_links": lambda desk, n: desk.list_form_links(),
    "revoke_form_link": lambda desk, n: desk.revoke_form_link(n),
    "create_token": lambda desk, n: desk.create_token(sha256_of(str(uuid4())), ["tickets:read"]),
    "list_tokens": lambda desk, n: desk.list_tokens(),
    "revoke_token": lambda desk, n: desk.revoke_token(0),
    "run_once": lambda desk, n: call(desk, "run_once", operation="whoami", arguments={}),
    "whoami": lambda desk, n: desk.whoami(),
}
"""For every active agent."""

READER_OF_TICKET: dict[str, Act] = {
    "find_ticket": lambda desk, n: desk.find_ticket(IDS[n]),
    "list_events": lambda desk, n: desk.list_events(n),
    "show_attachment": lambda desk, n: desk.show_attachment(FILES[n]),
    "show_raw_mail": lambda desk, n: desk.show_raw_mail(n - 1000),
    "show_ticket": lambda desk, n: desk.show_ticket(n),
    "why": lambda desk, n: desk.why(f"<ticket{n}@example.com>"),
}

AGENT_ON_TICKET: dict[str, Act] = {
    "note": lambda desk, n: desk.note(n, "Hm."),
    "reply": lambda desk, n: desk.reply(n, "Hello."),
    "save_draft": lambda desk, n: desk.save_draft(n, "note", "Hm"),
    "undo": lambda desk, n: undo(desk, n),
    "unsend": lambda desk, n: unsend(desk, n),
    "update_tickets": lambda desk, n: desk.update_tickets([n], {"priority": "high"}),
}

SIGNED_IN: dict[str, Act] = {
    "may_add_file": lambda desk, n: call(desk, "may_add_file", name=""),
    "may_read_file": lambda desk, n: call(desk, "may_read_file", name="", owner_id=""),
}
"""Whoever is signed in is answered; what, tests/core/test_storage.py asks."""

EVERYBODY: dict[str, Act] = {"desk_version": lambda desk, n: call(desk, "desk_version")}
"""Without any sign-in."""

MINE, OTHERS, NOBODYS = 1001, 1002, 1003
"""Tickets of the department billing, of another, and of none; each began with one of the first raw mails."""

FILE = {"filename": "a.txt", "content_type": "text/plain", "size": 1, "sha256": "a" * 64, "inline": False}

FREE = {"admin", "unbound", "service"}
"""Who is bound to no department."""


@dataclass(slots=True)
class Scene:
    database: str
    desks: dict[str, Desk]


async def call(desk: Desk, function: str, **arguments: Any) -> object:
    return await desk._gateway.write(function, **arguments)


async def undo(desk: Desk, number: int) -> object:
    """What an admin did on the ticket."""
    done = (await desk.list_events(number))[-1].request_id if await sees(desk, number) else DONE[number]
    assert done
    return await desk.undo(done)


async def unsend(desk: Desk, number: int) -> object:
    if await sees(desk, number):
        await desk.reply(number, "Too early.")
    return await desk.unsend(number)


async def ticket_by_token(desk: Desk) -> object:
    """What no token opens is no matter of who asks."""
    try:
        return await call(desk, "use_token", token_sha256="", operation="whoami", arguments={})
    except SignedOut:
        return None


DONE: dict[int, Any] = {}
IDS: dict[int, UUID] = {}
"""Of the tickets, by their numbers."""
FILES: dict[int, UUID] = {}
"""The attachment that each of them has."""


async def sees(desk: Desk, number: int) -> bool:
    try:
        return bool(await desk.show_ticket(number))
    except NotFound:
        return False


@pytest.fixture
async def scene(database: str, service: Desk, desk: Desk) -> AsyncIterator[Scene]:
    for number in (MINE, OTHERS, NOBODYS):
        await service.receive_mail(mail(f"ticket{number}", attachments=[FILE]))
        shown = await service.show_ticket(number)
        IDS[number], FILES[number] = shown.ticket.id, shown.messages[0].attachments[0].id
    for number, department in ((MINE, "billing"), (OTHERS, "repairs"), (NOBODYS, None)):
        await desk.update_tickets([number], {"department": department})
        changed = await desk.update_tickets([number], {"priority": "low"})
        DONE[number] = changed.request_id
    people = {
        "admin": await service.update_agent("ada@example.com", {"departments": ["billing"]}),
        "unbound": await service.update_agent("grace@example.com", {"departments": []}),
        "bound": await service.add_agent("bill@example.com", "Bill", departments=["billing", "sales"]),
        "inactive": await service.add_agent("gone@example.com", departments=["billing"]),
    }
    await service.update_agent("gone@example.com", {"active": False})
    async with AsyncExitStack() as stack:
        desks = {"service": service}
        for name, agent in people.items():
            desks[name] = await stack.enter_async_context(
                desk_as(database, "authenticated", sub=str(agent.id))
            )
        desks["stranger"] = await stack.enter_async_context(
            desk_as(database, "authenticated", sub=str(uuid4()))
        )
        desks["nobody"] = await stack.enter_async_context(desk_as(database, "authenticated"))
        desks["anon"] = await stack.enter_async_context(desk_as(database, "anon"))
        yield Scene(database, desks)


async def allowed(act: Act, desk: Desk, number: int) -> bool:
    """Whether it is not forbidden; that most arguments name nothing there is does not matter."""
    try:
        await act(desk, number)
    except Forbidden:
        return False
    except (NotFound, Conflict, Gone):
        return True
    return True


async def who_may(scene: Scene, act: Act) -> set[str]:
    return {name for name, desk in scene.desks.items() if await allowed(act, desk, NOBODYS)}


def test_no_operation_is_forgotten(database: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute("select proname from pg_proc where pronamespace = 'public'::regnamespace")
        there = {name for (name,) in rows}
    lists = (SERVICE, ADMIN, READER, AGENT, READER_OF_TICKET, AGENT_ON_TICKET, SIGNED_IN, EVERYBODY)
    assert sum(map(len, lists)) == len(there)
    assert set().union(*lists) == there


def test_the_documentation_says_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
    rows = re.search(r"\| who \| operations \|\n.*\n((?:\|.*\n)+)", page)
    assert rows
    told = [re.findall(r"`(\w+)`", row) for row in rows[1].splitlines()]
    lists = (SERVICE, ADMIN, READER, AGENT, READER_OF_TICKET, AGENT_ON_TICKET, SIGNED_IN, EVERYBODY)
    assert told == [sorted(acts) for acts in lists]


async def test_of_what_version_a_desk_is_everybody_may_know(scene: Scene) -> None:
    for name, act in EVERYBODY.items():
        assert await who_may(scene, act) == set(scene.desks), name


async def test_the_policies_of_files_ask_as_whoever_is_signed_in(scene: Scene) -> None:
    for name, act in SIGNED_IN.items():
        assert await who_may(scene, act) == set(scene.desks) - {"service", "anon"}, name


async def test_what_runs_the_desk_is_for_the_service_alone(scene: Scene) -> None:
    for name, act in SERVICE.items():
        assert await who_may(scene, act) == {"service"}, name


async def test_agents_are_made_by_admins(scene: Scene) -> None:
    for name, act in ADMIN.items():
        assert await who_may(scene, act) == {"admin", "service"}, name


async def test_every_active_agent_may_read_and_write(scene: Scene) -> None:
    agents = {"admin", "unbound", "bound"}
    for name, act in (READER | READER_OF_TICKET).items():
        assert await who_may(scene, act) == agents | {"service"}, name
    for name, act in (AGENT | AGENT_ON_TICKET).items():
        assert await who_may(scene, act) == agents, name


@pytest.mark.parametrize("number", [MINE, OTHERS, NOBODYS])
async def test_an_agent_of_a_department_finds_its_tickets_and_those_of_none(
    scene: Scene, number: int
) -> None:
    for name, act in (READER_OF_TICKET | AGENT_ON_TICKET).items():
        if number == OTHERS:
            with pytest.raises(NotFound):
                await act(scene.desks["bound"], number)
        else:
            await act(scene.desks["bound"], number)
        for free in FREE - {"service"}:
            assert await allowed(act, scene.desks[free], number), name


async def test_what_is_out_of_sight_is_in_no_list(scene: Scene) -> None:
    bound, admin = scene.desks["bound"], scene.desks["admin"]
    for filter in (TicketFilter(), TicketFilter(words="lamp"), TicketFilter(number=OTHERS)):
        seen = {one.number for one in (await bound.list_tickets(filter)).tickets}
        assert OTHERS not in seen
        assert {one.number for one in (await admin.list_tickets(filter)).tickets} == seen | {OTHERS}
    assert ((await bound.count_views()).all, (await admin.count_views()).all) == (2, 3)
    assert [one.number for one in await bound.list_raw_mails()] == [MINE, NOBODYS]
    assert len(await admin.list_raw_mails()) == 3


async def test_events_out_of_sight_are_not_told_but_a_leaving_ticket_is(scene: Scene) -> None:
    bound, admin = scene.desks["bound"], scene.desks["admin"]
    cursor = (await bound.events_since()).cursor
    await admin.note(OTHERS, "Secret.")
    await admin.note(MINE, "Known.")
    page = await bound.events_since(cursor)
    assert [(one.number, one.kind) for one in page.events] == [(MINE, "noted")]
    await admin.update_tickets([MINE], {"department": "repairs"})
    await admin.note(MINE, "Gone.")
    page = await bound.events_since(page.cursor)
    assert [(one.number, one.kind) for one in page.events] == [(MINE, "updated")]
    assert (await bound.events_since(page.cursor)).events == []


async def test_a_command_tells_of_what_it_put_out_of_sight_and_of_nothing_else(scene: Scene) -> None:
    bound, admin = scene.desks["bound"], scene.desks["admin"]
    changed = await bound.update_tickets([MINE], {"department": "repairs"})
    assert [one.number for one in changed.tickets] == [MINE]
    assert not await sees(bound, MINE)
    theirs = await admin.update_tickets([OTHERS], {"priority": "high"})
    assert (await bound.update_tickets([OTHERS], {}, request_id=theirs.request_id)).tickets == []


async def test_lists_of_a_department_page_as_all_others_do(scene: Scene) -> None:
    service, bound = scene.desks["service"], scene.desks["bound"]
    for i in range(12):
        await service.receive_mail(mail(f"more{i}", received_at=f"2026-03-0{1 + i % 3}T10:00:00Z"))
        department = ("billing", "sales", "repairs", None)[i % 4]
        await scene.desks["admin"].update_tickets([1004 + i], {"department": department, "status": "pending"})
    for filter in (TicketFilter(), TicketFilter(status=["open", "pending"])):  # type: ignore[list-item]
        whole = (await bound.list_tickets(filter)).tickets
        assert {one.department for one in whole} == {"billing", "sales", None}
        assert whole == sorted(whole, key=lambda one: (one.last_message_at, one.number), reverse=True)
        pages, after = [], None
        while True:
            page = await bound.list_tickets(filter, limit=3, after=after)
            pages += page.tickets
            after = page.next
            if after is None:
                break
        assert pages == whole
