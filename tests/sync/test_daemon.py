"""sync.daemon as a whole: on a Maildir, a desk and a Postgres, and as the program that people start."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.config import Settings
from core.connect import open_desk
from core.desk import Desk
from core.errors import Conflict, StorageFailed, Unreachable
from core.models import Delivery
from core.systemd import Systemd
from sync.boxes import open_mailbox
from sync.daemon import Daemon, sync
from sync.heartbeat import Heartbeat, read_heartbeat
from sync.lock import held, holder
from sync.mailbox import Mailbox
from sync.supervisor import Pulse

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path, database: str, service: Desk) -> Settings:
    return Settings(
        home=tmp_path / "home",
        database_url=database,
        agent="ada@example.com",
        grace_seconds=0,
        poll_seconds=0.02,
        mailbox={"address": "support@example.com"},
    )


def write(number: int, thread: str = "") -> str:
    return (
        f"From: kim@example.com\nTo: support@example.com\nSubject: Mail {number}\n"
        f"Message-ID: <{number}@example.com>\n{thread}\nText {number}\n"
    )


def deliver(settings: Settings, number: int) -> None:
    folder = settings.mailbox.maildir
    (folder / "tmp" / f"{number}.host").write_text(write(number))
    (folder / "tmp" / f"{number}.host").rename(folder / "new" / f"{number}.host")


async def until(holds: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110  what is waited for is in another process
            await asyncio.sleep(0.02)


def made(settings: Settings) -> None:
    """The Maildir as a mail server would make it."""
    for part in ("tmp", "new", "cur"):
        (settings.mailbox.maildir / part).mkdir(parents=True)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(sync(settings, stop=stop))
    try:
        yield
        stop.set()
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def subjects(desk: Desk) -> set[str]:
    return {ticket.subject for ticket in (await desk.list_tickets()).tickets}


async def test_mail_comes_in_and_an_answer_goes_out(settings: Settings, desk: Desk) -> None:
    made(settings)
    async with running(settings):
        deliver(settings, 1)

        async def there() -> bool:
            return bool(await subjects(desk))

        await until(there)
        (ticket,) = (await desk.list_tickets()).tickets
        await desk.reply(ticket.number, "Here you are.", grace_seconds=0)

        async def sent() -> bool:
            dispatch = (await desk.show_ticket(ticket.number)).messages[-1].dispatch
            return bool(dispatch and dispatch.state is Delivery.SENT)

        await until(sent)
    assert len(list((settings.mailbox.maildir / ".Sent" / "cur").iterdir())) == 1
    last = read_heartbeat(settings.home)
    assert last and (last.received, last.sent, last.problems) == (1, 1, {})
    assert holder(settings.home) is None


async def test_once_is_one_round_in_and_one_round_out(settings: Settings, desk: Desk) -> None:
    await sync(settings, once=True)
    deliver(settings, 1)
    await sync(settings, once=True)
    assert await subjects(desk) == {"Mail 1"}


async def test_the_first_start_makes_the_maildir_and_a_later_one_does_not(
    settings: Settings, desk: Desk
) -> None:
    await sync(settings, once=True)
    deliver(settings, 1)
    await sync(settings, once=True)
    settings.mailbox.maildir.rename(settings.home / "away")
    with pytest.raises(StorageFailed, match=r"Maildir .* cannot be read: no such file or directory"):
        await sync(settings, once=True)
    assert not settings.mailbox.maildir.exists()


async def test_a_maildir_that_vanishes_is_told_and_picked_up_when_it_is_back(
    settings: Settings, desk: Desk
) -> None:
    made(settings)
    async with running(settings):

        async def works() -> bool:
            return read_heartbeat(settings.home) is not None

        await until(works)
        settings.mailbox.maildir.rename(settings.home / "away")

        async def told() -> bool:
            (mailbox,) = await desk.list_mailboxes()
            return bool(mailbox.last_error)

        await until(told)
        (settings.home / "away").rename(settings.mailbox.maildir)
        deliver(settings, 1)

        async def there() -> bool:
            return bool(await subjects(desk))

        await until(there)


async def test_a_mailbox_that_begins_while_the_daemon_ends_ends_with_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def slowly(*asked: Any) -> Mailbox:
        async def end() -> None:
            stop.set()
            for _ in range(5):  # whoever waits for it has heard of it
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(end(), loop).result()
        return open_mailbox(*asked)

    monkeypatch.setattr("sync.daemon.open_mailbox", slowly)
    monkeypatch.setattr("sync.daemon.DRAIN_SECONDS", 600.0)
    async with asyncio.timeout(60):
        await sync(settings, stop=stop)


async def test_a_second_daemon_is_refused(settings: Settings) -> None:
    with held(settings.home), pytest.raises(Conflict, match=f"process {os.getpid()}"):
        await sync(settings, once=True)


async def test_without_a_database_one_round_is_a_sentence(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url=f"host={tmp_path} dbname=x")
    with pytest.raises(Unreachable, match="cannot be reached"):
        await sync(settings, once=True)


async def test_a_database_that_loses_its_connections_is_waited_for(
    settings: Settings, desk: Desk, admin: psycopg.Connection[Any], database: str
) -> None:
    made(settings)
    name = database.rpartition("=")[2]
    async with running(settings):
        for number in range(1, 4):
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            deliver(settings, number)

        async def there() -> bool:
            try:
                return await subjects(desk) == {"Mail 1", "Mail 2", "Mail 3"}
            except Unreachable:
                return False

        await until(there)


@contextmanager
def program(home: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", "import cli; cli.main()", *arguments],
        cwd=ROOT,
        env=os.environ | {"TTYDESK_HOME": str(home), "TTYDESK_POLL_SECONDS": "0.05"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
    finally:
        process.kill()


@pytest.fixture
def home() -> Iterator[Path]:
    """Not under tmp_path: as root the embedded Postgres runs as another user, who must get there."""
    with tempfile.TemporaryDirectory(prefix="ttydesk-tests-") as folder:
        yield Path(folder)


def wait_for(process: "subprocess.Popen[str]", sentence: str) -> None:
    assert process.stderr
    for line in process.stderr:
        if sentence in line:
            return
    pytest.fail(f"it ended without saying “{sentence}”")


def test_the_program_ends_by_a_signal_and_a_second_one_is_refused(home: Path) -> None:
    with program(home, "sync") as first:
        wait_for(first, "The daemon works on")
        with program(home, "sync") as second:
            _, said = second.communicate()
        assert (second.returncode, said.count("\n")) == (1, 1)
        assert f"(process {first.pid})" in said
        first.send_signal(signal.SIGTERM)
        wait_for(first, "The daemon has ended.")
    assert first.returncode == 0


async def test_a_postgres_that_is_killed_is_started_again_and_no_mail_is_lost(home: Path) -> None:
    settings = Settings(home=home)
    total = 12
    with program(home, "sync") as daemon:
        wait_for(daemon, "The daemon works on")
        for number in range(total):
            deliver(settings, number)
            if number % 4 == 1:
                postmaster = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
                os.kill(postmaster, signal.SIGKILL)

        async def taken_in() -> bool:
            return not list((settings.mailbox.maildir / "new").iterdir())

        await until(taken_in, 120)
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate()
    async with open_desk(settings) as desk:
        assert await subjects(desk) == {f"Mail {number}" for number in range(total)}
    with program(home, "mail", "verify", "--json") as verify:
        said, _ = verify.communicate()
    assert verify.returncode == 0, said
    assert json.loads(said)


async def test_a_maildir_that_vanished_before_it_was_ever_read_is_not_made_again(
    settings: Settings, desk: Desk, service: Desk
) -> None:
    made(settings)
    box = settings.mailbox
    known = await service.connect_mailbox("support", "maildir", box.address)
    await service.save_cursor(known.id, None, "The Maildir cannot be read.")
    box.maildir.rename(settings.home / "away")
    with pytest.raises(StorageFailed, match="cannot be read"):
        await sync(settings, once=True)
    assert not box.maildir.exists()


class Heard(Systemd):
    def __init__(self) -> None:
        super().__init__(None, 120.0)
        self.lived = 0

    def lives(self) -> None:
        self.lived += 1


async def test_a_part_that_does_not_get_on_ends_the_signs_of_life(service: Desk, tmp_path: Path) -> None:
    clock = iter([0.0, 599.0, 601.0])
    now = datetime.now(UTC)
    systemd = Heard()
    daemon = Daemon(
        Settings(home=tmp_path), service, asyncio.Event(), Heartbeat(pid=1, started_at=now, beat_at=now),
        "worker", systemd, pulse=Pulse(lambda: next(clock)),
    )  # fmt: skip
    daemon.pulse.touch("intake")
    await daemon._watch_over()
    assert (systemd.lived, daemon.problems) == (1, {})
    await daemon._watch_over()
    assert systemd.lived == 1
    assert daemon.problems == {"intake": "It has not got on for 10 minutes."}
