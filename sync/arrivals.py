"""New mail of a mailbox, taken in: every round asks what is there, and settles what the ledger does not
have.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.desk import Desk
from core.errors import StorageFailed, Unreachable
from core.models import Outcome
from sync.inbound import settle
from sync.mailbox import Mailbox
from sync.reading import Intake, prepare
from sync.receiving import Origin

_AHEAD = 4
"""Mails that are made ready while one is entered: the disk is slow, but writes many files as fast as one."""
_PAGE = 1000
_POSTPONED = timedelta(seconds=30)
_NOTED = timedelta(seconds=30)
"""This often the database is told that the mailbox was read, also when there was nothing in it."""
_logger = logging.getLogger("ttydesk.inbound")


@dataclass(slots=True)
class Arrivals:
    desk: Desk
    intake: Intake
    mailbox: Mailbox
    mailbox_id: UUID
    now: Callable[[], datetime]
    cursor: str | None = None
    goes_on: Callable[[], bool] = lambda: True
    """Asked between two mails."""
    counts: Counter[Outcome] = field(default_factory=Counter)
    """What became of the mails of this life."""
    _postponed: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """Mails that cannot be read or moved: when to try again, and why."""
    _noted: str | None = None
    """The problem the database was last told of."""
    _noted_at: datetime | None = None

    async def take_in(self) -> int:
        """One round; returns how many mails were settled.

        A mail that the mailbox cannot give is left there and named by `problem`; the others are taken in.
        """
        before = self.counts.total()
        try:
            news = await self.mailbox.news(self.cursor)
            ids = [*news.fresh, *await self._unsettled(news.perhaps)]
            await self._settle_all([id for id in ids if self._is_due(id)])
        except (StorageFailed, Unreachable) as error:
            await self._note(str(error))
            raise
        left = set(ids)
        self._postponed = {id: why for id, why in self._postponed.items() if id in left}
        if not self._postponed and self.goes_on():
            self.cursor = news.cursor
        is_stale = self._noted_at is None or self.now() - self._noted_at >= _NOTED
        if self.counts.total() > before or self.problem != self._noted or is_stale:
            await self._note(self.problem)
        return self.counts.total() - before

    @property
    def problem(self) -> str | None:
        """A sentence about mails that are left in the mailbox."""
        if not self._postponed:
            return None
        more = len(self._postponed) - 1
        sentence = next(iter(self._postponed.values()))[1]
        return f"{sentence} So are {more} more." if more else sentence

    def _is_due(self, id: str) -> bool:
        return id not in self._postponed or self._postponed[id][0] <= self.now()

    async def _note(self, problem: str | None) -> None:
        await self.desk.save_cursor(self.mailbox_id, self.cursor, problem)
        self._noted, self._noted_at = problem, self.now()

    async def _unsettled(self, ids: Sequence[str]) -> list[str]:
        """Those the ledger does not have; of the others the mailbox is told."""
        left: list[str] = []
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            settled = set(await self.desk.settled_deliveries(self.mailbox_id, page))
            for id in page:
                if id in settled:
                    await self.mailbox.settle(id)
                else:
                    left.append(id)
        return left

    async def _settle_all(self, ids: Sequence[str]) -> None:
        """One after the other; while the database takes one in, the next ones are read, parsed and stored."""
        waiting = deque(ids)
        self.mailbox.expect(ids)
        ahead: deque[tuple[str, asyncio.Task[dict[str, Any] | None]]] = deque()
        try:
            while (waiting or ahead) and self.goes_on():
                while waiting and len(ahead) < _AHEAD:
                    id = waiting.popleft()
                    ahead.append((id, asyncio.create_task(self._prepared(id))))
                id, task = ahead.popleft()
                if mail := await task:
                    await self._settle(id, mail)
        finally:
            for _, task in ahead:
                task.cancel()
            await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)

    async def _prepared(self, id: str) -> dict[str, Any] | None:
        """The mail for the desk; None when the mailbox does not give it."""
        try:
            arrival = await self.mailbox.fetch(id)
        except StorageFailed as error:
            self._postpone(id, error)
            return None
        if arrival is None:
            return None
        origin = Origin(self.mailbox_id, id, arrival.received_at, thread_id=arrival.thread_id)
        return await asyncio.to_thread(prepare, self.intake, arrival.raw, origin, self.now())

    async def _settle(self, id: str, mail: dict[str, Any]) -> None:
        received = await settle(self.desk, mail)
        self.counts[received.outcome] += 1
        _logger.info("Mail %s: %s.", received.raw_mail, received.outcome)
        self._postponed.pop(id, None)
        try:
            await self.mailbox.settle(id)
        except StorageFailed as error:
            self._postpone(id, error)

    def _postpone(self, id: str, error: StorageFailed) -> None:
        self._postponed[id] = (self.now() + _POSTPONED, str(error))
