"""Signing in from the terminal, at Supabase's own server: at the start, and when it ended while one wrote."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from core.config import Settings, Supabase
from core.connect import Way, open_desk, session_of
from core.sign_in import HostedSignIn
from tests.conftest import desk_as
from tests.core.test_session import mailed_code
from tests.core.wire import Wire, answer, wire_to
from tests.mails import mail
from tests.peers.hosted import PUBLISHABLE, Project
from tests.tui.conftest import NARROW, WIDE, Stage
from tui.app import DeskApp
from tui.screens.sign_in import SignInScreen

ADA, EXPIRED = "ada@example.com", {"code": "PGRST303", "message": "JWT expired"}
Team = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
async def wire(hosted: Project) -> AsyncIterator[Wire]:
    """The way to a project with an admin, ada@example.com, and a ticket."""
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute("delete from auth.users")
    async with desk_as(hosted.database, "service_role") as service:
        await service.connect_mailbox("support", "maildir", "support@example.com", "Support")
        await service.add_agent(ADA, "Ada")
        await service.receive_mail(mail("one", subject="Lamp one"))
    async with wire_to(hosted.url) as wire:
        yield wire


@pytest.fixture
def away(wire: Wire, tmp_path: Path) -> Settings:
    """Of a machine on which nobody has signed in."""
    hosted = Supabase(url=wire.url, publishable_key=SecretStr(PUBLISHABLE))
    return Settings(home=tmp_path, agent=ADA, supabase=hosted, tokens="file")


@pytest.fixture
def team(away: Settings) -> Team:
    @asynccontextmanager
    async def start(size: tuple[int, int] = WIDE) -> AsyncIterator[Stage]:
        app = DeskApp(lambda: open_desk(away), away, sign_in=HostedSignIn(Way.of(away)))
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Stage(app, pilot)

    return start


def end_all(project: Project) -> None:
    """No sign-in of anybody is renewed any more."""
    with psycopg.connect(project.database, autocommit=True) as connection:
        connection.execute("delete from auth.refresh_tokens; delete from auth.sessions")


async def sign_in(stage: Stage, project: Project) -> None:
    await stage.sees(ADA)
    await stage.press("enter")
    await stage.sees("A code was mailed to ada@example.com.")
    await stage.write(mailed_code(project))
    await stage.press("enter")
    await stage.until(lambda: not isinstance(stage.app.screen, SignInScreen))


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_who_is_not_signed_in_is_asked_at_the_start(
    team: Team, hosted: Project, size: tuple[int, int]
) -> None:
    async with team(size) as stage:
        await stage.sees("Sign in")
        await sign_in(stage, hosted)
        await stage.sees("Lamp one")
        await stage.sees("connected")
        assert "NOT SIGNED IN" not in stage.text()


async def test_it_ends_while_one_writes_and_nothing_is_lost(
    team: Team, away: Settings, wire: Wire, hosted: Project
) -> None:
    session = session_of(Way.of(away))
    await session.send_code(ADA)
    await session.enter_code(ADA, mailed_code(hosted))
    async with open_desk(away) as desk:
        await desk.claim_account()
    async with team() as stage:
        await stage.sees("Lamp one")
        await stage.press("enter", "r")
        await stage.sees("REPLY to")
        await stage.write("Try another bulb")
        await stage.press("left", "left", "left", "left")
        end_all(hosted)
        wire.only = "/rest/"  # not the call that would renew it, which is refused by Supabase's own server
        wire.instead.extend([answer(401, json.dumps(EXPIRED), "application/json")] * 50)
        await stage.until(lambda: isinstance(stage.app.screen, SignInScreen))
        assert "Your sign-in has ended." in stage.desk_screen.connection.trouble
        wire.instead.clear()
        await sign_in(stage, hosted)
        await stage.sees("● connected")
        await stage.write("new ")
        await stage.sees("Try another new bulb")
        await stage.press("ctrl+s")
        await stage.sees("The answer leaves in")
    async with desk_as(hosted.database, "service_role") as service:
        (ticket,) = (await service.list_tickets()).tickets
        message = (await service.show_ticket(ticket.number)).messages[-1]
        assert message.content == "Try another new bulb"


async def test_a_refusal_is_said_and_one_may_do_it_later(team: Team, hosted: Project, away: Settings) -> None:
    async with team() as stage:
        await stage.sees(ADA)
        await stage.press("enter")
        await stage.sees("A code was mailed")
        await stage.write("000000")
        await stage.press("enter")
        await stage.sees("That code is wrong, or has run out.")
        assert "ttydesk login" not in stage.text()
        await stage.press("ctrl+o")
        await stage.write("wrong")
        assert "wrong" not in stage.text()
        await stage.press("enter")
        await stage.sees("That address and password do not fit.")
        await stage.press("escape")
        await stage.sees("NOT SIGNED IN")
        await stage.sees("You are not signed in. Sign in with :login")
        await stage.press("colon")
        await stage.write("login")
        await stage.press("enter")
        await sign_in(stage, hosted)
        await stage.sees("Lamp one")


async def test_whoever_is_no_agent_hears_that(team: Team, hosted: Project) -> None:
    async with team() as stage:
        await stage.sees(ADA)
        field = stage.app.screen.query_one("#address")
        field.value = "eve@example.com"  # type: ignore[attr-defined]
        await stage.press("enter")
        await stage.sees("A code was mailed to eve@example.com.")
        await stage.write(mailed_code(hosted, "eve@example.com"))
        await stage.press("enter")
        await stage.sees("not an active agent")
        assert isinstance(stage.app.screen, SignInScreen)


async def test_without_a_network_the_window_stays(team: Team, wire: Wire) -> None:
    async with team() as stage:
        await stage.sees(ADA)
        wire.instead.append(b"")
        await stage.press("enter")
        await stage.sees("Supabase's sign-in does not answer.")
        await stage.press("enter")
        await stage.sees("A code was mailed")
