"""A mailbox at work in the daemon: what it takes in, and what leaves from it.

Of several daemons on one database one works on a mailbox, as long as its lease runs. Whether it still does is
asked of a clock of our own, counted from before the database was asked: a daemon that was cut off from the
database, or slept, stops by itself before another one may begin.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.config import Settings
from core.desk import Desk
from core.models import Mailbox as Known
from sync.arrivals import Arrivals
from sync.expiry import Expiry
from sync.mailbox import Mailbox
from sync.outbound import Outbox, send_due
from sync.renewal import renewal_of
from sync.status import show_statuses
from sync.supervisor import Round, Work
from sync.verification import DailyVerification
from sync.worker import elapsed

LEASE_SECONDS = 60.0
_SPARE_SECONDS = 5.0
"""So much earlier we take our own lease for over."""
_OUTBOX_SECONDS = 0.5
_LABEL_SECONDS = 2.0
_ELSEWHERE = 5.0
"""How often to ask whether the daemon that has the lease is gone."""
_TOLD_SECONDS = 60.0
"""How often to look although the provider tells of news: what it tells may be lost."""


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
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    """Rung when there is new mail."""
    is_told: Callable[[], bool] = lambda: False
    """Whether news come by themselves at the moment."""
    watched_until: datetime | None = None
    woken_at: datetime | None = None
    """When somebody last said that there is new mail, as far as we have heard."""
    sent: int = 0
    clock: Callable[[], float] = elapsed
    _ours_until: float = float("-inf")
    _is_released: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether the lease is."""
        return self.clock() < self._ours_until

    def goes_on(self) -> bool:
        return self.is_ours and not self.stop.is_set()

    def parts(self) -> Iterator[tuple[str, Work, asyncio.Event | None]]:
        """What goes on here side by side, by name, with what ends its pauses; a part that fails is started
        again, alone."""
        yield "lease", self.hold, None
        for name, part in PARTS:
            if (work := part(self)) is not None:
                yield name, self._while_ours(work), self.bell if name == "intake" else None

    def _while_ours(self, work: Work) -> Work:
        async def when_it_is() -> Round:
            return await work() if self.is_ours else Round(_OUTBOX_SECONDS)

        return when_it_is

    async def hold(self) -> Round:
        """Take the lease, or keep it."""
        asked_at, was_ours = self.clock(), self.is_ours
        found = await self.desk.lease_mailbox(self.known.id, self.outbox.worker, LEASE_SECONDS)
        if found is None:
            self._ours_until = float("-inf")
            return Round(_ELSEWHERE)
        if not was_ours:  # another daemon may have read on meanwhile
            self.arrivals.cursor = found.cursor
            self.watched_until = found.watched_until
            self._is_released = False
        self._ours_until = asked_at + LEASE_SECONDS - _SPARE_SECONDS
        return Round(LEASE_SECONDS / 4)

    async def take_in(self) -> Round:
        await self.arrivals.take_in()
        pause = max(self.mailbox.poll_seconds, _TOLD_SECONDS) if self._hears() else self.mailbox.poll_seconds
        return Round(pause, self.arrivals.problem)

    def _hears(self) -> bool:
        return self.watched_until is not None and self.watched_until > self.now() and self.is_told()

    async def send(self) -> Round:
        await self.mailbox.ready()
        if not self._is_released:
            await self.desk.release_outgoing(self.outbox.worker, self.known.id)
        self._is_released = False  # a claim that could not be settled is given back by the next round
        self.sent += await send_due(self.desk, self.outbox, self.now, self.goes_on)
        self._is_released = True
        due = await self.desk.due_in(self.known.id)
        return Round(_OUTBOX_SECONDS if due is None else min(max(due, 0.02), _OUTBOX_SECONDS))

    async def show_statuses(self) -> Round:
        label = self.settings.google.label
        await show_statuses(self.desk, self.mailbox, self.known.id, label, self.goes_on)
        return Round(_LABEL_SECONDS)

    async def close(self) -> None:
        self.arrivals.reader.close()
        await self.mailbox.close()
        await self.desk.release_mailbox(self.known.id, self.outbox.worker)


def has_labels(post: Post) -> bool:
    return post.known.kind == "gmail" and bool(post.settings.google.label)


def expiry_of(post: Post) -> Work | None:
    return Expiry(post.settings, post.known.address, post.now).look if post.known.kind == "gmail" else None


Part = Callable[[Post], Work | None]
"""Makes one part of what goes on at a post; None where this mailbox has no use for it."""

PARTS: tuple[tuple[str, Part], ...] = (
    ("intake", lambda post: post.take_in),
    ("outbox", lambda post: post.send),
    ("watch", renewal_of),
    ("permission", expiry_of),
    ("labels", lambda post: post.show_statuses if has_labels(post) else None),
    ("verification", lambda post: DailyVerification(post.desk, post.known, post.arrivals, post.now).look),
)
"""Each works only as long as the lease is ours."""
