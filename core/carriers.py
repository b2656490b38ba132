"""What carries mail, as the operations of core/mailroom.py return it. Part of `core.models`."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from core.verified import Verified


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Mailbox(Record):
    id: UUID
    name: str
    kind: str
    address: str
    display_name: str
    department: str | None
    signature: str
    cursor: str | None
    connected: bool
    """Whether its mail is read and sent."""
    connected_at: datetime
    since: datetime
    """Mail that came before is not asked for."""
    synced_at: datetime | None
    watched_until: datetime | None
    """Until when the provider tells of news by itself."""
    leased_by: str | None
    """The daemon that works on it."""
    leased_until: datetime | None
    is_held: bool
    """Whether that daemon's lease still runs, by the clock of the database."""
    woken_at: datetime | None = None
    """When somebody last said that there is new mail."""
    lag_seconds: float | None = None
    """How old the oldest mail can be that was not taken in; None of one that is not connected."""
    last_error: str | None
    verified_at: datetime | None = None
    """When it was last held against the ledger."""
    verified: Verified | None = None

    @property
    def was_looked_at(self) -> bool:
        """Whether a daemon has read it, or tried to: a folder that is missing then has vanished."""
        return self.synced_at is not None or self.last_error is not None


class OutboxCount(Record):
    """What is on its way, and what did not get away."""

    waiting: int
    """Answers that have not left, those within their grace period too."""
    overdue_since: datetime | None
    """When the first of them could have left; None when none is late."""
    problem: str | None
    """Why the last attempt at one of them came to nothing."""
    failed: list[int]
    """Numbers of open tickets whose newest answer was given up."""


class QuarantineCount(Record):
    count: int
    oldest: datetime | None


class Daemon(Record):
    """A program that takes in mail and sends answers, on this machine or another."""

    worker: str
    """The name under which it holds mailboxes."""
    host: str
    home: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    silent_seconds: float
    """How long ago it said something, by the clock of the database."""
    received: int
    sent: int
    problems: dict[str, str]
