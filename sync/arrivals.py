"""New mail of a mailbox, taken in: every round asks what is there, and settles what the ledger does not
have.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.desk import Desk
from core.errors import StorageFailed, Unreachable
from core.models import Outcome
from sync.inbound import settle
from sync.mailbox import Arrival, Mailbox
from sync.reader import Reader
from sync.reading import Intake
from sync.receiving import Origin
from sync.supervisor import progress

_TOGETHER = 8
"""Mails that are stored at once: the disk is slow, but writes many files nearly as fast as one."""
_MUCH = 4_000_000
"""Bytes of mails that are enough to hold at once: a full batch of the largest would take half a gigabyte."""
_PAGE = 1000
_POSTPONED = timedelta(seconds=30)
_NOTED = timedelta(seconds=30)
"""This often the database is told that the mailbox was read, also when there was nothing in it."""
_logger = logging.getLogger("ttydesk.inbound")

_Stored = tuple[str, bytes, Origin]


def origin_of(mailbox_id: UUID, id: str, arrival: Arrival) -> Origin:
    return Origin(
        mailbox_id,
        id,
        arrival.received_at,
        thread_id=arrival.thread_id,
        is_sent=arrival.is_sent,
        is_spam=arrival.is_spam,
        ignore=arrival.ignore,
    )


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
    reader: Reader = field(default_factory=Reader)
    counts: Counter[Outcome] = field(default_factory=Counter)
    """What became of the mails of this life."""
    was_read: bool = False
    """Whether a whole round of this life is done."""
    missing: dict[str, None] = field(default_factory=dict)
    """Mails that no news told of; they are taken in with the next round."""
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
            perhaps = list(dict.fromkeys([*news.perhaps, *self.missing]))
            ids = [*news.fresh, *await self._unsettled(perhaps)]
            await self._settle_all([id for id in ids if self._is_due(id)])
        except (StorageFailed, Unreachable) as error:
            if self.goes_on():  # else it was broken off, which is no problem
                await self._note(str(error))
            raise
        left = set(ids)
        self._postponed = {id: why for id, why in self._postponed.items() if id in left}
        self.missing = {id: None for id in self.missing if id in self._postponed}
        if not self.goes_on():  # there may be more: this is not the moment up to which all is taken in
            return self.counts.total() - before
        if not self._postponed:
            self.cursor = news.cursor
            self.was_read = True
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
        """One after the other; while the database takes one in, the next one is read."""
        self.mailbox.expect(ids)
        settling: asyncio.Task[None] | None = None
        try:
            async with aclosing(self._read(ids)) as mails:
                async for id, mail in mails:
                    if settling:
                        await settling
                    if not self.goes_on():
                        return
                    settling = asyncio.create_task(self._settle(id, mail))
                    await asyncio.sleep(0)  # so that it is on its way before this thread reads the next
            if settling:
                await settling
        finally:
            if settling:  # it is nearly done, and cancelled it would have to be done again
                await asyncio.gather(settling, return_exceptions=True)

    async def _read(self, ids: Sequence[str]) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
        """The mails for the desk; while those of one batch are read, the next is fetched and stored."""
        waiting = deque(ids)
        storing = asyncio.create_task(self._store(waiting))
        try:
            while stored := await storing:
                storing = asyncio.create_task(self._store(waiting))
                for id, raw, origin in stored:
                    yield id, await self.reader.read(self.intake, raw, origin, self.now())
        finally:
            storing.cancel()
            await asyncio.gather(storing, return_exceptions=True)

    async def _store(self, waiting: deque[str]) -> list[_Stored]:
        """The next that the mailbox gives, with their bytes on the disk; none when there are no more."""
        stored: list[_Stored] = []
        size = 0
        while waiting and len(stored) < _TOGETHER and size < _MUCH:
            id = waiting.popleft()
            try:
                arrival = await self.mailbox.fetch(id)
            except StorageFailed as error:
                self._postpone(id, error)
                continue
            if arrival is None:
                _logger.info("A mail is no longer in the mailbox, or older than its connection.")
            else:
                size += len(arrival.raw)
                stored.append((id, arrival.raw, origin_of(self.mailbox_id, id, arrival)))
        await asyncio.to_thread(self.intake.files.put_many, "raw", [raw for _, raw, _ in stored])
        return stored

    async def _settle(self, id: str, mail: dict[str, Any]) -> None:
        received = await settle(self.desk, mail)
        self.counts[received.outcome] += 1
        progress()
        _logger.info(
            "Mail %s: %s.", received.raw_mail, received.outcome,
            extra={"raw_mail": received.raw_mail, "outcome": received.outcome, "ticket": received.number},
        )  # fmt: skip
        self._postponed.pop(id, None)
        try:
            await self.mailbox.settle(id)
        except StorageFailed as error:
            self._postpone(id, error)

    def _postpone(self, id: str, error: StorageFailed) -> None:
        self._postponed[id] = (self.now() + _POSTPONED, str(error))
