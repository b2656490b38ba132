"""Webhooks, through every door."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.webhooks import ClaimedDeliveries, Webhook, WebhookState, new_secret
from tests.core.contract.door import AWKWARD, Door
from tests.mails import mail

URL = 'https://hooks.example.com/a,"b"?x={1}&y=\\2'
LONG_AGO = datetime(2020, 1, 1, 12, 0, 0, 654321, tzinfo=UTC)


async def added(door: Door, *events: str) -> Webhook:
    return await door.ada.add_webhook(URL, new_secret(), events)


async def claimed(door: Door, webhook: Webhook, *names: str) -> ClaimedDeliveries:
    """Deliveries of these mails."""
    for name in names:
        await door.service.receive_mail(mail(name, content=AWKWARD))
    await door.service.queue_webhook_deliveries()
    found = await door.service.claim_webhook_deliveries(webhook.id, "test")
    assert found
    return found


async def test_add_webhook(door: Door) -> None:
    request, secret = uuid4(), new_secret()
    wanted = (URL, secret, ["ticket.created", "ticket.noted"], True, AWKWARD, request)
    first, again = await door.ada.add_webhook(*wanted), await door.ada.add_webhook(*wanted)
    assert first == again
    assert (first.url, first.events, first.notes, first.description) == (URL, wanted[2], True, AWKWARD)
    assert (first.created_by, first.active) == ("ada@example.com", True)
    assert (await door.service.add_webhook(URL, secret)).created_by is None
    with pytest.raises(Forbidden, match="Only an admin may do that"):
        await door.grace.add_webhook(URL, secret)
    with pytest.raises(Invalid, match="no address") as raised:
        await door.ada.add_webhook("https://ada@example.com/", secret)
    assert raised.value.hint and "https://example.com/hooks" in raised.value.hint


async def test_update_webhook(door: Door) -> None:
    webhook = await added(door)
    changed = await door.ada.update_webhook(
        webhook.id,
        {"events": ["ticket.sent"], "description": AWKWARD, "secret": new_secret(), "active": False},
    )
    assert (changed.events, changed.description, changed.active) == (["ticket.sent"], AWKWARD, False)
    for wrong, kind, words in (
        ({"colour": "blue"}, Invalid, "no field colour"),
        ({"events": ["ticket.eaten"]}, Invalid, r"no event ticket\.eaten"),
        ({"secret": "x"}, Invalid, "no secret"),
    ):
        with pytest.raises(kind, match=words):
            await door.ada.update_webhook(webhook.id, wrong)
    with pytest.raises(NotFound, match="There is no webhook"):
        await door.ada.update_webhook(uuid4(), {})


async def test_list_webhooks(door: Door) -> None:
    webhook = await added(door)
    await door.service.receive_mail(mail("a"))
    await door.service.queue_webhook_deliveries()
    (found,) = await door.ada.list_webhooks()
    assert (found.id, found.waiting, found.failed) == (webhook.id, 1, 0)
    with pytest.raises(Forbidden):
        await door.grace.list_webhooks()


async def test_remove_webhook(door: Door) -> None:
    webhook = await added(door)
    await door.ada.remove_webhook(webhook.id)
    assert await door.ada.list_webhooks() == []


async def test_list_webhook_deliveries(door: Door) -> None:
    webhook = await added(door)
    await claimed(door, webhook, "a", "b", "c")
    whole = await door.ada.list_webhook_deliveries(webhook.id, payloads=True)
    assert [one.number for one in whole] == [1003, 1002, 1001]
    assert whole[0].payload and whole[0].payload["data"]["message"]["content"] == AWKWARD
    page = await door.ada.list_webhook_deliveries(webhook.id, WebhookState.SENDING, whole[0].id, 1)
    assert [(one.number, one.payload) for one in page] == [(1002, None)]
    assert await door.ada.list_webhook_deliveries(webhook.id, WebhookState.FAILED) == []


async def test_replay_webhook(door: Door) -> None:
    webhook = await added(door, "ticket.created")
    first, second = (await claimed(door, webhook, "a", "b")).deliveries
    await door.service.settle_webhook_delivery(first.id, "test", 1, 200)
    await door.service.settle_webhook_delivery(second.id, "test", 1, 500, AWKWARD, "It failed.")
    assert await door.ada.replay_webhook(webhook.id, [first.id]) == 1
    assert await door.ada.replay_webhook(webhook.id, since=LONG_AGO) == 2
    with pytest.raises(NotFound, match="no delivery 99"):
        await door.ada.replay_webhook(webhook.id, [99])


async def test_test_webhook(door: Door) -> None:
    webhook, request = await added(door), uuid4()
    first = await door.ada.test_webhook(webhook.id, request)
    assert first == await door.ada.test_webhook(webhook.id, request)
    assert (first.type, first.message_id, first.state) == ("webhook.test", request, WebhookState.WAITING)
    await door.ada.update_webhook(webhook.id, {"active": False})
    with pytest.raises(Conflict, match="switched off"):
        await door.ada.test_webhook(webhook.id)


async def test_webhooks_due(door: Door) -> None:
    assert (await door.service.webhooks_due()).webhooks == []
    webhook = await added(door)
    await door.service.receive_mail(mail("a"))
    due = await door.service.webhooks_due()
    assert due.behind
    assert [(one.id, one.url, one.due_in) for one in due.webhooks] == [(webhook.id, URL, None)]
    await door.service.queue_webhook_deliveries()
    due = await door.service.webhooks_due()
    assert not due.behind
    assert [one.due_in for one in due.webhooks] == [0.0]


async def test_queue_webhook_deliveries(door: Door) -> None:
    webhook = await added(door)
    for name in ("a", "b", "c"):
        await door.service.receive_mail(mail(name))
    while await door.service.queue_webhook_deliveries(limit=2):
        pass
    assert len(await door.ada.list_webhook_deliveries(webhook.id)) == 3


async def test_claim_webhook_deliveries(door: Door) -> None:
    secret, request = new_secret(), uuid4()
    webhook = await door.ada.add_webhook(URL, secret)
    for name in ("a", "b"):
        await door.service.receive_mail(mail(name))
    await door.service.queue_webhook_deliveries()
    first = await door.service.claim_webhook_deliveries(webhook.id, "w,{1}", 60.5, 1, request)
    again = await door.service.claim_webhook_deliveries(webhook.id, "w,{1}", 60.5, 1, request)
    assert first and first == again
    assert (first.url, [one.get_secret_value() for one in first.secrets]) == (URL, [secret])
    assert [(one.number, one.attempts) for one in first.deliveries] == [(1001, 1)]
    second = await door.service.claim_webhook_deliveries(webhook.id, "other")
    assert second and [one.number for one in second.deliveries] == [1002]
    assert await door.service.claim_webhook_deliveries(webhook.id, "other") is None
    assert await door.service.claim_webhook_deliveries(uuid4(), "other") is None


async def test_settle_webhook_delivery(door: Door) -> None:
    webhook = await added(door)
    (one,) = (await claimed(door, webhook, "a")).deliveries
    await door.service.settle_webhook_delivery(one.id, "test", 1, 503, AWKWARD, "It failed.", 0.0)
    (noted,) = await door.ada.list_webhook_deliveries(webhook.id)
    assert (noted.state, noted.status, noted.answer) == (WebhookState.WAITING, 503, AWKWARD)
    assert await door.service.settle_webhook_delivery(one.id, "other", 1) is False
    (again,) = (await claimed(door, webhook)).deliveries
    await door.service.settle_webhook_delivery(again.id, "test", 2, 410, "", "It is gone.", None, True)
    (now,) = await door.ada.list_webhooks()
    assert (now.active, now.failed) == (False, 1)


async def test_release_webhook_deliveries(door: Door) -> None:
    webhook = await added(door)
    (one,) = (await claimed(door, webhook, "a")).deliveries
    await door.service.release_webhook_deliveries("other")
    assert await door.service.claim_webhook_deliveries(webhook.id, "other") is None
    await door.service.release_webhook_deliveries("test")
    again = await door.service.claim_webhook_deliveries(webhook.id, "other")
    assert again and [each.message_id for each in again.deliveries] == [one.message_id]


async def test_forget_webhook_deliveries(door: Door) -> None:
    webhook = await added(door)
    one, _ = (await claimed(door, webhook, "a", "b")).deliveries
    await door.service.settle_webhook_delivery(one.id, "test", 1, 200)
    await door.service.forget_webhook_deliveries(LONG_AGO)
    assert len(await door.ada.list_webhook_deliveries(webhook.id)) == 2
    await door.service.forget_webhook_deliveries(datetime.now(UTC).replace(year=2100))
    assert [left.number for left in await door.ada.list_webhook_deliveries(webhook.id)] == [1002]
