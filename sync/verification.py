"""The daily comparison of a mailbox with the ledger: what is missing is taken in, what was found is kept."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.desk import Desk
from core.models import Mailbox as Known
from core.text import safe_line
from core.verified import Verified
from sync.arrivals import Arrivals
from sync.supervisor import Round
from sync.verify import compare

EVERY = timedelta(days=1)
_SPAN = timedelta(days=31)
"""So far back it looks, but for the first time, which is about everything: each mail is looked at some thirty
times."""
_LONGEST_PAUSE = 600.0
_UNTIL_READ = 5.0
_logger = logging.getLogger("ttydesk.verification")


@dataclass(slots=True)
class DailyVerification:
    desk: Desk
    known: Known
    arrivals: Arrivals
    now: Callable[[], datetime]

    async def look(self) -> Round:
        """Compare when a day has passed; says how long to wait until the next time."""
        if not self.arrivals.was_read:
            return Round(_UNTIL_READ)
        verified_at = self.known.verified_at
        wait = (verified_at + EVERY - self.now()).total_seconds() if verified_at else 0.0
        if wait > 0:
            return Round(min(wait, _LONGEST_PAUSE))
        await self._compare()
        return Round(_LONGEST_PAUSE)

    async def _compare(self) -> None:
        since = self.known.since
        if self.known.verified is not None:
            since = max(since, self.now() - _SPAN)
        known = self.known.model_copy(update={"cursor": self.arrivals.cursor})
        found = await compare(self.desk, known, self.arrivals.mailbox, since)
        self.arrivals.missing.update(dict.fromkeys(found.missing))
        verified = Verified(
            since=since,
            checked=found.checked,
            waiting=len(found.waiting),
            missing=len(found.missing),
            gone=len(found.gone),
        )
        await self.desk.save_verification(self.known.id, verified)
        self.known = self.known.model_copy(update={"verified_at": self.now(), "verified": verified})
        level = logging.WARNING if found.missing else logging.INFO
        _logger.log(level, "The mailbox %s was verified: %s.", safe_line(self.known.name), verified.sentence)
