"""The daemon: takes in what arrives in the mailbox and sends what is due, until it is told to end.

One daemon works in a home folder. It may be killed at any moment: what it had not finished is found again
by the next one, in the mailbox or in the outbox. A database that is away is waited for.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.config import Settings
from core.connect import open_desk
from core.desk import Desk
from core.errors import Unreachable
from core.files import LocalFiles
from core.text import safe_line
from sync.arrivals import Arrivals
from sync.heartbeat import Heartbeat, write_heartbeat
from sync.lock import held
from sync.maildir import Maildir
from sync.outbound import Outbox, send_due
from sync.reading import Intake
from sync.supervisor import Round, Supervisor

MAILBOX = "support"
"""The name the mailbox of the settings has in the database."""
_BEAT_SECONDS = 5.0
_LEFT_OVER = timedelta(days=1)
"""A temporary file as old as this was left by a process that was killed."""
_OUTBOX_SECONDS = 0.5
_REOPEN_SECONDS = 2.0
_logger = logging.getLogger("ttydesk.daemon")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Daemon:
    settings: Settings
    desk: Desk
    arrivals: Arrivals
    outbox: Outbox
    stop: asyncio.Event
    heartbeat: Heartbeat
    now: Callable[[], datetime] = _utc_now
    problems: dict[str, str] = field(default_factory=dict)
    _sent: int = 0
    _is_released: bool = False

    async def run(self) -> None:
        """All parts side by side until the end is asked for; each finishes what it is at."""
        supervisor = Supervisor(self.stop, self._report)
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.keep("intake", self._take_in))
            group.create_task(supervisor.keep("outbox", self._send))
            group.create_task(supervisor.keep("heartbeat", self._beat))
        await self._beat()

    async def run_once(self) -> None:
        """One round in, one round out."""
        await self.arrivals.take_in()
        if self.arrivals.problem:
            _logger.warning("%s", safe_line(self.arrivals.problem))
        await self._send()

    async def _take_in(self) -> Round:
        await self.arrivals.take_in()
        return Round(self.arrivals.mailbox.poll_seconds, self.arrivals.problem)

    async def _send(self) -> Round:
        if not self._is_released:
            await self.desk.release_outgoing(self.outbox.worker)
        self._is_released = False  # a claim that could not be settled is given back by the next round
        self._sent += await send_due(self.desk, self.outbox, self.now, lambda: not self.stop.is_set())
        self._is_released = True
        due = await self.desk.next_due()
        until = (due - self.now()).total_seconds() if due else _OUTBOX_SECONDS
        return Round(min(max(until, 0.02), _OUTBOX_SECONDS))

    async def _beat(self) -> Round:
        received = self.arrivals.counts.total()
        update = {"beat_at": self.now(), "received": received, "sent": self._sent, "problems": self.problems}
        write_heartbeat(self.settings.home, self.heartbeat.model_copy(update=update))
        return Round(_BEAT_SECONDS)

    def _report(self, name: str, problem: str) -> None:
        if problem == self.problems.get(name, ""):
            return
        if problem:
            self.problems[name] = problem
            _logger.warning("The %s has a problem: %s", name, safe_line(problem))
        else:
            del self.problems[name]
            _logger.info("The %s works again.", name)


async def sync(settings: Settings, once: bool = False, stop: asyncio.Event | None = None) -> None:
    """Run the daemon of `settings.home` until `stop` is set, or without one, until SIGTERM or SIGINT comes.

    With `once`, one round in and out. Raises Conflict where another daemon works there.
    """
    with held(settings.home):
        if stop is None:
            stop = asyncio.Event()
            _stop_by_signal(stop)
        said = ""
        while not stop.is_set():
            try:
                async with open_desk(settings, service=True) as desk, _opened(settings, desk, stop) as daemon:
                    await (daemon.run_once() if once else daemon.run())
                    return
            except Unreachable as error:
                if once:
                    raise
                if said != str(error):
                    said = str(error)
                    _logger.warning("%s It is tried again, until it works.", safe_line(said))
                await Supervisor(stop, lambda name, problem: None).sleep(_REOPEN_SECONDS)


@asynccontextmanager
async def _opened(settings: Settings, desk: Desk, stop: asyncio.Event) -> AsyncIterator[Daemon]:
    box = settings.mailbox
    known = await desk.connect_mailbox(MAILBOX, "maildir", box.address, box.name, box.signature)
    maildir = Maildir(box.maildir, box.sent_folder, settings.poll_seconds)
    if (
        known.synced_at is None
    ):  # later a missing folder is one that has vanished, and none is made in its place
        maildir.create()
    intake = await open_intake(settings, desk)
    await asyncio.to_thread(intake.files.sweep, _utc_now() - _LEFT_OVER)
    arrivals = Arrivals(
        desk, intake, maildir, known.id, _utc_now, known.cursor, goes_on=lambda: not stop.is_set()
    )
    worker = f"{socket.gethostname()}:{settings.home}"
    outbox = Outbox(maildir, intake.files, worker, box.reply_address_tokens)
    now = _utc_now()
    heartbeat = Heartbeat(pid=os.getpid(), started_at=now, beat_at=now)
    _logger.info("The daemon works on %s.", safe_line(str(box.maildir)))
    yield Daemon(settings, desk, arrivals, outbox, stop, heartbeat)
    _logger.info("The daemon has ended.")


async def open_intake(settings: Settings, desk: Desk) -> Intake:
    """What `receive`, `import_mails` and `retry` need of this desk."""
    addresses = {mailbox.address.lower() for mailbox in await desk.list_mailboxes()}
    return Intake(
        LocalFiles(settings.home / "files"),
        frozenset(addresses | {settings.mailbox.address}),
        settings.mailbox.size_limit_mb * 1024 * 1024,
    )


def _stop_by_signal(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
