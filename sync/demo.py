"""The demo: a small company's desk, filled by real mails on their real way in, with customers who answer.

It lives in a home of its own, `<home>/demo`, and so touches nothing real. The command line does:

    demo = await prepare(settings, fresh=fresh, progress=show)   # the settings of the demo's desk
    async with open_desk(demo) as desk, live(demo):              # its daemon, and customers
        await DeskApp(desk, ...).run_async()

`prepare` makes the home, starts its desk and fills it; when it was filled before it returns at once. `fresh`
throws the old demo away first. `progress(done, total, what)` is called from time to time. `live` runs until
it is left.
"""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

from core.config import Settings
from core.connect import open_desk
from core.desk import Desk
from core.errors import Conflict, DeskError, StorageFailed
from core.files import LocalFiles
from core.models import Role, Status
from core.sections import Mailbox
from sync import boxes, daemon, letter, sample
from sync.archive import import_mails
from sync.customers import Customers, deliver
from sync.inbound import Intake, receive
from sync.letter import Letter
from sync.lock import holder
from sync.maildir import Maildir
from sync.outbound import Outbox, send_due
from sync.receiving import Origin
from sync.sample import Person, Step, Thread
from sync.source import Entry

Progress = Callable[[int, int, str], None]
DeskFor = Callable[[str], Awaitable[Desk]]
"""The desk as the agent of an address has it."""

AGENT = "ada@pedalglow.example"
"""Whose desk the demo shows."""
_SIGNATURE = "Pedalglow · Lights for every ride"
_GRACE_SECONDS = 5.0
_MARK = "demo.txt"
_UNFINISHED = "A demo of ttydesk is being made here.\n"
_FINISHED = "This is the demo of ttydesk, and nothing of yours. “ttydesk demo --fresh” makes it anew.\n"
_WORKER = "demo"
_logger = logging.getLogger("ttydesk.demo")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def settings_of(settings: Settings) -> Settings:
    """Those of the demo's own desk; how the screen looks and which keys it has stays as it is."""
    name, address = sample.SUPPORT
    return Settings(
        home=settings.home / "demo",
        agent=AGENT,
        mailbox=Mailbox(address=address, name=name, signature=_SIGNATURE),
        grace_seconds=_GRACE_SECONDS,
        theme=settings.theme,
        editor=settings.editor,
        keys=settings.keys,
    )


async def prepare(settings: Settings, fresh: bool = False, progress: Progress | None = None) -> Settings:
    """The settings of the demo's desk, which is there and filled when this returns."""
    demo = settings_of(settings)
    mark = demo.home / _MARK
    found = mark.read_text("utf-8") if mark.exists() else ""
    if found == _FINISHED and not fresh:
        return demo
    if demo.home.exists():
        await asyncio.to_thread(_remove, demo)
    demo.home.mkdir(parents=True, mode=0o700)
    mark.write_text(_UNFINISHED, "utf-8")
    progress = progress or _quiet
    progress(0, 1, "Starting a database")
    async with AsyncExitStack() as desks:
        await desks.enter_async_context(_hasty_server(demo.home))
        service = await desks.enter_async_context(open_desk(demo, service=True))

        async def desk_for(email: str) -> Desk:
            return await desks.enter_async_context(open_desk(demo.model_copy(update={"agent": email})))

        await fill(desk_for, service, LocalFiles(demo.home / "files"), demo, progress)
    mark.write_text(_FINISHED, "utf-8")
    return demo


@asynccontextmanager
async def _hasty_server(home: Path) -> AsyncIterator[None]:
    """The demo's server while it is filled does not wait for the disk: a demo that broke off is made anew."""
    from core.embedded import Embedded

    server = Embedded(home, {"fsync": "off", "full_page_writes": "off"})
    await asyncio.to_thread(server.start)
    try:
        yield
    finally:
        await asyncio.to_thread(server.stop)


def _quiet(done: int, total: int, what: str) -> None:
    pass


def _remove(demo: Settings) -> None:
    """Delete the demo's home, and nothing that is not one or that somebody uses."""
    from core.embedded import Embedded

    home = demo.home
    if any(home.iterdir()) and not (home / _MARK).is_file():
        raise Conflict(f"{home} is not the folder of a demo.", hint="Move it away, or use another --home.")
    if holder(home) is not None or not Embedded(home).stop():
        raise Conflict("The demo is open in another terminal.", hint="Leave it there first.")
    try:
        shutil.rmtree(home)
    except OSError as error:
        raise StorageFailed(f"{home} cannot be removed: {(error.strerror or str(error)).lower()}.") from error


