"""Webhooks: events become messages, and each webhook is sent its own, side by side with the others.

The database is asked at each nudge what there is to do. One webhook whose receiver is slow, or does not
answer, holds up itself alone.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.config import Settings
from core.desk import Desk
from core.webhooks import WebhookDue, WebhooksDue
from sync.supervisor import Pulse, Report, Round, Supervisor, progress
from sync.webhook_client import WebhookClient, trusted
from sync.webhook_delivery import Deliveries

KEPT = timedelta(days=30)
"""How long the log keeps what has come to its end."""
_LOOK_SECONDS = 5.0
_FOLLOW_SECONDS = 0.1
_ASKING = 2
"""So many of the database's connections the webhooks take at most, of four."""
_TOLD_AFTER = timedelta(minutes=10)
"""What fails for so long is a problem that is told."""
Begin = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(slots=True)
class Webhooks:
    settings: Settings
    desk: Desk
    worker: str
    now: Callable[[], datetime]
    report: Report
    pulse: Pulse
    problems: dict[str, str]
    """Of all parts of the daemon, by name."""
    begin: Begin | None = None
    """Begins a task that the daemon waits for at its end; without it only `once` can be asked for."""
    _kept: dict[UUID, Deliveries] = field(default_factory=dict)
    _asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_ASKING))
    _context: ssl.SSLContext | None = None
    _released: bool = False
    _over: bool = False

    async def follow(self) -> Round:
        """As long as there are webhooks."""
        due = await self._look(await self.desk.webhooks_due())
        if due.webhooks:
            async with aclosing(self.desk.follow_webhooks()) as following:
                async for due in following:
                    progress()
                    if not (await self._look(due)).webhooks:
                        break
                    await asyncio.sleep(_FOLLOW_SECONDS)
        return Round(_LOOK_SECONDS)

    async def once(self) -> None:
        """What is due now, once."""
        due = await self._queued(await self.desk.webhooks_due())
        made = [await self._made(one) for one in due.webhooks]
        await asyncio.gather(*map(self._once, made))

    def break_off(self) -> None:
        """Nothing more is begun, and what is under way comes to its end."""
        self._over = True
        for one in self._kept.values():
            one.stop.set()

    async def _look(self, due: WebhooksDue) -> WebhooksDue:
        """Begin with those that are new, leave those that are gone, wake those that have something due."""
        due = await self._queued(due)
        active = {one.id: one for one in due.webhooks}
        for id, deliveries in self._kept.items():
            if id not in active or active[id].url != deliveries.url:
                deliveries.stop.set()  # and it is begun with anew
        for one in due.webhooks:
            if one.id not in self._kept:
                made = await self._made(one)
                if self._over or self.begin is None:
                    break
                self._kept[one.id] = made
                self.begin(self._keep(made))
            self.report(_name(self._kept[one.id]), self._problem(one))
            if one.due_in == 0:
                self._kept[one.id].bell.set()
        return due

    async def _queued(self, due: WebhooksDue) -> WebhooksDue:
        if not self._released:
            await self.desk.release_webhook_deliveries(self.worker)
            self._released = True
        while due.behind and await self.desk.queue_webhook_deliveries():
            progress()
            due = await self.desk.webhooks_due()
        return due

    async def _made(self, one: WebhookDue) -> Deliveries:
        if self._context is None:
            self._context = await asyncio.to_thread(trusted)
        wanted = self.settings.webhooks
        client = WebhookClient(self._context, wanted.allow_private, wanted.timeout_seconds)
        return Deliveries(
            one.id, one.url, self.settings, self.desk, self.worker, client, self._asking, self.now
        )

    async def _keep(self, deliveries: Deliveries) -> None:
        supervisor = Supervisor(deliveries.stop, self.report, self.pulse)
        name = _name(deliveries)
        try:
            await supervisor.keep(f"deliveries to {name}", deliveries.deliver, deliveries.bell)
        finally:
            del self._kept[deliveries.webhook_id]
            for part in (name, f"deliveries to {name}"):
                self.problems.pop(part, None)
            await deliveries.client.close()

    async def _once(self, deliveries: Deliveries) -> None:
        try:
            while not (await deliveries.deliver()).pause:
                progress()
        finally:
            await deliveries.client.close()

    def _problem(self, one: WebhookDue) -> str:
        if one.failing_since is None or self.now() - one.failing_since < _TOLD_AFTER:
            return ""
        since = one.failing_since.astimezone().strftime("%Y-%m-%d %H:%M")
        return f"Nothing comes through since {since}. {one.last_error or ''}".strip()


def _name(deliveries: Deliveries) -> str:
    return f"webhook {deliveries.webhook_id.hex[:8]} at {deliveries.host}"
