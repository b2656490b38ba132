"""Tickets, answers and notes, through every door."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import Mailto, Priority, Sort, Status, TicketFilter
from tests.core.contract.door import AWKWARD, Door
from tests.mails import mail


async def test_create_ticket(door: Door) -> None:
    request = uuid4()
    changes = {"priority": "high", "department": 'sa"les, {a}', "assignee": "me"}
    made = await door.ada.create_ticket("Kim@Example.com", AWKWARD, AWKWARD, "Kim Łącki", changes, request)
    again = await door.ada.create_ticket("Kim@Example.com", AWKWARD, AWKWARD, "Kim Łącki", changes, request)
    assert made == again
    (ticket,) = made.tickets
    assert (ticket.number, ticket.requester_email, ticket.requester_name) == (
        1001,
        "kim@example.com",
        "Kim Łącki",
    )
    assert (ticket.priority, ticket.department, ticket.assignee_email) == (
        Priority.HIGH,
        'sa"les, {a}',
        "ada@example.com",
    )
    assert (await door.ada.show_ticket(1001)).messages[0].content == AWKWARD
    with pytest.raises(Invalid, match='"kim" is not an e-mail address'):
        await door.ada.create_ticket("kim", "s", "c")


async def test_list_tickets(door: Door) -> None:
    for place in range(5):
        await door.service.receive_mail(mail(f"m{place}", subject=f"Lamp {place} {AWKWARD}"))
    first = await door.ada.list_tickets(sort=Sort.NUMBER, reverse=True, limit=2)
    assert [one.number for one in first.tickets] == [1001, 1002]
    rest = await door.ada.list_tickets(sort=Sort.NUMBER, reverse=True, limit=9, after=first.next)
    assert [one.number for one in rest.tickets] == [1003, 1004, 1005]
    assert rest.next is None
    soon = datetime.now(UTC) + timedelta(hours=1, microseconds=1)
    for filter, numbers in (
        (TicketFilter(words='"lamp 3"'), [1004]),
        (
            TicketFilter(requester="kim@example.com", status=[Status.OPEN, Status.PENDING], number=1002),
            [1002],
        ),
        (TicketFilter(created_since=soon), []),
        (TicketFilter(created_until=soon, assignee="none", number=1001), [1001]),
        (TicketFilter(words=AWKWARD), [1005, 1004, 1003, 1002, 1001]),
    ):
        assert [one.number for one in (await door.ada.list_tickets(filter)).tickets] == numbers
    with pytest.raises(Invalid):
        await door.ada.list_tickets(after="no such place")


async def test_count_views(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    counts = await door.ada.count_views()
    assert (counts.unassigned, counts.all, counts.mine, counts.limit) == (1, 1, 0, 1000)
    assert (await door.ada.count_views(limit=0)).limit == 0


async def test_show_ticket(door: Door) -> None:
    await door.service.receive_mail(mail("a", content="x" * 1_000_000 + AWKWARD))
    shown = await door.ada.show_ticket(1001)
    assert shown.messages[0].content == "x" * 1_000_000 + AWKWARD
    assert shown.messages[0].created_at.tzinfo is not None
    assert (await door.ada.show_ticket(1001, limit=1)).earlier == 0
    for number in (99, 0, -1, 2**53 - 1):
        with pytest.raises(NotFound, match=f"There is no ticket #{number}"):
            await door.ada.show_ticket(number)


async def test_update_tickets(door: Door) -> None:
    for name in ("a", "b"):
        await door.service.receive_mail(mail(name))
    await door.ada.update_tickets(
        [1001, 1002], {"subject": AWKWARD, "assignee": "grace@example.com"}, AWKWARD
    )
    (changed,) = (await door.ada.update_tickets([1002], {"assignee": None, "spam": True})).tickets
    assert (changed.subject, changed.assignee_email, changed.spam) == (AWKWARD, None, True)
    assert (await door.ada.update_tickets([], {"status": "open"})).tickets == []
    for changes, kind, words in (
        ({"priority": "urgent"}, Invalid, 'invalid input value for enum .*priority: "urgent"'),
        ({"colour": "blue"}, Invalid, "no field colour"),
        ({"assignee": "nobody@example.com"}, Conflict, "no active agent nobody@example.com"),
    ):
        with pytest.raises(kind, match=words):
            await door.ada.update_tickets([1001], changes)
    with pytest.raises(NotFound, match="no ticket #99"):
        await door.ada.update_tickets([1001, 99], {"priority": "high"})
    assert (await door.ada.show_ticket(1001)).ticket.priority is Priority.MEDIUM


async def test_undo(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    done = await door.ada.update_tickets([1001], {"status": "resolved"})
    undone = await door.ada.undo(done.request_id)
    assert undone.tickets[0].status is Status.OPEN
    assert (await door.ada.undo(undone.request_id)).tickets[0].status is Status.RESOLVED
    await door.service.receive_mail(mail("b"))
    both = await door.ada.update_tickets([1001, 1002], {"priority": "high"})
    await door.grace.update_tickets([1002], {"priority": "low"})
    assert (await door.ada.undo(both.request_id)).skipped == [1002]  # also where the first answer is lost
    with pytest.raises(NotFound, match="nothing to take back"):
        await door.ada.undo(uuid4())


async def test_reply(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    lamp = {"filename": 'a "lamp", {1}.png', "content_type": "image/png", "size": 3, "sha256": "0" * 64}
    await door.ada.reply(
        1001,
        AWKWARD,
        status=None,
        to=[Mailto(name='Kim "K", {x}', email="kim@example.com")],
        cc=[Mailto(name="漢字", email="lee@example.com")],
        attachments=[lamp],
        grace_seconds=0.25,
    )
    await door.ada.reply(1001, "Plain.")
    first, second = (await door.grace.show_ticket(1001)).messages[1:]
    assert first.content == AWKWARD
    assert [one.name for one in first.recipients.to] == ['Kim "K", {x}']
    assert [one.email for one in first.recipients.cc] == ["lee@example.com"]
    assert first.attachments[0].filename == lamp["filename"]
    assert [one.email for one in second.recipients.to] == ["kim@example.com"]
    with pytest.raises(NotFound):
        await door.ada.reply(99, "x")


async def test_unsend(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    await door.ada.reply(1001, AWKWARD, grace_seconds=60)
    await door.ada.unsend(1001)
    shown = await door.ada.show_ticket(1001)
    assert [one.content for one in shown.drafts] == [AWKWARD]
    with pytest.raises((NotFound, Conflict)):
        await door.ada.unsend(1001)


async def test_note(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    once = uuid4()
    await asyncio.gather(
        *(door.ada.note(1001, f"note {place}") for place in range(6)),
        *(door.grace.note(1001, AWKWARD, once) for _ in range(4)),
    )
    notes = [note.content for note in (await door.ada.show_ticket(1001)).notes]
    assert sorted(notes) == sorted([AWKWARD, *(f"note {place}" for place in range(6))])


async def test_save_draft(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    await door.ada.save_draft(1001, "reply", AWKWARD)
    assert [one.content for one in (await door.ada.show_ticket(1001)).drafts] == [AWKWARD]
    assert (await door.grace.show_ticket(1001)).drafts == []
    await door.ada.save_draft(1001, "reply", "")
    assert (await door.ada.show_ticket(1001)).drafts == []
    with pytest.raises(Invalid):
        await door.ada.save_draft(1001, "poem", "x")


async def test_list_events(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    await door.ada.update_tickets([1001], {"assignee": "grace@example.com"}, reason=AWKWARD)
    created, updated = await door.ada.list_events(1001)
    assert (created.kind, created.actor_email) == ("created", None)
    assert (updated.actor_email, updated.reason) == ("ada@example.com", AWKWARD)
    assert updated.after == {"assignee": "grace@example.com"}
    assert await door.ada.list_events(1001, limit=1) == [updated]
    with pytest.raises(NotFound, match="no ticket #99"):
        await door.ada.list_events(99)


async def test_events_since(door: Door) -> None:
    start = await door.ada.events_since()
    await door.service.receive_mail(mail("a"))
    await door.ada.note(1001, "x")
    page = await door.ada.events_since(start.cursor, limit=1)
    assert [event.kind for event in page.events] == ["created"]
    page = await door.ada.events_since(page.cursor)
    assert [event.kind for event in page.events] == ["noted"]
    assert (await door.ada.events_since(page.cursor)).events == []


async def test_what_only_the_daemon_may_do_is_refused_to_agents(door: Door) -> None:
    for call in (door.ada.receive_mail({}), door.ada.claim_outgoing("x"), door.ada.settled_mails([])):
        with pytest.raises(Forbidden):
            await call