async def fill(
    desk_for: DeskFor, service: Desk, files: LocalFiles, settings: Settings, progress: Progress
) -> None:
    """Take the sample mails in, and let the agents do their work on them.

    First all mails that have a time of their own, in the order of time, as from an archive; then, thread by
    thread, what happens now.
    """
    filling = await _begin(desk_for, service, files, settings)
    threads = [_Course(thread) for thread in sample.threads()]
    total = sum(len(course.thread.steps) for course in threads)
    done = await filling.import_history(
        threads, lambda done: progress(done, total, "Taking in the mail of six weeks")
    )
    for course in sorted(threads, key=lambda course: course.last):
        await filling.go_on(course)
        done += sum(step.ago is None for step in course.thread.steps)
        progress(done, total, "Answering it")


async def _begin(desk_for: DeskFor, service: Desk, files: LocalFiles, settings: Settings) -> "_Filling":
    box = settings.mailbox
    agents = [person for person in sample.people().values() if person.agent]
    known = {agent.email for agent in await service.list_agents()}
    for agent in agents:
        if agent.email not in known:
            await service.add_agent(agent.email, agent.name, Role.AGENT)
    desks = {agent.key: await desk_for(agent.email) for agent in agents}
    for agent in agents:
        changes = {"name": agent.name, "signature": agent.signature}
        await desks["ada"].update_agent(agent.email, changes)
    await service.connect_mailbox(boxes.MAILBOX, "maildir", box.address, box.name, box.signature)
    maildir = Maildir(box.maildir, box.sent_folder)
    await asyncio.to_thread(maildir.create)
    intake = Intake(files, frozenset([box.address]))
    return _Filling(service, desks, intake, maildir, settings, datetime.now(UTC))


@dataclass
class _Course:
    """A thread while it is told."""

    thread: Thread
    number: int | None = None
    """Of its ticket, once there is one."""
    raw: bytes | None = None
    """The newest mail of it, which the next one answers."""
    last: datetime = _LONG_AGO


@dataclass
class _Filling:
    service: Desk
    desks: dict[str, Desk]
    intake: Intake
    maildir: Maildir
    settings: Settings
    now: datetime
    sent: set[Path] = field(default_factory=set)

    async def import_history(self, courses: list[_Course], progress: Callable[[int], None]) -> int:
        """Every mail that has a time of its own, from a folder, as any archive; returns their number."""
        with tempfile.TemporaryDirectory(prefix="ttydesk-") as folder:
            entries = await asyncio.to_thread(_write_history, courses, self.now, Path(folder))
            await import_mails(self.service, self.intake, entries, progress, processes=0)
        named = {sha256(course.raw).hexdigest(): course for course in courses if course.raw}
        for raw_mail in await self.service.settled_mails(list(named)):
            named[raw_mail.sha256].number = raw_mail.number
        return len(entries)

    async def take(self, course: _Course, step: Step) -> None:
        """A mail that comes now."""
        course.raw = _raw(course, step, datetime.now(UTC))
        await receive(self.service, self.intake, course.raw, Origin())

    async def go_on(self, course: _Course) -> None:
        """What happens on a thread now: answers, what customers say to them, notes, and how it is left."""
        for step in course.thread.steps:
            if step.ago is not None:
                continue
            if step.reply:
                await self._reply(course, step)
            elif step.note:
                await self.desks[step.note].note(_number(course), step.text.strip())
            else:
                await self.take(course, step)
        await self._leave(course)

    async def _reply(self, course: _Course, step: Step) -> None:
        """Through the outbox, and out into the folder of sent mail."""
        put = self.intake.files.put_many
        hashes = put("attachments", [sample.content(name) for name in step.attach])
        attachments = [
            {
                "filename": name,
                "content_type": letter.content_type(name),
                "size": len(sample.content(name)),
                "sha256": hash,
            }
            for name, hash in zip(step.attach, hashes, strict=True)
        ]
        await self.desks[step.reply].reply(
            _number(course), step.text.strip(), Status(step.status), attachments=attachments, grace_seconds=0
        )
        outbox = Outbox(self.maildir, self.intake.files, _WORKER)
        await send_due(self.service, outbox, lambda: datetime.now(UTC))
        course.raw = await asyncio.to_thread(self._newest_sent)

    def _newest_sent(self) -> bytes:
        folder = self.settings.mailbox.maildir / self.settings.mailbox.sent_folder / "cur"
        new = set(folder.iterdir()) - self.sent
        self.sent |= new
        (path,) = new
        return path.read_bytes()

    async def _leave(self, course: _Course) -> None:
        thread = course.thread
        changes: dict[str, str] = {}
        if thread.assignee:
            changes["assignee"] = sample.people()[thread.assignee].email
        if thread.priority:
            changes["priority"] = thread.priority
        if thread.status:
            changes["status"] = thread.status
        if changes:
            await self.desks[thread.by or thread.assignee or "ada"].update_tickets([_number(course)], changes)
        if thread.draft:
            await self.desks["ada"].save_draft(_number(course), "reply", thread.draft.strip() + "\n")


