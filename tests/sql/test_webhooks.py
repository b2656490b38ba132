"""Webhooks in SQL: every event that is wanted becomes one delivery, and a claim is a lease."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from core.desk import Desk
from core.errors import Conflict, Invalid, NotFound
from core.webhooks import ClaimedDelivery, Webhook, WebhookDelivery, WebhookState, new_secret
from tests.mails import mail

URL = "https://hooks.example.com/desk"


async def add(desk: Desk, *events: str, **more: Any) -> Webhook:
    return await desk.add_webhook(URL, new_secret(), events, **more)


async def log(desk: Desk, webhook: Webhook) -> list[WebhookDelivery]:
    """Oldest first."""
    return (await desk.list_webhook_deliveries(webhook.id, payloads=True))[::-1]


async def claim(service: Desk, webhook: Webhook, worker: str = "w", **more: Any) -> list[ClaimedDelivery]:
    claimed = await service.claim_webhook_deliveries(webhook.id, worker, **more)
    return claimed.deliveries if claimed else []


async def fail(service: Desk, one: ClaimedDelivery, retry: float | None = 0, **more: Any) -> bool:
    return await service.settle_webhook_delivery(
        one.id, "w", one.attempts, 500, "oops", "The receiver answered 500.", retry, **more
    )


def change(database: str, query: str, *arguments: Any) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(query.encode(), arguments)


async def test_each_event_becomes_one_delivery_with_what_it_is_about(service: Desk, desk: Desk) -> None:
    webhook = await add(desk)
    await service.receive_mail(mail("a"))
    await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"], content="Still broken."))
    await desk.reply(1001, "It will be mended.", grace_seconds=0)
    await desk.update_tickets([1001], {"priority": "high"}, "they wait")
    while await service.queue_webhook_deliveries(limit=2):
        pass
    found = [one.payload for one in await log(desk, webhook) if one.payload]
    assert [one["type"] for one in found] == [
        "ticket.created",
        "ticket.received",
        "ticket.replied",
        "ticket.updated",
    ]
    created, received, replied, updated = (one["data"] for one in found)
    assert created["message"]["content"] == "The lamp is broken. (a)"
    assert (received["message"]["content"], received["message"]["direction"]) == ("Still broken.", "incoming")
    assert (replied["message"]["content"], replied["message"]["direction"]) == (
        "It will be mended.",
        "outgoing",
    )
    assert replied["event"]["actor_email"] == "ada@example.com"
    assert (updated["event"]["before"], updated["event"]["after"]) == (
        {"priority": "medium"},
        {"priority": "high"},
    )
    assert (updated["event"]["reason"], updated["ticket"]["priority"]) == ("they wait", "high")
    assert all(one["ticket"]["number"] == 1001 for one in (created, received, replied, updated))
    assert datetime.fromisoformat(found[0]["timestamp"]).tzinfo


async def test_a_webhook_hears_of_what_it_asked_for_from_then_on(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("before"))
    webhook = await add(desk, "ticket.noted", "mail.quarantined")
    await service.receive_mail(mail("a"))
    await desk.note(1001, "Psst.")
    await service.receive_mail(mail("b", quarantine={"reason": "Unreadable.", "detail": ""}))
    await service.queue_webhook_deliveries()
    assert [one.type for one in await log(desk, webhook)] == ["ticket.noted", "mail.quarantined"]


async def test_the_text_of_a_note_is_sent_only_where_it_was_asked_for(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    without, with_it = await add(desk, "ticket.noted"), await add(desk, "ticket.noted", notes=True)
    await desk.note(1001, "They are rude.")
    await service.queue_webhook_deliveries()
    (first,), (second,) = await log(desk, without), await log(desk, with_it)
    assert "rude" not in str(first.payload)
    assert second.payload and second.payload["data"]["note"]["content"] == "They are rude."


async def test_of_spam_only_is_told_that_it_is_some(service: Desk, desk: Desk) -> None:
    webhook = await add(desk)
    await service.receive_mail(mail("a", spam=True))
    await desk.note(1001, "Spam.")
    await service.queue_webhook_deliveries()
    assert await log(desk, webhook) == []
    await desk.update_tickets([1001], {"spam": False})
    await desk.note(1001, "It was none.")
    await service.queue_webhook_deliveries()
    assert [one.type for one in await log(desk, webhook)] == ["ticket.updated", "ticket.noted"]


async def test_an_event_that_commits_late_is_delivered_too(service: Desk, desk: Desk, database: str) -> None:
    await service.receive_mail(mail("a"))
    await service.receive_mail(mail("b"))
    webhook = await add(desk, "ticket.noted", "ticket.updated")
    async with await psycopg.AsyncConnection.connect(database) as slow:
        await slow.execute(
            "select desk.record_event((select id from desk.tickets where number = 1001), 'updated')"
        )
        await desk.note(1002, "Committed first, with the greater id.")
        await service.queue_webhook_deliveries()
        assert [one.type for one in await log(desk, webhook)] == ["ticket.noted"]
        await slow.commit()
    assert (await service.webhooks_due()).behind
    await service.queue_webhook_deliveries()
    assert [one.type for one in await log(desk, webhook)] == ["ticket.noted", "ticket.updated"]
    assert not (await service.webhooks_due()).behind


async def test_two_daemons_queue_and_claim_at_once_and_nothing_is_doubled(service: Desk, desk: Desk) -> None:
    webhook = await add(desk)
    for number in range(12):
        await service.receive_mail(mail(str(number)))
    claimed: list[tuple[str, int]] = []

    async def work(worker: str) -> None:
        for _ in range(6):
            await service.queue_webhook_deliveries(limit=3)
            claimed.extend((worker, one.id) for one in await claim(service, webhook, worker, limit=2))

    await asyncio.gather(work("one"), work("two"))
    while left := await claim(service, webhook, "one"):
        claimed.extend(("one", one.id) for one in left)
    assert len({id for _, id in claimed}) == len(claimed) == 12


async def test_what_a_dead_daemon_had_claimed_is_claimed_again_under_the_same_id(
    service: Desk, desk: Desk
) -> None:
    webhook = await add(desk)
    await service.receive_mail(mail("a"))
    await service.queue_webhook_deliveries()
    (first,) = await claim(service, webhook, "dead", seconds=0)
    (second,) = await claim(service, webhook, "w")
    assert (second.id, second.message_id, second.payload) == (first.id, first.message_id, first.payload)
    assert (first.attempts, second.attempts) == (1, 2)
    assert await claim(service, webhook, "other") == []
    assert not await service.settle_webhook_delivery(first.id, "dead", 1, 200), "it has lost its claim"
    await service.release_webhook_deliveries("other")
    assert await claim(service, webhook, "other") == []
    await service.release_webhook_deliveries("w")
    assert [one.attempts for one in await claim(service, webhook, "other")] == [3]


async def test_an_attempt_that_fails_is_made_again_when_its_time_has_come(service: Desk, desk: Desk) -> None:
    webhook = await add(desk)
    await service.receive_mail(mail("a"))
    await service.queue_webhook_deliveries()
    (one,) = await claim(service, webhook)
    assert await fail(service, one, retry=3600)
    assert not await fail(service, one), "it was noted before"
    assert await claim(service, webhook) == []
    (due,) = (await service.webhooks_due()).webhooks
    assert due.due_in and 3500 < due.due_in <= 3600
    assert due.failing_since and due.last_error == "The receiver answered 500."
    (waiting,) = await log(desk, webhook)
    assert (waiting.state, waiting.status, waiting.answer) == (WebhookState.WAITING, 500, "oops")


async def test_a_success_ends_a_time_of_failures(service: Desk, desk: Desk) -> None:
    webhook = await add(desk)
    await service.receive_mail(mail("a"))
    await service.queue_webhook_deliveries()
    (one,) = await claim(service, webhook)
    await fail(service, one)
    (one,) = await claim(service, webhook)
    assert await service.settle_webhook_delivery(one.id, "w", one.attempts, 204)
    (now,) = await desk.list_webhooks()
    assert (now.failing_since, now.last_error, now.waiting, now.failed) == (None, None, 0, 0)
    (done,) = await log(desk, webhook)
    assert (done.state, done.attempts, done.status, done.error) == (WebhookState.DELIVERED, 2, 204, None)


async def test_one_that_fails_for_three_days_is_switched_off_and_says_so(
    service: Desk, desk: Desk, database: str
) -> None:
    webhook, watching = await add(desk, "ticket.created"), await add(desk, "webhook.disabled")
    await service.receive_mail(mail("a"))
    await service.queue_webhook_deliveries()
    (one,) = await claim(service, webhook)
    await fail(service, one)
    change(
        database,
        "update desk.webhooks set failing_since = now() - interval '73 hours' where failing_since < now()",
    )
    (one,) = await claim(service, webhook)
    await fail(service, one)
    (now, other) = await desk.list_webhooks()
    assert (now.active, now.off_reason) == (
        False,
        "Nothing came through for three days. The receiver answered 500.",
    )
    assert other.active
    assert await claim(service, webhook) == []
    await service.queue_webhook_deliveries()
    (told,) = await log(desk, watching)
    assert told.payload and told.payload["data"]["event"]["after"] == {"webhook": str(webhook.id)}


async def test_switched_on_again_it_goes_on_with_what_waited_and_what_comes(
    service: Desk, desk: Desk
) -> None:
    webhook = await add(desk, "ticket.created")
    await service.receive_mail(mail("a"))
    await service.queue_webhook_deliveries()
    (one,) = await claim(service, webhook)
    await fail(service, one, retry=None, gone=True)
    await service.receive_mail(mail("missed"))
    await service.queue_webhook_deliveries()
    (off,) = await desk.list_webhooks()
    assert (off.active, off.off_reason) == (False, "The receiver says that it is gone (410).")
    on = await desk.update_webhook(webhook.id, {"active": True})
    assert (on.active, on.off_reason, on.failing_since) == (True, "", None)
    await service.receive_mail(mail("later"))
    await service.queue_webhook_deliveries()
    assert [one.number for one in await claim(service, webhook)] == [1003]
    assert await desk.replay_webhook(webhook.id, since=datetime.now(UTC) - timedelta(days=1)) == 3
    assert sorted(str(one.number) for one in await claim(service, webhook)) == ["1001", "1002"]


async def test_what_is_sent_again_keeps_its_id(service: Desk, desk: Desk) -> None:
    webhook = await add(desk)
    await service.receive_mail(mail("a"))
    await service.queue_webhook_deliveries()
    (one,) = await claim(service, webhook)
    await service.settle_webhook_delivery(one.id, "w", 1, 200)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert await desk.replay_webhook(webhook.id, since=long_ago) == 0, "it came through"
    assert await desk.replay_webhook(webhook.id, [one.id]) == 1
    (again,) = await claim(service, webhook)
    assert (again.id, again.message_id, again.attempts) == (one.id, one.message_id, 1)
    with pytest.raises(NotFound, match="has no delivery 99"):
        await desk.replay_webhook(webhook.id, [one.id, 99])
    other = await add(desk)
    with pytest.raises(NotFound, match=f"has no delivery {one.id}"):
        await desk.replay_webhook(other.id, [one.id])


async def test_a_secret_that_gives_way_signs_for_a_day_more(service: Desk, desk: Desk, database: str) -> None:
    old, new = new_secret(), new_secret()
    webhook = await desk.add_webhook(URL, old)
    for _ in range(2):  # the same once more changes nothing
        await desk.update_webhook(webhook.id, {"secret": new})

    async def signing() -> list[str]:
        await desk.test_webhook(webhook.id)
        claimed = await service.claim_webhook_deliveries(webhook.id, "w")
        assert claimed
        return [one.get_secret_value() for one in claimed.secrets]

    assert await signing() == [new, old]
    change(database, "update desk.webhooks set old_secret_until = now()")
    assert await signing() == [new]


async def test_a_secret_is_in_no_answer_but_the_daemons(service: Desk, desk: Desk) -> None:
    secret = new_secret()
    webhook = await desk.add_webhook(URL, secret)
    await desk.update_webhook(webhook.id, {"description": "A"})
    await service.receive_mail(mail("a"))
    await service.queue_webhook_deliveries()
    gateway = desk._gateway
    answers = [
        await gateway.read("list_webhooks"),
        await gateway.read("list_webhook_deliveries", webhook_id=webhook.id, payloads=True),
        await gateway.write("update_webhook", id=webhook.id, changes={"notes": True}),
        await gateway.write("test_webhook", id=webhook.id, request_id=uuid4()),
        await service._gateway.read("webhooks_due"),
    ]
    assert secret not in str(answers)
    mine = {"webhook_id": webhook.id, "worker": "w"}
    assert secret in str(await service._gateway.write("claim_webhook_deliveries", **mine))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "https://",
        "https:///path",
        "https://ada:secret@example.com",
        "https://example.com\\@evil.example",
        "https://example.com/#part",
        "https://example.com/a b",
        "example.com/hooks",
        "https://example.com/" + "x" * 2000,
    ],
)
async def test_what_nobody_can_send_to_is_refused(desk: Desk, url: str) -> None:
    with pytest.raises(Invalid, match="no address that a webhook can have"):
        await desk.add_webhook(url, new_secret())


async def test_what_a_webhook_cannot_be_is_refused(desk: Desk) -> None:
    with pytest.raises(Invalid, match=r"no event ticket\.eaten") as raised:
        await add(desk, "ticket.created", "ticket.eaten")
    assert raised.value.hint and "ticket.replied" in raised.value.hint
    webhook = await add(desk)
    for changes, words in (
        ({"secret": "hunter2"}, "no secret"),
        ({"colour": "blue"}, "no field colour"),
        ({"url": "gopher://example.com"}, "no address"),
        ({"active": None}, "active"),
    ):
        with pytest.raises(Invalid, match=words):
            await desk.update_webhook(webhook.id, changes)
    await desk.update_webhook(webhook.id, {"active": False})
    with pytest.raises(Conflict, match="switched off"):
        await desk.test_webhook(webhook.id)
    with pytest.raises(NotFound, match="There is no webhook"):
        await desk.update_webhook(uuid4(), {"active": True})


async def test_what_was_settled_long_ago_is_forgotten(service: Desk, desk: Desk, database: str) -> None:
    webhook = await add(desk)
    for name in ("a", "b"):
        await service.receive_mail(mail(name))
    await service.queue_webhook_deliveries()
    first, _ = await claim(service, webhook)
    await service.settle_webhook_delivery(first.id, "w", 1, 200)
    change(database, "update desk.webhook_deliveries set settled_at = '2026-01-01' where settled_at < now()")
    await service.forget_webhook_deliveries(datetime(2026, 1, 2, tzinfo=UTC))
    assert [one.number for one in await log(desk, webhook)] == [1002]
    await service.queue_webhook_deliveries()
    assert [one.number for one in await log(desk, webhook)] == [1002]


def arguments_of(call: str) -> list[str]:
    """Those of the SQL call that `call` begins with, as they are written."""
    found, depth, quoted = [""], 0, False
    for char in call[call.index("(") + 1 :]:
        quoted ^= char == "'"
        depth += 0 if quoted else {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
        if depth < 0:
            break
        if char == "," and depth == 0 and not quoted:
            found.append("")
        else:
            found[-1] += char
    return [one.strip() for one in found]


def test_every_kind_of_event_has_a_type_that_is_documented(database: str) -> None:
    root = Path(__file__).parents[2]
    written = "\n".join(file.read_text("utf-8") for file in (root / "sql/functions").glob("*.sql"))
    kinds = {
        kind
        for name, place in (("record_event", 1), ("change_ticket", 2))
        for call in re.finditer(rf"perform desk\.{name}\(", written)
        for kind in re.findall("'([a-z_]+)'", arguments_of(written[call.start() :])[place])
    }
    kinds |= {"delivered", "delayed", "bounced", "complained"}  # the states that are reported
    assert kinds >= {"created", "replied", "sent", "quarantined", "webhook_disabled"}
    with psycopg.connect(database) as connection:
        row = connection.execute("select desk.webhook_types()").fetchone()
    assert row
    types = set(row[0])
    ticketless = {"quarantined": "mail.quarantined", "webhook_disabled": "webhook.disabled"}
    recorded = {ticketless.get(kind, f"ticket.{kind}") for kind in kinds}
    assert recorded <= types, "a new kind belongs into desk.webhook_types and into docs/web.md"
    page = (root / "docs/web.md").read_text("utf-8")
    told = re.findall(r"^\| `((?:ticket|mail|webhook)\.[a-z_]+)` \|", page, re.M)
    assert set(told) == types | {"webhook.test"}


async def test_a_webhook_that_is_added_twice_is_one(desk: Desk) -> None:
    request, secret = uuid4(), new_secret()
    first = await desk.add_webhook(URL, secret, request_id=request)
    second = await desk.add_webhook(URL, secret, request_id=request)
    assert first == second and first.id == request
    assert isinstance(first.id, UUID)
    assert len(await desk.list_webhooks()) == 1
    await desk.remove_webhook(first.id)
    await desk.remove_webhook(first.id)
    assert await desk.list_webhooks() == []
