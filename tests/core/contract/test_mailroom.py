"""The outbox, mailboxes and daemons, through every door."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from core.errors import Conflict, Invalid
from core.models import Outgoing
from core.verified import Verified
from tests.core.contract.door import AWKWARD, Door
from tests.mails import mail

NOON = datetime(2026, 3, 2, 12, 0, 0, 654321, tzinfo=UTC)


async def written(door: Door, *names: str) -> None:
    """Answers that are due, one on a ticket each."""
    for name in names:
        received = await door.service.receive_mail(mail(name))
        assert received.number
        await door.ada.reply(received.number, AWKWARD, grace_seconds=0)


async def claimed(door: Door) -> Outgoing:
    await written(door, "a")
    outgoing = await door.service.claim_outgoing("test")
    assert outgoing
    return outgoing


async def box_of(door: Door) -> dict[str, object]:
    (box,) = await door.ada.list_mailboxes()
    return box.model_dump()


async def test_claim_outgoing(door: Door) -> None:
    await written(door, "a", "b")
    request = uuid4()
    first = await door.service.claim_outgoing("w,{1}", 3600.5, door.box.id, request)
    again = await door.service.claim_outgoing("w,{1}", 60, door.box.id, request)
    second = await door.service.claim_outgoing("w,{1}", 60)
    assert first and again and second
    assert first == again
    assert (first.number, second.number, first.content) == (1001, 1002, AWKWARD)
    assert (first.attempts, first.unsure_seconds) == (1, None)
    assert await door.service.claim_outgoing("w", 60) is None
    assert await door.service.claim_outgoing("w", 60, uuid4()) is None


async def test_hold_outgoing(door: Door) -> None:
    outgoing = await claimed(door)
    assert await door.service.hold_outgoing(outgoing.id, "test", 1) is True
    assert await door.service.hold_outgoing(outgoing.id, "other", 1) is False


async def test_release_outgoing(door: Door) -> None:
    first = await claimed(door)
    await door.service.release_outgoing("test", uuid4())
    assert await door.service.claim_outgoing("test") is None
    await door.service.release_outgoing("test")
    second = await door.service.claim_outgoing("test")
    assert second and (second.id, second.attempts) == (first.id, 2)


async def test_mark_sent(door: Door) -> None:
    outgoing = await claimed(door)
    await door.service.mark_sent(outgoing.id, "provider,{1}", None, "18446744073709551615")
    shown = await door.ada.show_ticket(1001)
    assert shown.ticket.gmail_thread_id == "18446744073709551615"
    assert shown.messages[-1].sent_at
    assert [event.kind for event in await door.ada.list_events(1001)].count("sent") == 1


async def test_mark_failed(door: Door) -> None:
    outgoing = await claimed(door)
    await door.service.mark_failed(outgoing.id, AWKWARD, 0.0, outgoing.attempts, 1.5)
    found = await door.ada.count_outbox()
    assert (found.waiting, found.problem) == (1, AWKWARD)
    again = await door.service.claim_outgoing("test")
    assert again and again.attempts == 2
    assert again.unsure_seconds and again.unsure_seconds >= 1.5
    await door.service.mark_failed(again.id, "The address is refused.", None)
    assert (await door.ada.count_outbox()).failed == [1001]


async def test_due_in(door: Door) -> None:
    assert await door.service.due_in() is None
    await door.service.receive_mail(mail("a"))
    await door.ada.reply(1001, "x", grace_seconds=60)
    seconds = await door.service.due_in(door.box.id)
    assert seconds is not None and 50 < seconds <= 60
    assert await door.service.due_in(uuid4()) is None


async def test_count_outbox(door: Door) -> None:
    await written(door, "a", "b")
    found = await door.grace.count_outbox()
    assert (found.waiting, found.problem, found.failed) == (2, None, [])
    assert found.overdue_since and found.overdue_since.tzinfo


async def test_connect_mailbox(door: Door) -> None:
    made = await door.service.connect_mailbox(
        'he"lp', "gmail", "Help@Example.com", AWKWARD, AWKWARD, "bil,ling", NOON
    )
    assert (made.name, made.address, made.display_name) == ('he"lp', "help@example.com", AWKWARD)
    assert (made.signature, made.department, made.since) == (AWKWARD, "bil,ling", NOON)
    with pytest.raises(Conflict, match=r'Another mailbox is called he"lp\.') as raised:
        await door.service.connect_mailbox('he"lp', "maildir", "other@example.com")
    assert raised.value.hint == "Give this one another name with --name."
    with pytest.raises(Invalid, match='invalid input value for enum mailbox_kind: "pigeon"'):
        await door.service.connect_mailbox("p", "pigeon", "other@example.com")


async def test_disconnect_mailbox(door: Door) -> None:
    await door.service.disconnect_mailbox(door.box.id)
    assert (await box_of(door))["connected"] is False


async def test_lease_mailbox(door: Door) -> None:
    mine = await door.service.lease_mailbox(door.box.id, "one", 60)
    assert mine and mine.leased_by == "one"
    assert await door.service.lease_mailbox(door.box.id, "two", 60) is None


async def test_release_mailbox(door: Door) -> None:
    await door.service.lease_mailbox(door.box.id, "one")
    await door.service.release_mailbox(door.box.id, "two")
    assert await door.service.lease_mailbox(door.box.id, "two") is None
    await door.service.release_mailbox(door.box.id, "one")
    assert await door.service.lease_mailbox(door.box.id, "two")


async def test_save_watch(door: Door) -> None:
    await door.service.save_watch(door.box.id, NOON)
    assert (await box_of(door))["watched_until"] == NOON
    await door.service.save_watch(door.box.id, None)
    assert (await box_of(door))["watched_until"] is None


async def test_wake_mailbox(door: Door) -> None:
    assert await door.service.wake_mailbox("support@example.com") is True
    assert await door.service.wake_mailbox(AWKWARD) is False


async def test_list_mailboxes(door: Door) -> None:
    (box,) = await door.grace.list_mailboxes()
    assert (box.id, box.name, box.connected_at) == (door.box.id, "support", door.box.connected_at)


async def test_save_cursor(door: Door) -> None:
    await door.service.save_cursor(door.box.id, "18446744073709551615")
    await door.service.save_cursor(door.box.id, None, AWKWARD)
    box = await box_of(door)
    assert (box["cursor"], box["last_error"]) == ("18446744073709551615", AWKWARD)


async def test_save_verification(door: Door) -> None:
    found = Verified(since=NOON, checked=2**31, waiting=1, missing=0, gone=2)
    await door.service.save_verification(door.box.id, found)
    assert (await door.ada.list_mailboxes())[0].verified == found


async def test_list_unlabelled(door: Door) -> None:
    gmail = await door.service.connect_mailbox("gmail", "gmail", "help@example.com")
    way = {"mailbox_id": str(gmail.id), "provider_id": "a", "gmail_thread_id": AWKWARD}
    await door.service.receive_mail(mail("a", **way))
    (behind,) = await door.service.list_unlabelled(gmail.id)
    assert (behind.thread_id, behind.status) == (AWKWARD, "open")
    assert await door.service.list_unlabelled(gmail.id, limit=0) == []


async def test_mark_labelled(door: Door) -> None:
    gmail = await door.service.connect_mailbox("gmail", "gmail", "help@example.com")
    for name in ('a,"b"', "{}"):
        way = {"mailbox_id": str(gmail.id), "provider_id": name, "gmail_thread_id": name}
        await door.service.receive_mail(mail(name, **way))
    behind = await door.service.list_unlabelled(gmail.id)
    await door.service.mark_labelled(
        gmail.id, [one.thread_id for one in behind], [one.changes for one in behind]
    )
    assert await door.service.list_unlabelled(gmail.id) == []


async def test_beat(door: Door) -> None:
    await door.service.beat("w", AWKWARD, "/home", 2**31 - 1, "1.0", NOON, 3, 4, {'box "1"': AWKWARD})
    (daemon,) = await door.ada.list_daemons()
    assert (daemon.host, daemon.pid, daemon.started_at) == (AWKWARD, 2**31 - 1, NOON)
    assert (daemon.received, daemon.sent, daemon.problems) == (3, 4, {'box "1"': AWKWARD})


async def test_end_daemon(door: Door) -> None:
    await door.service.beat("w", "host", "/home", 1, "1.0", NOON)
    await door.service.end_daemon("w")
    assert await door.ada.list_daemons() == []


async def test_list_daemons(door: Door) -> None:
    for worker in ("one", "two"):
        await door.service.beat(worker, "host", "/home", 1, "1.0", NOON)
    found = await door.ada.list_daemons()
    assert {one.worker for one in found} == {"one", "two"}
    assert all(0 <= one.silent_seconds < 60 for one in found)


async def test_a_row_that_another_holds_is_waited_for(door: Door) -> None:
    """However long that takes: what is changed by two at once is changed by one after the other."""
    await door.service.receive_mail(mail("a"))
    async with await psycopg.AsyncConnection.connect(door.database) as other:
        await other.execute("select from desk.tickets where number = 1001 for update")
        update = asyncio.create_task(door.ada.update_tickets([1001], {"priority": "high"}))
        done, _ = await asyncio.wait([update], timeout=0.1)
        assert not done
        await other.commit()
    assert (await update).tickets[0].priority == "high"


async def test_web_key(door: Door) -> None:
    key = await door.service.web_key()
    assert len(key) == 64
    assert await door.service.web_key() == key