def _write_history(courses: list[_Course], now: datetime, folder: Path) -> list[Entry]:
    """Files with the mails, oldest first."""
    dated = [
        (now - step.ago, index, course, step)
        for course in courses
        for index, step in enumerate(course.thread.steps)
        if step.ago is not None
    ]
    entries: list[Entry] = []
    for date, _, course, step in sorted(dated, key=lambda one: one[:2]):
        course.raw, course.last = _raw(course, step, date), date
        path = folder / f"{len(entries):04}.eml"
        path.write_bytes(course.raw)
        entries.append(Entry(str(path)))
    return entries


def _number(course: _Course) -> int:
    assert course.number is not None, f"“{course.thread.subject}” has no ticket yet"
    return course.number


def _raw(course: _Course, step: Step, date: datetime) -> bytes:
    if step.eml:
        return letter.from_file(step.eml, date)
    if step.bounce:
        assert course.raw is not None
        return letter.bounce(course.raw, step.bounce, date)
    people = sample.people()
    subject = step.subject or course.thread.subject
    to = [_named(people[key]) for key in step.to]
    return letter.write(
        Letter(
            sender=_from_mailbox(people[step.reply]) if step.reply else people[step.mail],
            to=[letter.author(course.raw)] if step.reply and course.raw else [sample.SUPPORT, *to],
            cc=[_named(people[key]) for key in step.cc],
            subject=f"Re: {subject}" if course.raw and not step.subject else subject,
            date=date.astimezone(),
            step=step,
            parent=course.raw,
        )
    )


def _from_mailbox(agent: Person) -> Person:
    """An agent who writes from the address of the desk."""
    name, email = sample.SUPPORT
    return replace(agent, name=f"{agent.name} ({name})", email=email, client="plain")


def _named(person: Person) -> tuple[str, str]:
    return person.name, person.email


@asynccontextmanager
async def live(settings: Settings, random: Random | None = None) -> AsyncIterator[None]:
    """The demo's daemon, and its customers; `settings` are those of `prepare`.

    When another terminal shows the same demo, its daemon does the work and this one only looks on.
    """
    stop = asyncio.Event()
    box = settings.mailbox
    customers = Customers(box.maildir, box.maildir / box.sent_folder / "cur", random or Random())
    async with asyncio.TaskGroup() as group:
        service = group.create_task(_serve(settings, stop))
        group.create_task(_attend(customers, service, stop))
        try:
            yield
        finally:
            stop.set()


async def _serve(settings: Settings, stop: asyncio.Event) -> None:
    try:
        await daemon.sync(settings, stop=stop)
    except Conflict:
        _logger.info("Another terminal shows this demo, too, and its daemon does the work.")
    except DeskError as error:
        # Whoever looks on reads on.
        _logger.warning("The demo's daemon has ended: %s", error)


async def _attend(customers: Customers, service: "asyncio.Task[None]", stop: asyncio.Event) -> None:
    while not stop.is_set() and not service.done():
        try:
            for raw in await asyncio.to_thread(customers.write, datetime.now(UTC)):
                await asyncio.to_thread(deliver, customers.maildir, raw)
        except OSError as error:
            _logger.warning("The customers cannot write: %s", error)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1)
