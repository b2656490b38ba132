"""How taking in and sending goes, for `ttydesk sync status`: the daemon of this home, those on other
machines, each mailbox, and what waits. The database knows all of it; where it is away, the daemon's own file
says what it did last.
"""

import asyncio
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.config import Settings
from core.connect import open_desk
from core.desk import Desk
from core.errors import DeskError, NotFound, StorageFailed, Unreachable
from core.models import Daemon, OutboxCount, QuarantineCount
from core.models import Mailbox as Known
from core.verified import Verified
from sync.heartbeat import Heartbeat, read_heartbeat
from sync.lock import holder
from sync.worker import worker_name

SILENT_SECONDS = 60.0
"""A daemon says every 15 seconds that it lives."""
_PATIENCE = 10.0
_TAKEN_BACK = "Google no longer"
"""So begins what the daemon notes when a permission was taken back or has run out."""

TokenState = Literal["kept", "missing", "unreadable", "revoked"]


class Token(BaseModel):
    """The permission of a mailbox at Gmail, as it is known here without asking Google."""

    state: TokenState
    granted_at: datetime | None = None
    expires_at: datetime | None = None


class Box(BaseModel):
    """A mailbox, and who minds it."""

    name: str
    kind: str
    address: str
    connected: bool
    last_success: datetime | None
    """When everything that had come was last taken in."""
    lag_seconds: float | None
    """How long ago that was: how old the oldest mail can be that the desk does not have."""
    cursor: str | None
    watched_until: datetime | None
    token: Token | None
    """None of a Maildir."""
    held_by: str | None
    """The host of the daemon that works on it."""
    is_ours: bool
    """Whether that is the one of this home."""
    verified_at: datetime | None
    """When it was last held against the ledger."""
    verified: Verified | None
    problem: str | None


class Minder(Daemon):
    """A daemon that works on this database, or did until it fell silent."""

    is_here: bool
    """Whether it is the one of this home."""
    is_alive: bool


class Overview(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    process: int | None
    """The daemon of this home, if it runs."""
    last: Heartbeat | None
    """What the daemon of this home last wrote down."""
    daemons: list[Minder] = []
    """All that work on this database, and those that fell silent."""
    mailboxes: list[Box] = []
    outbox: OutboxCount | None = None
    quarantine: QuarantineCount | None = None
    trouble: DeskError | None = Field(default=None, exclude=True)
    """Why the database could not be asked."""

    @property
    def works(self) -> bool:
        """Whether a daemon works, here or elsewhere."""
        return self.process is not None or any(one.is_alive for one in self.daemons)


async def look(settings: Settings) -> Overview:
    """Changes nothing, and starts no daemon."""
    process, last = await asyncio.to_thread(lambda: (holder(settings.home), read_heartbeat(settings.home)))
    found = Overview(process=process, last=last)
    try:
        async with open_desk(settings, service=True, as_it_is=True) as desk:
            await asyncio.wait_for(_ask(settings, desk, found), _PATIENCE)
    except TimeoutError:
        found.trouble = Unreachable("The database does not answer.")
    except NotFound as error:
        found.trouble = error if process else None  # nothing was begun here yet
    except DeskError as error:
        found.trouble = error
    return found


async def _ask(settings: Settings, desk: Desk, found: Overview) -> None:
    ours = await asyncio.to_thread(worker_name, settings.home)
    found.daemons = [_minder(one, ours, found.process) for one in await desk.list_daemons()]
    known = await desk.list_mailboxes()
    hosts = {one.worker: one.host for one in found.daemons}
    found.mailboxes = [await asyncio.to_thread(_box, settings, one, hosts, ours) for one in known]
    found.outbox = await desk.count_outbox()
    found.quarantine = await desk.count_quarantine()


def _minder(daemon: Daemon, ours: str, process: int | None) -> Minder:
    """Whether that of this home is gone the lock knows at once; others have to be silent for a while."""
    is_here = daemon.worker == ours
    is_alive = daemon.pid == process if is_here else daemon.silent_seconds < SILENT_SECONDS
    return Minder(**daemon.model_dump(), is_here=is_here, is_alive=is_alive)


def _box(settings: Settings, known: Known, hosts: dict[str, str], ours: str) -> Box:
    holder = known.leased_by if known.is_held and known.leased_by else None
    return Box(
        name=known.name,
        kind=known.kind,
        address=known.address,
        connected=known.connected,
        last_success=known.synced_at,
        lag_seconds=known.lag_seconds,
        cursor=known.cursor,
        watched_until=known.watched_until,
        token=_token(settings, known) if known.kind == "gmail" else None,
        held_by=hosts.get(holder, holder.partition(" ")[0]) if holder else None,
        is_ours=holder == ours,
        verified_at=known.verified_at,
        verified=known.verified,
        problem=known.last_error,
    )


def _token(settings: Settings, known: Known) -> Token:
    from sync.auth import token_store

    try:
        grant = token_store(settings.home, settings.tokens).load(known.address)
    except StorageFailed:
        return Token(state="unreadable")
    if grant is None:
        return Token(state="missing")
    state: TokenState = "revoked" if (known.last_error or "").startswith(_TAKEN_BACK) else "kept"
    return Token(state=state, granted_at=grant.granted_at, expires_at=grant.expires_at)
