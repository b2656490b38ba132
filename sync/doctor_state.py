"""What the doctor looks up before the checks begin: the settings, the daemon, and what the database holds."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from core.config import Settings
from core.connect import Way, open_desk, session_of
from core.desk import Desk
from core.errors import DeskError, Forbidden, Unreachable
from core.models import Agent, Daemon, DeskVersion, Mailbox, OutboxCount, QuarantineCount
from core.webhooks import Webhook
from sync.doctor_finding import Told, unknown
from sync.heartbeat import Heartbeat, read_heartbeat
from sync.lock import holder
from sync.overview import SILENT_SECONDS
from sync.worker import worker_name

_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Records:
    """What the database holds."""

    version: DeskVersion
    mailboxes: list[Mailbox]
    agents: list[Agent]
    outbox: OutboxCount
    quarantine: QuarantineCount
    elsewhere: list[Daemon]
    """Daemons that are alive and are not this home's."""
    webhooks: list[Webhook]
    """None where whoever asks may not know of them."""


@dataclass(frozen=True, slots=True)
class State:
    settings: Settings
    now: datetime
    daemon: int | None
    """The process of the daemon of this home folder."""
    heartbeat: Heartbeat | None
    looked_up: Records | DeskError
    signed_in: str | DeskError | None = None
    """The address of the agent whose sign-in to a hosted desk is kept here."""

    @property
    def records(self) -> Records:
        if isinstance(self.looked_up, DeskError):
            raise Told(unknown("The database has to answer first."))
        return self.looked_up

    @property
    def mailboxes(self) -> list[Mailbox]:
        """Those that are connected; none where the database does not answer."""
        found = [] if isinstance(self.looked_up, DeskError) else self.looked_up.mailboxes
        return [known for known in found if known.connected]

    @property
    def elsewhere(self) -> list[Daemon]:
        """Daemons that are alive and are not this home's, as far as is known."""
        return [] if isinstance(self.looked_up, DeskError) else self.looked_up.elsewhere

    def minder(self, known: Mailbox) -> Daemon | None:
        """The daemon that works on the mailbox, where it is not this home's."""
        return next((one for one in self.elsewhere if known.is_held and one.worker == known.leased_by), None)


async def look_up(settings: Settings, now: datetime) -> State:
    """Never raises for what may be wrong with a desk."""
    daemon, heartbeat = await asyncio.to_thread(
        lambda: (holder(settings.home), read_heartbeat(settings.home))
    )
    return State(settings, now, daemon, heartbeat, await _looked_up(settings), await _signed_in(settings))


async def _signed_in(settings: Settings) -> str | DeskError | None:
    if not (settings.supabase.url and settings.supabase.publishable_key):
        return None
    try:
        kept = await session_of(Way.of(settings)).kept()
    except DeskError as error:
        return error
    return kept.email if kept else None


async def _looked_up(settings: Settings) -> Records | DeskError:
    hosted = settings.supabase
    as_service = not hosted.url or hosted.secret_key is not None  # an agent's machine has no such key
    ours = await asyncio.to_thread(worker_name, settings.home)
    try:
        async with open_desk(settings, service=as_service, as_it_is=True) as desk:
            return await asyncio.wait_for(_records(desk, ours), _PATIENCE)
    except TimeoutError:
        return Unreachable(
            f"The database took more than {_PATIENCE:.0f} seconds to answer.",
            hint="Look at what it does; its log says more.",
        )
    except DeskError as error:
        return error


async def _records(desk: Desk, ours: str) -> Records:
    return Records(
        version=await desk.desk_version(),
        mailboxes=await desk.list_mailboxes(),
        agents=await desk.list_agents(),
        outbox=await desk.count_outbox(),
        quarantine=await desk.count_quarantine(),
        elsewhere=[
            one
            for one in await desk.list_daemons()
            if one.worker != ours and one.silent_seconds < SILENT_SECONDS
        ],
        webhooks=await _webhooks(desk),
    )


async def _webhooks(desk: Desk) -> list[Webhook]:
    try:
        return await desk.list_webhooks()
    except Forbidden:  # an agent's machine, and no admin's
        return []
