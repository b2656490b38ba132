"""The stamp on a form that is handed out: when that was, and by what name it is known when it comes back.

By its name a form that comes twice is known for the same. By its time a robot is known, which sends a form as
soon as it has it; and forms cannot be kept in store for long.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from web.seal import Seal

LEAST = timedelta(seconds=2)
"""Nobody fills in a form in less."""
MOST = timedelta(days=1)


@dataclass(frozen=True)
class Stamp:
    issued_at: datetime
    submission: UUID

    @classmethod
    def new(cls, now: datetime) -> "Stamp":
        return cls(now, uuid4())

    @classmethod
    def read(cls, text: str, seal: Seal) -> "Stamp | None":
        """None: it is none of ours."""
        match seal.open(text):
            case [int(issued), str(submission)]:
                return cls(datetime.fromtimestamp(issued, UTC), UUID(submission))
        return None

    def write(self, seal: Seal) -> str:
        return seal.close([int(self.issued_at.timestamp()), str(self.submission)])

    def renewed(self, now: datetime) -> "Stamp":
        """The same submission with a day before it, where there is none left."""
        return replace(self, issued_at=now) if now - self.issued_at > MOST else self

    def fault(self, now: datetime) -> str | None:
        """Why it does not count at this moment."""
        age = now - self.issued_at
        if age < LEAST:
            return "That was quicker than people write. Please send it once more."
        if age > MOST:
            return "This page was open for more than a day. Please look it over and send it once more."
        return None
