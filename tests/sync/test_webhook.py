"""Webhooks from the event to the receiver: a desk, a Postgres, and receivers that answer over HTTP."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import Settings
from core.desk import Desk
from core.errors import Unreachable
from core.supabase import SupabaseGateway
from core.webhooks import Webhook, WebhookDelivery, WebhookState, new_secret
from sync.daemon import sync
from sync.supervisor import Pulse
from sync.webhook import Turns, Webhooks
from sync.webhook_client import WebhookClient, message_id
from sync.webhook_delivery import WAITS, Deliveries, wait_after
from tests.mails import mail
from tests.peers.hosted import SECRET as SECRET_KEY
from tests.peers.hosted import Project
from tests.sync.receiver import OK, Receiver, answer, receiving
from tests.sync.test_daemon import running

SECRET = new_secret()


@pytest.fixture
def settings(tmp_path: Path, database: str, service: Desk) -> Settings:
    return Settings(
        home=tmp_path / "home",
        database_url=database,
        webhooks={"allow_private": True, "timeout_seconds": 20},
        mailbox={"address": "support@example.com"},
    )


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@asynccontextmanager
async def deliveries(settings: Settings, desk: Desk, webhook: Webhook) -> AsyncIterator[Deliveries]:
    """Of one webhook, with what is due queued."""
    wanted = settings.webhooks
    client = WebhookClient(httpx.create_ssl_context(), wanted.allow_private, wanted.timeout_seconds)
    await desk.queue_webhook_deliveries()
    try:
        yield Deliveries(webhook.id, webhook.url, settings, desk, "w", client, asyncio.Semaphore(2), at_once)
    finally:
        await client.close()


async def at_once() -> None:
    """Nobody else is in a hurry."""


async def add(desk: Desk, receiver: Receiver, *events: str) -> Webhook:
    return await desk.add_webhook(receiver.url, SECRET, events)


async def log(desk: Desk, webhook: Webhook) -> list[WebhookDelivery]:
    return await desk.list_webhook_deliveries(webhook.id)


def make_due(database: str) -> None:
    """As if the time until the next attempt had passed."""
    with psycopg.connect(database) as connection:
        connection.execute("update desk.webhook_deliveries set next_attempt_at = now()")


async def test_the_daemon_tells_a_receiver_of_a_ticket_within_its_run(
    settings: Settings, service: Desk, receiver: Receiver
) -> None:
    await add(service, receiver)
    async with running(settings):
        await service.receive_mail(mail("a"))
        (arrived,) = await receiver.wait_for(1)
        told = arrived.read(SECRET)
        assert (told["type"], told["data"]["ticket"]["number"]) == ("ticket.created", 1001)
        await service.receive_mail(mail("b"))
        assert len(await receiver.wait_for(2)) == 2
    (webhook,) = await service.list_webhooks()
    assert {one.state for one in await log(service, webhook)} == {WebhookState.DELIVERED}


async def test_one_round_sends_what_is_due(settings: Settings, service: Desk, receiver: Receiver) -> None:
    webhook = await add(service, receiver)
    for name in "abcdefghijkl":
        await service.receive_mail(mail(name))
    await sync(settings, once=True)
    assert len({one.id for one in receiver.arrived}) == len(receiver.arrived) == 12
    assert {one.state for one in await log(service, webhook)} == {WebhookState.DELIVERED}


async def test_a_desk_at_supabase_tells_as_any_other(
    tmp_path: Path, hosted: Project, receiver: Receiver
) -> None:
    desk = Desk(SupabaseGateway(hosted.url, SECRET_KEY))
    settings = Settings(home=tmp_path, webhooks={"allow_private": True})
    webhooks = Webhooks(
        settings,
        desk,
        "w",
        lambda: datetime.now(UTC),
        lambda part, problem: None,
        Pulse(),
        {},
        Turns(lambda: 0),
    )
    await desk.connect_mailbox("support", "maildir", "support@example.com")
    webhook = await add(desk, receiver, "ticket.created")
    await desk.receive_mail(mail("a"))
    async with asyncio.TaskGroup() as group:
        webhooks.begin = group.create_task
        following = group.create_task(webhooks.follow())
        (arrived,) = await receiver.wait_for(1)
        assert arrived.read(SECRET)["data"]["ticket"]["number"] == 1001
        following.cancel()
        webhooks.break_off()
    assert [one.state for one in await log(desk, webhook)] == [WebhookState.DELIVERED]
    await desk.close()


async def test_what_failed_is_tried_again_under_the_same_id(
    settings: Settings, service: Desk, receiver: Receiver, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = lambda arrived: answer(500, b"password=hunter2") if len(receiver.arrived) < 3 else OK
    webhook = await service.add_webhook(receiver.url + "/path-secret", SECRET)
    await service.receive_mail(mail("a"))
    caplog.set_level(logging.DEBUG, "ttydesk.webhook")
    async with deliveries(settings, service, webhook) as due:
        times = count(0.0, 100.0)
        due.clock = lambda: next(times)
        for attempt in (1, 2):
            await due.deliver()
            (waiting,) = await log(service, webhook)
            assert (waiting.state, waiting.attempts, waiting.status) == (WebhookState.WAITING, attempt, 500)
            assert waiting.next_attempt_at and waiting.next_attempt_at > datetime.now(UTC)
            assert (await due.deliver()).pause, "it is not its time yet"
            make_due(database)
        await due.deliver()
    (done,) = await log(service, webhook)
    assert (done.state, done.attempts) == (WebhookState.DELIVERED, 3)
    assert {one.id for one in receiver.arrived} == {message_id(done.message_id)}
    assert len({one.body for one in receiver.arrived}) == 1
    assert "127.0.0.1 did not come through" in caplog.text
    for hidden in (SECRET, "path-secret", "hunter2", "kim@example.com"):
        assert hidden not in caplog.text


async def test_what_was_sent_but_not_noted_is_sent_again_under_the_same_id(
    settings: Settings, service: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await add(service, receiver)
    await service.receive_mail(mail("a"))

    async def lost(*arguments: Any) -> bool:
        raise Unreachable

    async with deliveries(settings, service, webhook) as due:
        with monkeypatch.context() as patch:
            patch.setattr(Desk, "settle_webhook_delivery", lost)
            with pytest.raises(Unreachable):
                await due.deliver()
        assert (await due.deliver()).pause, "the claim still holds"
        await service.release_webhook_deliveries("w")
        await due.deliver()
    first, second = receiver.arrived
    assert (first.id, first.body) == (second.id, second.body)
    assert [one.attempts for one in await log(service, webhook)] == [2]


async def test_two_daemons_send_each_message_once(
    settings: Settings, service: Desk, receiver: Receiver
) -> None:
    webhook = await add(service, receiver)
    for number in range(30):
        await service.receive_mail(mail(str(number)))
    async with deliveries(settings, service, webhook) as one, deliveries(settings, service, webhook) as two:
        two.worker = "other"

        async def drain(due: Deliveries) -> None:
            while not (await due.deliver()).pause:
                pass

        await asyncio.gather(drain(one), drain(two))
    assert Counter(Counter(arrived.id for arrived in receiver.arrived).values()) == {1: 30}


async def test_what_happens_to_a_ticket_is_told_in_that_order(
    settings: Settings, service: Desk, desk: Desk, receiver: Receiver
) -> None:
    webhook = await add(service, receiver)
    for name in ("a", "b"):
        await service.receive_mail(mail(name))
    for text in ("one", "two", "three"):
        for number in (1001, 1002):
            await desk.note(number, text)
    async with deliveries(settings, service, webhook) as due:
        await due.deliver()
    told = [one.read(SECRET)["data"]["event"] for one in receiver.arrived]
    for number in (1001, 1002):
        ids = [event["id"] for event in told if event["number"] == number]
        assert ids == sorted(ids) and len(ids) == 4


async def test_a_receiver_that_does_not_answer_holds_up_no_other(
    settings: Settings, service: Desk, receiver: Receiver
) -> None:
    async with receiving() as slow:
        slow.answers = lambda arrived: None
        await add(service, slow)
        await add(service, receiver)
        async with running(settings):
            for number in range(12):
                await service.receive_mail(mail(str(number)))
            await slow.wait_for(1)
            assert len(await receiver.wait_for(12)) == 12
            assert len(slow.arrived) <= 4, "and it is not asked more and more"


async def test_one_that_is_gone_is_switched_off_at_once(
    settings: Settings, service: Desk, receiver: Receiver
) -> None:
    receiver.answers = lambda arrived: answer(410)
    webhook = await add(service, receiver)
    await service.receive_mail(mail("a"))
    async with deliveries(settings, service, webhook) as due:
        await due.deliver()
    (now,) = await service.list_webhooks()
    assert (now.active, now.failed) == (False, 1)


async def test_what_leads_inside_is_never_sent(settings: Settings, service: Desk, receiver: Receiver) -> None:
    """Also when whoever added it did not look: the daemon does."""
    webhook = await add(service, receiver)
    await service.receive_mail(mail("a"))
    strict = settings.model_copy(update={"webhooks": Settings(home=settings.home).webhooks})
    async with deliveries(strict, service, webhook) as due:
        await due.deliver()
    assert receiver.connections == 0
    (tried,) = await log(service, webhook)
    assert tried.error and tried.error.startswith("A webhook begins with https://")


async def test_a_claim_that_grew_old_is_left_to_who_has_it_next(
    settings: Settings, service: Desk, receiver: Receiver
) -> None:
    webhook = await add(service, receiver)
    await service.receive_mail(mail("a"))
    async with deliveries(settings, service, webhook) as due:
        times = iter([0.0])
        due.clock = lambda: next(times, 3600.0)  # the machine slept meanwhile
        await due.deliver()
    assert receiver.connections == 0
    assert [one.state for one in await log(service, webhook)] == [WebhookState.SENDING]


async def test_a_webhook_that_moves_is_begun_with_anew_and_one_that_goes_is_left(
    settings: Settings, service: Desk, receiver: Receiver
) -> None:
    webhook = await add(service, receiver)
    async with receiving() as other, running(settings):
        await service.receive_mail(mail("a"))
        await receiver.wait_for(1)
        await service.update_webhook(webhook.id, {"url": other.url})
        await service.receive_mail(mail("b"))
        await other.wait_for(1)
        await service.remove_webhook(webhook.id)
        await service.receive_mail(mail("c"))
        await add(service, receiver)
        await service.receive_mail(mail("d"))
        told = [one.read(SECRET)["data"]["ticket"]["number"] for one in await receiver.wait_for(2)]
    assert told == [1001, 1004]


async def test_what_fails_for_a_while_is_told_as_a_problem_of_the_daemon(
    settings: Settings, service: Desk, receiver: Receiver, database: str
) -> None:
    webhook = await add(service, receiver)
    told: dict[str, str] = {}
    webhooks = Webhooks(
        settings,
        service,
        "w",
        lambda: datetime.now(UTC),
        told.__setitem__,
        Pulse(),
        {},
        Turns(lambda: 0),
        lambda work: work.close(),
    )
    receiver.answers = lambda arrived: answer(502)
    await service.receive_mail(mail("a"))
    async with deliveries(settings, service, webhook) as due:
        await due.deliver()
    await webhooks._look(await service.webhooks_due())
    assert set(told.values()) == {""}
    webhooks.now = lambda: datetime.now(UTC) + timedelta(minutes=11)
    await webhooks._look(await service.webhooks_due())
    ((name, problem),) = told.items()
    assert name == f"webhook {webhook.id.hex[:8]} at 127.0.0.1"
    assert problem.startswith("Nothing comes through since 20")
    assert problem.endswith("The receiver answered 502.")


async def test_a_receiver_that_takes_nothing_is_left_alone_for_longer_and_longer(
    settings: Settings, service: Desk, receiver: Receiver
) -> None:
    webhook = await add(service, receiver)
    for number in range(40):
        await service.receive_mail(mail(str(number)))
    receiver.answers = lambda arrived: answer(503)
    clock, rests = 0.0, []
    async with deliveries(settings, service, webhook) as due:
        due.clock = lambda: clock
        for _ in range(3):
            assert (await due.deliver()).pause == 0
            rests.append((await due.deliver()).pause)
            clock += rests[-1]
        assert rests == [1, 2, 4]
        assert len(receiver.arrived) == 24, "of those that wait none lost an attempt meanwhile"
        receiver.answers = lambda arrived: OK
        assert (await due.deliver()).pause == 0
        assert (await due.deliver()).pause == 0, "it works again"
    assert len(receiver.arrived) == 40


async def test_mail_that_comes_in_goes_first() -> None:
    clock, received, slept = 100.0, 0, []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    turns = Turns(lambda: received, lambda: clock, sleep)
    for _ in range(3):
        await turns.wait()
    assert slept == []
    received = 5
    for _ in range(3):
        await turns.wait()
    assert slept == [0, 0.05, 0.1], "one after the other, whoever asks"
    clock += 1.9
    await turns.wait()
    assert slept[3:] == [0]
    clock += 0.2
    for _ in range(3):
        await turns.wait()
    assert len(slept) == 4


@given(st.integers(1, 20), st.floats(0, 1e9))
def test_the_next_attempt_comes_later_each_time_until_it_is_given_up(
    attempts: int, retry_after: float
) -> None:
    wait = wait_after(attempts, retry_after)
    if attempts > len(WAITS):
        assert wait is None
        return
    assert wait is not None
    least = max(WAITS[attempts - 1], min(retry_after, 86_400))
    assert least <= wait <= least * 1.2


def test_it_is_tried_for_three_days() -> None:
    assert list(WAITS) == sorted(WAITS)
    assert timedelta(days=3) <= timedelta(seconds=sum(WAITS)) <= timedelta(days=3.5)


def test_ids_are_those_of_the_rows() -> None:
    assert message_id(UUID(int=255)) == "msg_000000000000000000000000000000ff"
