"""Webhooks: events become messages, and each webhook is sent its own, side by side with the others.

The database is asked at each nudge what there is to do. One webhook whose receiver is slow, or does not
answer, holds up itself alone.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
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
from sync.worker import elapsed

KEPT = timedelta(days=30)
"""How long the log keeps what has come to its end."""
_LOOK_SECONDS = 5.0
_FOLLOW_SECONDS = 0.1
_ASKING = 2
"""So many of the database's connections the webhooks take at most, of four."""
_RUSH_SECONDS = 2.0
"""Mail that came within so long is a rush: it goes first."""
_IN_A_RUSH = 20.0
"""Messages a second, to all webhooks together, while mail comes in; else as many as the receivers take."""
_QUEUED = 500
_QUEUED_IN_A_RUSH = 25
"""Events that become deliveries at once, for each webhook; in a rush, a second."""
_REST_SECONDS = 1.0
_TOLD_AFTER = timedelta(minutes=10)
"""What fails for so long is a problem that is told."""


class Turns:
    """Webhooks take turns where there is mail to take in: it must not wait for them."""

    def __init__(
        self,
        received: Callable[[], int],
        clock: Callable[[], float] = elapsed,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`received` is how many mails there have been."""
        self._received = received
        self._clock = clock
        self._sleep = sleep
        self._seen = received()
        self._came_at = float("-inf")
        self._next = float("-inf")

    def is_rush(self) -> bool:
        now = self._clock()
        if (received := self._received()) != self._seen:
            self._seen, self._came_at = received, now
        return now - self._came_at < _RUSH_SECONDS

    async def wait(self) -> None:
        if self.is_rush():
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + 1 / _IN_A_RUSH
            await self._sleep(turn - now)


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
    turns: Turns
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
                    while (due := await self._look(due)).behind:
                        await asyncio.sleep(_REST_SECONDS)
                        progress()
                        due = await self.desk.webhooks_due()
                    if not due.webhooks:
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
        if due.webhooks and not self._released:
            await self.desk.release_webhook_deliveries(self.worker)
            self._released = True
        while due.behind:
            is_rush = self.turns.is_rush()
            if not await self.desk.queue_webhook_deliveries(_QUEUED_IN_A_RUSH if is_rush else _QUEUED):
                break  # another daemon is at it
            progress()
            due = await self.desk.webhooks_due()
            if is_rush:
                break
        return due

    async def _made(self, one: WebhookDue) -> Deliveries:
        if self._context is None:
            self._context = await asyncio.to_thread(trusted)
        wanted = self.settings.webhooks
        client = WebhookClient(self._context, wanted.allow_private, wanted.timeout_seconds)
        return Deliveries(
            one.id, one.url, self.settings, self.desk, self.worker, client, self._asking, self.turns.wait,
            self.now,
        )  # fmt: skip

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
