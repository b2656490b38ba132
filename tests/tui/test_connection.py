"""The way to the desk: found, lost, and found again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from core.config import Settings, Supabase
from core.connect import Way, open_desk
from core.desk import Desk
from core.errors import Conflict, DeskError, SignedOut, Unreachable
from core.interface import interface
from core.sign_in import HostedSignIn
from tests.conftest import desk_as
from tests.mails import mail
from tests.peers.hosted import PUBLISHABLE, Project, sign
from tests.tui.conftest import WIDE, Play, Stage
from tests.tui.test_desk import some_tickets
from tui import connection as module
from tui.app import DeskApp
from tui.connection import Connection, sentence


class Door:
    """Opens the real desk as often as it is not told to fail."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.errors: list[DeskError] = []
        self.shut: DeskError | None = None
        self.opened = self.closed = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Desk]:
        if self.shut:
            raise self.shut
        if self.errors:
            raise self.errors.pop(0)
        self.opened += 1
        try:
            yield self.desk
        finally:
            self.closed += 1


@pytest.fixture
def door(desk: Desk) -> Door:
    return Door(desk)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between attempts take no time; gives their lengths."""
    pauses: list[float] = []

    async def no_sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(module.asyncio, "sleep", no_sleep)
    return pauses


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        changed = asyncio.Event()
        while not condition():
            asyncio.get_running_loop().call_later(0.01, changed.set)
            await changed.wait()
            changed.clear()


async def test_failures_are_told_and_tried_again_after_longer_and_longer_pauses(
    door: Door, unhurried: list[float]
) -> None:
    door.errors = [Unreachable("No route.", hint="Look at the cable.")] * 2 + [Conflict("Too old.")] * 5
    told: list[tuple[str, str]] = []
    changed: list[frozenset[int]] = []
    connection = Connection(door, changed.append, lambda state: told.append((state, connection.trouble)))
    with pytest.raises(Unreachable):
        _ = connection.desk
    keeper = asyncio.create_task(connection.keep())
    await until(lambda: connection.state == "connected")
    assert told[0] == ("lost", "No route. Look at the cable.") and told[-1] == ("connected", "")
    assert unhurried == [0.5, 1, 2, 4, 8, 10, 10]
    assert connection.desk is door.desk and changed == [frozenset()]
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper
    assert door.opened == door.closed == 1


async def test_a_call_that_does_not_get_through_makes_it_connect_anew(
    door: Door, unhurried: list[float]
) -> None:
    states: list[str] = []
    connection = Connection(door, lambda numbers: None, states.append)
    keeper = asyncio.create_task(connection.keep())
    await until(lambda: connection.state == "connected")
    connection.doubt(Unreachable("The server went away."))
    assert connection.state == "lost" and connection.trouble == "The server went away."
    with pytest.raises(Unreachable, match="went away"):
        _ = connection.desk
    await until(lambda: connection.state == "connected")
    assert states == ["connected", "lost", "connected"] and door.closed == 1
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper
    assert door.closed == 2


async def test_the_screen_says_that_the_desk_is_away_and_recovers(
    play: Play, service: Desk, door: Door
) -> None:
    await some_tickets(service, 1)
    door.shut = Unreachable("The [b]database[/b] sleeps.")
    async with play(connect=door) as stage:
        await stage.sees("The [b]database[/b] sleeps. Trying again…")
        assert "No open tickets" not in stage.text() and "NOT CONNECTED" in stage.text()
        door.shut = None
        await stage.sees("Lamp 0")
        assert "sleeps" not in stage.text() and "NOT CONNECTED" not in stage.text()
        door.shut = Unreachable("Gone.")
        stage.app.connection.doubt(Unreachable("Gone."))
        await stage.sees("Gone. Trying again…")
        await service.receive_mail(mail("meanwhile", subject="Came meanwhile"))
        door.shut = None
        await stage.sees("Came meanwhile")


async def agent_settings(project: Project, home: Path) -> Settings:
    """Of an agent of that desk, who has signed in."""
    async with desk_as(project.database, "service_role") as service:
        ada = await service.add_agent("ada@example.com", "Ada")
    keys = {"publishable_key": SecretStr(PUBLISHABLE), "access_token": SecretStr(sign(str(ada.id)))}
    return Settings(home=home, supabase=Supabase(url=project.url, **keys))


async def test_a_desk_of_another_version_says_so_at_the_start(hosted: Project, tmp_path: Path) -> None:
    settings = await agent_settings(hosted, tmp_path)
    with other_version(hosted.database, "other") as end:
        app = DeskApp(lambda: open_desk(settings), settings)
        async with app.run_test(size=WIDE) as pilot:
            stage = Stage(app, pilot)
            await stage.sees("those of another ttydesk. Bring")
            await stage.sees("Trying again…")
            assert "NOT CONNECTED" in stage.text()
            end()
            app.connection.connect_now()
            await stage.sees("● connected")
            await stage.until(lambda: stage.desk_screen.tickets.pages.loaded)


async def test_a_desk_of_another_version_that_fits_is_opened_and_says_so_once(
    hosted: Project, tmp_path: Path
) -> None:
    settings = await agent_settings(hosted, tmp_path)
    with other_version(hosted.database, interface()):
        app = DeskApp(lambda: open_desk(settings), settings)
        async with app.run_test(size=WIDE) as pilot:
            stage = Stage(app, pilot)
            await stage.sees("the desk's database is of 9.9.9. They work together")
            await stage.until(lambda: stage.desk_screen.tickets.pages.loaded)
            stage.desk_screen.tell("Something else.")
            stage.desk_screen.agents = []
            app.connection.doubt(Unreachable("Gone for a moment."))
            await stage.until(lambda: stage.desk_screen.agents)
            await stage.sees("Something else.")


@contextmanager
def other_version(database: str, interface: str) -> Iterator[Callable[[], object]]:
    """The desk in it is of another version, until what this gives is called, or to the end."""
    with psycopg.connect(database, autocommit=True) as connection:
        said = connection.execute("select obj_description('desk'::regnamespace, 'pg_namespace')").fetchone()
        assert said
        back = f"comment on schema desk is '{said[0]}'".encode()
        connection.execute(f"comment on schema desk is 'ttydesk other {interface} 9.9.9'".encode())
        try:
            yield lambda: connection.execute(back)
        finally:
            connection.execute(back)


async def test_a_terminal_that_ends_in_the_moment_of_a_doubt_ends(door: Door) -> None:
    connection = Connection(door, lambda numbers: None, lambda state: None)
    keeper = asyncio.create_task(connection.keep())
    await until(lambda: connection.state == "connected")
    connection.doubt(Unreachable("The server went away."))
    keeper.cancel()
    async with asyncio.timeout(60):
        await asyncio.wait([keeper])
    assert keeper.cancelled()


async def test_a_connection_waits_for_whoever_signs_in(door: Door) -> None:
    states: list[str] = []
    door.shut = SignedOut("It has ended.", hint="Sign in with: ttydesk login")
    sign_in = HostedSignIn(Way(Path(), None, None, "a@b", ""))
    connection = Connection(door, lambda numbers: None, states.append, sign_in)
    keeper = asyncio.create_task(connection.keep())
    await until(lambda: states == ["signed out"])
    assert connection.trouble == "It has ended."
    with pytest.raises(SignedOut):
        _ = connection.desk
    door.shut = None
    connection.connect_now()
    await until(lambda: states == ["signed out", "connected"])
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper


async def test_where_nobody_can_sign_in_it_is_as_any_trouble(door: Door) -> None:
    door.shut = SignedOut("The token has run out.")
    connection = Connection(door, lambda numbers: None, lambda state: None)
    keeper = asyncio.create_task(connection.keep())
    await until(lambda: connection.state == "lost")
    with pytest.raises(Unreachable, match="run out"):
        _ = connection.desk
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper


async def test_a_desk_without_a_sign_in_says_so(play: Play) -> None:
    async with play() as stage:
        await stage.press("colon", *"login", "enter")
        await stage.sees("This desk has no sign-in.")


def test_a_sentence_says_what_to_do_and_is_safe() -> None:
    assert sentence(Conflict("No\x1b[2J.", hint="Look.")) == "No␛[2J. Look."
