"""The daemon: takes in what arrives in the mailboxes and sends what is due, until it is told to end.

One daemon works in a home folder. It may be killed at any moment: what it had not finished is found again
by the next one, in the mailbox or in the outbox. A database that is away is waited for.
"""

import asyncio
import logging
import os
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from core.config import Settings
from core.connect import open_desk
from core.desk import Desk
from core.errors import DeskError, Unreachable
from core.files import LocalFiles
from core.models import Mailbox
from core.text import safe_line
from sync.arrivals import Arrivals
from sync.boxes import MAILBOX, is_here, open_mailbox, settle_maildir
from sync.heartbeat import Heartbeat, write_heartbeat
from sync.lock import held
from sync.maildir import Maildir
from sync.outbound import Outbox
from sync.post import Post
from sync.reading import Intake
from sync.supervisor import Round, Supervisor

_BEAT_SECONDS = 5.0
_ATTEND_SECONDS = 5.0
_LEFT_OVER = timedelta(days=1)
"""A temporary file as old as this was left by a process that was killed."""
_REOPEN_SECONDS = 2.0
_logger = logging.getLogger("ttydesk.daemon")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Daemon:
    settings: Settings
    desk: Desk
    stop: asyncio.Event
    heartbeat: Heartbeat
    now: Callable[[], datetime] = _utc_now
    posts: dict[UUID, Post] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    _gone: Counter[str] = field(default_factory=Counter)
    """What posts that were given up had taken in and sent."""

    async def run(self) -> None:
        """All parts side by side until the end is asked for; each finishes what it is at."""
        supervisor = Supervisor(self.stop, self._report)
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.keep("mailboxes", partial(self._attend, group)))
            group.create_task(supervisor.keep("heartbeat", self._beat))
            group.create_task(self._end_posts())
        await self._beat()

    async def run_once(self) -> None:
        """One round in, one round out."""
        for known in await self._here():
            post = await self._open(known)
            try:
                if post.is_ours:
                    await post.take_in()
                    if post.arrivals.problem:
                        _logger.warning("%s", safe_line(post.arrivals.problem))
                    await post.send()
            finally:
                await post.close()

    async def _attend(self, group: asyncio.TaskGroup) -> Round:
        """Begin with mailboxes that were connected, and leave those that were disconnected."""
        here = {
            known.id: known for known in await self.desk.list_mailboxes() if is_here(self.settings, known)
        }
        for id, known in here.items():
            if id not in self.posts:
                self.posts[id] = post = await self._open(known)
                group.create_task(self._work(post))
        for id, post in self.posts.items():
            if id not in here or here[id].since != post.known.since:  # then it is begun with anew
                post.stop.set()
        return Round(_ATTEND_SECONDS)

    async def _here(self) -> list[Mailbox]:
        """The mailboxes that can be worked on from this machine."""
        known = await self.desk.list_mailboxes()
        return await asyncio.to_thread(lambda: [one for one in known if is_here(self.settings, one)])

    async def _open(self, known: Mailbox) -> Post:
        mailbox = await asyncio.to_thread(open_mailbox, self.settings, known)
        intake = await open_intake(self.settings, self.desk)
        for other in self.posts.values():
            other.arrivals.intake = intake  # it knows which addresses are ours
        arrivals = Arrivals(self.desk, intake, mailbox, known.id, self.now, known.cursor)
        worker = f"{socket.gethostname()}:{self.settings.home}:{known.name}"
        outbox = Outbox(mailbox, intake.files, worker, self.settings.mailbox.reply_address_tokens, known.id)
        post = Post(self.settings, self.desk, known, mailbox, arrivals, outbox, self.now)
        arrivals.goes_on = lambda: not post.stop.is_set()
        await post.hold()
        return post

    async def _work(self, post: Post) -> None:
        of = "" if post.known.name == MAILBOX else f" of {post.known.name}"
        supervisor = Supervisor(post.stop, self._report)
        async with asyncio.TaskGroup() as group:
            for name, work in post.parts():
                group.create_task(supervisor.keep(f"{name}{of}", work))
        for name, _ in post.parts():
            self.problems.pop(f"{name}{of}", None)
        del self.posts[post.known.id]
        self._gone.update(received=post.arrivals.counts.total(), sent=post.sent)
        try:
            await post.close()
        except DeskError as error:  # its lease runs out by itself
            _logger.warning("The mailbox %s was left: %s", safe_line(post.known.name), safe_line(str(error)))

    async def _end_posts(self) -> None:
        await self.stop.wait()
        for post in self.posts.values():
            post.stop.set()

    async def _beat(self) -> Round:
        posts = self.posts.values()
        received = self._gone["received"] + sum(post.arrivals.counts.total() for post in posts)
        sent = self._gone["sent"] + sum(post.sent for post in posts)
        update = {"beat_at": self.now(), "received": received, "sent": sent, "problems": self.problems}
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
    maildir = await settle_maildir(settings, desk)
    if maildir and not maildir.was_looked_at:  # later none is made in the place of one that has vanished
        Maildir(box.maildir, box.sent_folder).create()
    await asyncio.to_thread(LocalFiles(settings.home / "files").sweep, _utc_now() - _LEFT_OVER)
    now = _utc_now()
    heartbeat = Heartbeat(pid=os.getpid(), started_at=now, beat_at=now)
    _logger.info("The daemon works on %s.", safe_line(str(box.maildir)) if maildir else "Gmail")
    yield Daemon(settings, desk, stop, heartbeat)
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
