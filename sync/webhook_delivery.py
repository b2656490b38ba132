"""What is due at one webhook is sent, and what came of it is noted.

A daemon may die between the two, and then the receiver gets the message once more, under the same id. Two
never send the same at once: what is claimed is ours for longer than all of it can take, and by a clock that
goes on while the machine sleeps.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from core.config import Settings
from core.desk import Desk
from core.webhooks import ClaimedDeliveries, ClaimedDelivery
from sync.supervisor import Round, progress
from sync.webhook_address import host_of
from sync.webhook_client import Answered, WebhookClient, encode, message_id, sign
from sync.worker import elapsed

_BATCH = 8
"""Messages that are claimed at once."""
_AT_ONCE = 4
"""Messages that are on their way to one webhook at the same time, each about another ticket."""
_MARGIN = 60.0
_IDLE_SECONDS = 60.0
_GONE = 410
WAITS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds from one attempt to the next, as Standard Webhooks suggests: 75 hours, then it is given up."""
_JITTER = 0.2
_LONGEST_WAIT = 86_400.0
_LONGEST_REST = 60.0
"""Seconds for which a receiver that took nothing at all is left alone, however much waits for it."""
_logger = logging.getLogger("ttydesk.webhook")


def wait_after(attempts: int, retry_after: float = 0.0) -> float | None:
    """Seconds until the next attempt, not the same for all that failed together; None after the last one."""
    if attempts > len(WAITS):
        return None
    wait = max(WAITS[attempts - 1], min(retry_after, _LONGEST_WAIT))
    return wait * random.uniform(1, 1 + _JITTER)


@dataclass(slots=True)
class Deliveries:
    """Those of one webhook."""

    webhook_id: UUID
    url: str
    settings: Settings
    desk: Desk
    worker: str
    client: WebhookClient
    asking: asyncio.Semaphore
    """Held while the database is asked: a storm of webhooks leaves it to the mail."""
    turn: Callable[[], Awaitable[None]]
    """Waited for before each message."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = elapsed
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    _in_vain: int = 0
    """Batches in a row of which nothing came through."""
    _rests_until: float = 0.0
    _sending: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    @property
    def host(self) -> str:
        """All of the address that a log may hold."""
        return host_of(self.url)

    @property
    def _claim_seconds(self) -> float:
        return _BATCH * self.settings.webhooks.timeout_seconds + _MARGIN

    async def deliver(self) -> Round:
        """One batch. What cannot come through yet is not even tried, and loses none of its attempts."""
        begun = self.clock()
        if begun < self._rests_until:
            return Round(self._rests_until - begun)
        async with self.asking:
            claimed = await self.desk.claim_webhook_deliveries(
                self.webhook_id, self.worker, self._claim_seconds, _BATCH
            )
        if claimed is None:
            return Round(_IDLE_SECONDS)
        until = begun + self._claim_seconds - self.settings.webhooks.timeout_seconds - _MARGIN / 2
        of_ticket: dict[int | None, list[ClaimedDelivery]] = defaultdict(list)
        for one in claimed.deliveries:
            of_ticket[one.number].append(one)
        work = [self._in_turn(claimed, group, until) for group in of_ticket.values()]
        came_through = 0
        for done in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(done, BaseException):
                raise done
            came_through += done
        self._in_vain = 0 if came_through else self._in_vain + 1
        if self._in_vain:
            self._rests_until = self.clock() + min(2.0 ** min(self._in_vain - 1, 10), _LONGEST_REST)
        return Round(0)

    async def _in_turn(
        self, claimed: ClaimedDeliveries, group: Sequence[ClaimedDelivery], until: float
    ) -> int:
        """In the order in which it happened to a ticket, unless some fail. How many came through."""
        came_through = 0
        for one in group:
            async with self._sending:
                await self.turn()
                if self.stop.is_set() or self.clock() > until:
                    break  # whoever claims it next sends it
                answered = await self._send(claimed, one)
            progress()
            await self._settle(one, answered)
            came_through += answered.error is None
        return came_through

    async def _send(self, claimed: ClaimedDeliveries, one: ClaimedDelivery) -> Answered:
        body = encode(one.payload)
        secrets = [secret.get_secret_value() for secret in claimed.secrets]
        headers = sign(secrets, message_id(one.message_id), self.now(), body)
        return await self.client.post(claimed.url, headers, body)

    async def _settle(self, one: ClaimedDelivery, answered: Answered) -> None:
        is_gone = answered.status == _GONE
        wait = None if is_gone or not answered.error else wait_after(one.attempts, answered.retry_after)
        if answered.error:
            _logger.info(
                "A message to the webhook at %s did not come through (attempt %d, %s): %s",
                self.host,
                one.attempts,
                "given up" if wait is None else f"again in {wait:.0f} s",
                answered.error,
                extra={"delivery": one.id, "attempt": one.attempts, "again_seconds": wait},
            )
        async with self.asking:
            await self.desk.settle_webhook_delivery(
                one.id, self.worker, one.attempts, answered.status, answered.said, answered.error, wait,
                is_gone,
            )  # fmt: skip
