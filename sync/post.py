"""A mailbox at work in the daemon: what it takes in, and what leaves from it.

Of several daemons on one database one works on a mailbox, as long as its lease runs.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.config import Settings
from core.desk import Desk
from core.models import Mailbox as Known
from sync.arrivals import Arrivals
from sync.mailbox import Mailbox
from sync.outbound import Outbox, send_due
from sync.supervisor import Round, Work

LEASE_SECONDS = 60.0
_OUTBOX_SECONDS = 0.5
_ELSEWHERE = 5.0
"""How often to ask whether the daemon that has the lease is gone."""


@dataclass(slots=True)
class Post:
    settings: Settings
    desk: Desk
    known: Known
    mailbox: Mailbox
    arrivals: Arrivals
    outbox: Outbox
    now: Callable[[], datetime]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    is_ours: bool = False
    """Whether the lease is."""
    _is_released: bool = False

    def parts(self) -> Iterator[tuple[str, Work]]:
        """What goes on here side by side, by name; a part that fails is started again, alone."""
        yield "lease", self.hold
        for name, part in PARTS:
            if (work := part(self)) is not None:
                yield name, self._while_ours(work)

    def _while_ours(self, work: Work) -> Work:
        async def when_it_is() -> Round:
            return await work() if self.is_ours else Round(_OUTBOX_SECONDS)

        return when_it_is

    async def hold(self) -> Round:
        """Take the lease, or keep it."""
        self.is_ours = await self.desk.lease_mailbox(self.known.id, self.outbox.worker, LEASE_SECONDS)
        return Round(LEASE_SECONDS / 4 if self.is_ours else _ELSEWHERE)

    async def take_in(self) -> Round:
        await self.arrivals.take_in()
        return Round(self.mailbox.poll_seconds, self.arrivals.problem)

    async def send(self) -> Round:
        await self.mailbox.ready()
        if not self._is_released:
            await self.desk.release_outgoing(self.outbox.worker)
        self._is_released = False  # a claim that could not be settled is given back by the next round
        self.sent += await send_due(self.desk, self.outbox, self.now, lambda: not self.stop.is_set())
        self._is_released = True
        due = await self.desk.next_due(self.known.id)
        until = (due - self.now()).total_seconds() if due else _OUTBOX_SECONDS
        return Round(min(max(until, 0.02), _OUTBOX_SECONDS))

    async def close(self) -> None:
        await self.mailbox.close()
        await self.desk.release_mailbox(self.known.id, self.outbox.worker)


Part = Callable[[Post], Work | None]
"""Makes one part of what goes on at a post; None where this mailbox has no use for it."""

PARTS: tuple[tuple[str, Part], ...] = (
    ("intake", lambda post: post.take_in),
    ("outbox", lambda post: post.send),
)
"""Each works only as long as the lease is ours."""
