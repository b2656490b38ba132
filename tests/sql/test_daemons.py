"""The daemons of a desk, what wakes them, and which answers each may send."""

from datetime import UTC, datetime

import psycopg

from core.desk import Desk
from core.errors import Forbidden
from tests.mails import mail

STARTED = datetime(2026, 3, 2, tzinfo=UTC)


async def lives(service: Desk, worker: str, **more: object) -> None:
    await service.beat(worker, "host", "/home", 17, "1.0", STARTED, **more)  # type: ignore[arg-type]


async def test_a_daemon_is_known_until_it_ends(service: Desk, desk: Desk) -> None:
    await lives(service, "one", problems={"intake": "The folder is away."})
    await lives(service, "two", received=3, sent=1)
    await lives(service, "one", received=2)
    one, two = sorted(await desk.list_daemons(), key=lambda daemon: daemon.worker)
    assert (one.host, one.pid, one.received, one.problems) == ("host", 17, 2, {})
    assert (two.received, two.sent) == (3, 1)
    assert one.silent_seconds < 60
    await service.end_daemon("one")
    assert [daemon.worker for daemon in await service.list_daemons()] == ["two"]


async def test_one_that_was_killed_is_forgotten_after_a_month(service: Desk, database: str) -> None:
    await lives(service, "killed")
    with psycopg.connect(database) as connection:
        connection.execute("update desk.daemons set beat_at = now() - interval '2 days'")
    await lives(service, "other")
    await service.end_daemon("other")
    (killed,) = await service.list_daemons()
    assert killed.silent_seconds > 170_000
    with psycopg.connect(database) as connection:
        connection.execute("update desk.daemons set beat_at = now() - interval '31 days'")
    await service.end_daemon("other")
    assert await service.list_daemons() == []


async def test_agents_may_look_and_not_speak_for_a_daemon(desk: Desk) -> None:
    assert await desk.list_daemons() == []
    for call in (lives(desk, "one"), desk.end_daemon("one"), desk.wake_mailbox("support@example.com")):
        try:
            await call
        except Forbidden:
            continue
        raise AssertionError("an agent spoke for a daemon")


async def test_a_mailbox_is_woken_by_its_address(service: Desk) -> None:
    (before,) = await service.list_mailboxes()
    assert before.woken_at is None
    assert await service.wake_mailbox("Support@Example.com")
    (first,) = await service.list_mailboxes()
    assert await service.wake_mailbox("support@example.com")
    (again,) = await service.list_mailboxes()
    assert first.woken_at and again.woken_at and again.woken_at > first.woken_at
    assert not await service.wake_mailbox("else@example.com")
    await service.disconnect_mailbox(before.id)
    assert not await service.wake_mailbox("support@example.com")


async def test_how_far_behind_a_mailbox_is(service: Desk, database: str) -> None:
    (mailbox,) = await service.list_mailboxes()
    await service.save_cursor(mailbox.id, "1")
    with psycopg.connect(database) as connection:
        connection.execute("update desk.mailboxes set synced_at = now() - interval '5 minutes'")
    await service.save_cursor(mailbox.id, None, "The folder is away.")
    (behind,) = await service.list_mailboxes()
    assert behind.lag_seconds and 299 < behind.lag_seconds < 330, "what failed does not count"
    await service.save_cursor(mailbox.id, "2")
    (level,) = await service.list_mailboxes()
    assert level.lag_seconds is not None and level.lag_seconds < 30
    await service.disconnect_mailbox(mailbox.id)
    assert (await service.list_mailboxes())[0].lag_seconds is None


async def test_a_lease_brings_how_far_another_daemon_has_read(service: Desk) -> None:
    (mailbox,) = await service.list_mailboxes()
    assert await service.lease_mailbox(mailbox.id, "one")
    await service.save_cursor(mailbox.id, "far")
    assert await service.lease_mailbox(mailbox.id, "two") is None
    await service.release_mailbox(mailbox.id, "one")
    taken = await service.lease_mailbox(mailbox.id, "two")
    assert taken and (taken.cursor, taken.is_held, taken.leased_by) == ("far", True, "two")


async def test_a_claim_is_held_only_by_the_attempt_that_has_it(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    first = await service.claim_outgoing("one", 60)
    assert first and await service.hold_outgoing(first.id, "one", first.attempts)
    assert not await service.hold_outgoing(first.id, "two", first.attempts)
    await service.release_outgoing("one")
    second = await service.claim_outgoing("one", 60)
    assert second and second.attempts == 2
    assert not await service.hold_outgoing(first.id, "one", first.attempts)
    assert await service.hold_outgoing(second.id, "one", second.attempts)


async def test_who_lost_the_mailbox_holds_no_claim(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("one")
    (mailbox,) = await service.list_mailboxes()
    assert ours and await service.lease_mailbox(mailbox.id, "two")
    assert not await service.hold_outgoing(ours.id, "one", ours.attempts)


async def test_only_the_claims_of_one_mailbox_are_given_back(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    assert await service.claim_outgoing("one")
    other = await service.connect_mailbox("sales", "gmail", "sales@example.com")
    await service.release_outgoing("one", other.id)
    assert await service.claim_outgoing("one") is None
    (mailbox,) = [one for one in await service.list_mailboxes() if one.name == "support"]
    await service.release_outgoing("one", mailbox.id)
    assert await service.claim_outgoing("one")


async def test_what_is_in_quarantine_is_counted(service: Desk, desk: Desk) -> None:
    assert ((await desk.count_quarantine()).count, (await desk.count_quarantine()).oldest) == (0, None)
    await service.receive_mail(mail("a", quarantine={"reason": "It is no mail.", "detail": ""}))
    found = await desk.count_quarantine()
    assert found.count == 1 and found.oldest is not None
