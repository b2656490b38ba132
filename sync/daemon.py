"""The daemon: takes in what arrives in the mailboxes and sends what is due, until it is told to end.

One daemon works in a home folder, and any number on one database, on other machines too: leases share out
the mailboxes. Each may be killed at any moment: what it had not finished is found again by the next one, in
the mailbox or in the outbox. A database that is away is waited for.
"""

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.config import Settings
from core.connect import open_desk, open_files
from core.desk import Desk
from core.ending import BREAK_SECONDS, DRAIN_SECONDS, soon, stop_by_signal
from core.errors import DeskError, Unreachable
from core.models import Mailbox
from core.portal_link import Entrance
from core.systemd import Systemd
from core.text import safe_line
from sync import housekeeping
from sync.arrivals import Arrivals
from sync.boxes import MAILBOX, is_here, open_mailbox, open_subscription, settle_maildir
from sync.heartbeat import Heartbeat, write_heartbeat
from sync.lock import held
from sync.maildir import Maildir
from sync.orphans import orphans
from sync.outbound import Outbox
from sync.post import Post, has_labels
from sync.reading import Intake
from sync.supervisor import Pulse, Round, Supervisor, progress
from sync.webhook import KEPT, Turns, Webhooks
from sync.worker import worker_name

if TYPE_CHECKING:
    from sync.wake import Listener

_BEAT_SECONDS = 5.0
_TOLD_SECONDS = 15.0
"""How often the database is told that we live."""
_ATTEND_SECONDS = 5.0
_STUCK_SECONDS = 600.0
"""A part that is at one thing for so long is not waited for any more: all attempts at a call take less."""
_REOPEN_SECONDS = 2.0
_FOLLOW_SECONDS = 0.1
_logger = logging.getLogger("ttydesk.daemon")


