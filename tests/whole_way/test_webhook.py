"""Kill -9 around the moment in which a webhook is told: it hears of it, and always under the same id."""

import asyncio
from collections import Counter
from pathlib import Path

from core.desk import Desk
from core.webhooks import WebhookState, new_secret
from tests.mails import mail
from tests.sync.receiver import receiving
from tests.whole_way.lives import Lives

TOLD = {
    "before queue_webhook_deliveries": 1,
    "after queue_webhook_deliveries": 1,
    "after claim_webhook_deliveries": 1,
    "before settle_webhook_delivery": 2,
    "after settle_webhook_delivery": 1,
}
"""How often a receiver hears of something when the daemon is killed there once."""


async def test_whenever_the_daemon_is_killed_a_receiver_is_told(
    tmp_path: Path, database: str, service: Desk, lives: Lives
) -> None:
    secret = new_secret()
    async with receiving() as receiver:
        webhook = await service.add_webhook(receiver.url, secret)

        async def live(kill_at: str = "") -> bool:
            """Whether it was killed."""
            order = {"home": str(tmp_path), "database": database, "work": "daemon"}
            inside = {"webhooks": {"allow_private": True}}
            lived = await asyncio.to_thread(lambda: lives.live(kill_at or 0, **inside, **order))
            return bool(lived["killed"])

        for number, step in enumerate(TOLD, 1001):
            await service.receive_mail(mail(step))
            assert await live(step), step
            await live()
            told = [one for one in receiver.arrived if one.read(secret)["data"]["ticket"]["number"] == number]
            assert Counter(one.id for one in told) == {told[0].id: TOLD[step]}, step
            assert len({one.body for one in told}) == 1
    found = await service.list_webhook_deliveries(webhook.id)
    assert {one.state for one in found} == {WebhookState.DELIVERED}
    assert len(found) == len({one.id for one in receiver.arrived}) == len(TOLD)