@dataclass(slots=True)
class Daemon:
    settings: Settings
    desk: Desk
    stop: asyncio.Event
    heartbeat: Heartbeat
    worker: str
    systemd: Systemd
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    posts: dict[UUID, Post] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    pulse: Pulse = field(default_factory=Pulse)
    webhooks: Webhooks = field(init=False)
    _listener: "Listener | None" = None
    _told_at: datetime | None = None
    _told: dict[str, str] = field(default_factory=dict)
    _gone: Counter[str] = field(default_factory=Counter)
    """What posts that were given up had taken in and sent."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        report, turns = self._report, Turns(self._received)
        self.webhooks = Webhooks(
            self.settings, self.desk, self.worker, self.now, report, self.pulse, self.problems, turns
        )

    async def run(self) -> None:
        """All parts side by side until the end is asked for; each finishes what it is at, if it can soon."""
        supervisor = Supervisor(self.stop, self._report, self.pulse)
        async with asyncio.TaskGroup() as group:
            self._begin(group, supervisor.keep("mailboxes", partial(self._attend, group)))
            self._begin(group, supervisor.keep("heartbeat", self._beat))
            self._begin(group, supervisor.keep("watchdog", self._watch_over))
            self._begin(group, supervisor.keep("housekeeping", self._clean))
            if self.settings.google.subscription:
                self._begin(group, self._listen(supervisor))
            self.webhooks.begin = partial(self._begin, group)
            following = (("wake-ups", self._follow), ("webhooks", self.webhooks.follow))
            tasks = [group.create_task(supervisor.keep(name, work)) for name, work in following]
            await self._end()
            for task in tasks:
                task.cancel()
        await soon(self._leave(), "desk")

    async def run_once(self) -> None:
        """One round in, one round out."""
        ending = asyncio.create_task(self._end())
        try:
            for known in await self._here():
                if not self.stop.is_set():
                    await self._alone(self._round(await self._open(known)))
            if not self.stop.is_set():
                await self._alone(self.webhooks.once())
        finally:
            ending.cancel()

    async def _alone(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks = {task := asyncio.create_task(work)}
        await asyncio.wait(self._tasks)
        if not task.cancelled():
            task.result()

    async def _round(self, post: Post) -> None:
        self.posts[post.known.id] = post
        try:
            await post.hold()
            if not post.is_ours:
                _logger.info("Another daemon works on the mailbox %s.", safe_line(post.known.name))
                return
            await post.take_in()
            if post.arrivals.problem:
                _logger.warning("%s", safe_line(post.arrivals.problem))
            if post.goes_on():
                await post.send()
            if post.goes_on() and has_labels(post):
                await post.show_statuses()
        finally:
            del self.posts[post.known.id]
            await soon(post.close(), f"mailbox {post.known.name}")

    def _begin(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
        task = group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Which mailboxes

    async def _attend(self, group: asyncio.TaskGroup) -> Round:
        """Begin with mailboxes that were connected, and leave those that were disconnected."""
        known = await self._here()
        here = {one.id: one for one in known}
        problem = ""
        for id, one in here.items():
            if id not in self.posts:
                try:
                    self.posts[id] = post = await self._open(one)
                except Unreachable:
                    raise
                except DeskError as error:  # the others go on
                    problem = " ".join(filter(None, (problem, str(error), error.hint)))
                    continue
                self._begin(group, self._work(post))
        for id, post in self.posts.items():
            if id not in here or here[id].since != post.known.since:  # then it is begun with anew
                post.stop.set()
                post.mailbox.break_off()
        self._heed(known)
        if not self.stop.is_set():
            self.systemd.ready()
        return Round(_ATTEND_SECONDS, problem or None)

    def _heed(self, known: Sequence[Mailbox]) -> None:
        """What others say of the mailboxes: that there is news, and until when the provider tells of it."""
        for one in known:
            if (post := self.posts.get(one.id)) is not None:
                post.watched_until = one.watched_until
                if one.woken_at != post.woken_at:
                    post.woken_at = one.woken_at
                    post.bell.set()

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
        tokens = self.settings.mailbox.reply_address_tokens
        entrance = Entrance.of(self.settings.web)
        outbox = Outbox(mailbox, intake.files, self.worker, tokens, known.id, entrance)
        post = Post(self.settings, self.desk, known, mailbox, arrivals, outbox, self.now)
        post.woken_at = known.woken_at
        post.is_told = lambda: self._listener is not None and self._listener.hears
        arrivals.goes_on = post.goes_on
        if self.stop.is_set():  # it was asked for meanwhile, and all the others were told
            post.stop.set()
        return post

    async def _work(self, post: Post) -> None:
        of = "" if post.known.name == MAILBOX else f" of {post.known.name}"
        supervisor = Supervisor(post.stop, self._report, self.pulse)
        try:
            async with asyncio.TaskGroup() as group:
                for name, work, bell in post.parts():
                    group.create_task(supervisor.keep(f"{name}{of}", work, bell))
        finally:
            for name, _, _ in post.parts():
                self.problems.pop(f"{name}{of}", None)
            del self.posts[post.known.id]
            self._gone.update(received=post.arrivals.counts.total(), sent=post.sent)
            await soon(post.close(), f"mailbox {post.known.name}")

    # What wakes us

    async def _listen(self, supervisor: Supervisor) -> None:
        from sync.wake import Listener

        async def listen() -> Round:
            if self._listener is None:
                known = await self._here()
                subscription = await asyncio.to_thread(open_subscription, self.settings, known)
                self._listener = Listener(self.desk, subscription, self._ring)
            return await self._listener.listen()

        async def acknowledge() -> Round:
            return await self._listener.acknowledge() if self._listener else Round(1.0)

        await asyncio.gather(
            supervisor.keep("notifications", listen), supervisor.keep("acknowledgements", acknowledge)
        )

    def _ring(self, address: str) -> bool:
        """Whether the mailbox at this address is ours to look at."""
        found = [post for post in self.posts.values() if post.known.address == address and post.is_ours]
        for post in found:
            post.bell.set()
        return bool(found)

    async def _follow(self) -> Round:
        """Who wakes a mailbox by the database is heard at once, not only when its turn comes."""
        if any(post.known.kind == "gmail" for post in self.posts.values()):
            async for known in self.desk.follow_mailboxes():
                self._heed(known)
                progress()
                await asyncio.sleep(_FOLLOW_SECONDS)
        return Round(1.0)  # a Maildir is looked at all the time

    # That we live, and what troubles us

    def _received(self) -> int:
        return self._gone["received"] + sum(post.arrivals.counts.total() for post in self.posts.values())

    async def _beat(self) -> Round:
        received = self._received()
        sent = self._gone["sent"] + sum(post.sent for post in self.posts.values())
        said = {"beat_at": self.now(), "received": received, "sent": sent, "problems": self.problems}
        beat = self.heartbeat.model_copy(update=said)
        self.systemd.status(next(iter(self.problems.values()), f"{received} in, {sent} out"))
        try:
            write_heartbeat(self.settings.home, beat)
        finally:  # each of the two is there for when the other place is away
            await self._tell_database(beat)
        return Round(_BEAT_SECONDS)

    async def _tell_database(self, beat: Heartbeat) -> None:
        is_due = self._told_at is None or (self.now() - self._told_at).total_seconds() >= _TOLD_SECONDS
        if is_due or self._told != self.problems:
            told = dict(self.problems)
            await self.desk.beat(
                self.worker, socket.gethostname(), str(self.settings.home), beat.pid, beat.version,
                beat.started_at, beat.received, beat.sent, told,
            )  # fmt: skip
            self._told_at, self._told = self.now(), told

    async def _watch_over(self) -> Round:
        """Only while every part gets on systemd hears that we live; else it starts us again."""
        stuck = self.pulse.stuck(_STUCK_SECONDS)
        for part in stuck:
            self._report(part, f"It has not got on for {_STUCK_SECONDS / 60:.0f} minutes.")
        if not stuck:
            self.systemd.lives()
        return Round(min(_BEAT_SECONDS, (self.systemd.watchdog_seconds or _BEAT_SECONDS) / 3))

    async def _clean(self) -> Round:
        await self.desk.forget_webhook_deliveries(self.now() - KEPT)
        swept = await asyncio.to_thread(housekeeping.clean, self.settings, self.now())
        await self.desk.forget_requests()
        intake = await open_intake(self.settings, self.desk)
        if found := await orphans(self.desk, intake.files):
            _logger.info("%d stored attachments belong to no message; they are left.", len(found))
        if dropped := await self.desk.prune_reports():
            _logger.info("%d reports about mail that the desk did not send were dropped.", dropped)
        if swept:
            _logger.info("%d files that killed programs had left were removed.", swept)
        return housekeeping.until_next()

    def _report(self, name: str, problem: str) -> None:
        if problem == self.problems.get(name, ""):
            return
        if problem:
            self.problems[name] = problem
            _logger.warning("The %s has a problem: %s", name, safe_line(problem), extra={"part": name})
        else:
            del self.problems[name]
            _logger.info("The %s works again.", name, extra={"part": name})

    # The end

    async def _end(self) -> None:
        """Wait for it; then what takes too long is broken off, in steps."""
        await self.stop.wait()
        self.systemd.ends()
        _logger.info("The daemon is told to end.")
        for post in self.posts.values():
            post.stop.set()
            post.mailbox.break_off()
        self.webhooks.break_off()
        if self._listener:
            self._listener.break_off()
        if await self._all_end(DRAIN_SECONDS):
            return
        for post in self.posts.values():
            post.mailbox.break_off(sending=True)
        if not await self._all_end(BREAK_SECONDS):
            for task in self._tasks:
                task.cancel()

    async def _all_end(self, seconds: float) -> bool:
        left = set(self._tasks)
        return not left or not (await asyncio.wait(left, timeout=seconds))[1]

    async def _leave(self) -> None:
        await self._beat()
        if self._listener:
            await self._listener.close()
        await self.desk.release_webhook_deliveries(self.worker)
        await self.desk.end_daemon(self.worker)


async def sync(
    settings: Settings,
    once: bool = False,
    stop: asyncio.Event | None = None,
    systemd: Systemd | None = None,
) -> None:
    """Run the daemon of `settings.home` until `stop` is set, or without one, until SIGTERM or SIGINT comes.

    With `once`, one round in and out. Raises Conflict where another daemon works there.
    """
    systemd = systemd or Systemd.of_environment()
    with held(settings.home):
        if stop is None:
            stop = asyncio.Event()
            stop_by_signal(stop)
        said = ""
        while not stop.is_set():
            try:
                async with (
                    open_desk(settings, service=True) as desk,
                    _opened(settings, desk, stop, systemd) as daemon,
                ):
                    await (daemon.run_once() if once else daemon.run())
                    return
            except Unreachable as error:
                if once:
                    raise
                if said != str(error):
                    said = str(error)
                    _logger.warning("%s It is tried again, until it works.", safe_line(said))
                systemd.status(said)
                systemd.starts_later(60)
                systemd.lives()
                await Supervisor(stop, lambda name, problem: None).sleep(_REOPEN_SECONDS)


@asynccontextmanager
async def _opened(
    settings: Settings, desk: Desk, stop: asyncio.Event, systemd: Systemd
) -> AsyncIterator[Daemon]:
    box = settings.mailbox
    maildir = await settle_maildir(settings, desk)
    if maildir and not maildir.was_looked_at:  # later none is made in the place of one that has vanished
        Maildir(box.maildir, box.sent_folder).create()
    now = datetime.now(UTC)
    heartbeat = Heartbeat(pid=os.getpid(), started_at=now, beat_at=now, version=version("ttydesk"))
    _logger.info("The daemon works on %s.", "a Maildir" if maildir else "Gmail")
    yield Daemon(settings, desk, stop, heartbeat, worker_name(settings.home), systemd)
    _logger.info("The daemon has ended.")


async def open_intake(settings: Settings, desk: Desk) -> Intake:
    """What `receive`, `import_mails` and `retry` need of this desk."""
    addresses = {mailbox.address.lower() for mailbox in await desk.list_mailboxes()}
    return Intake(
        open_files(settings, service=True),
        frozenset(addresses | {settings.mailbox.address}),
        settings.mailbox.size_limit_mb * 1024 * 1024,
    )
