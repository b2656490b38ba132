"""commands.up: daemon and web server side by side, and what becomes of one when the other fails."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

import web.server
from commands.up import run
from core.config import Settings
from core.desk import Desk
from core.errors import Conflict
from sync.lock import held, holder
from tests.web.test_server import free_port
from web.front import Front
from web.server import address_of, listen

MAIL = b"From: Kim <kim@example.com>\nTo: support@example.com\nSubject: Lamp\n\nIt is dark.\n"


@pytest.fixture
def settings(tmp_path: Path, database: str, service: Desk) -> Settings:
    return Settings.model_validate(
        {
            "home": tmp_path / "home",
            "database_url": database,
            "poll_seconds": 0.02,
            "mailbox": {"address": "support@example.com"},
            "web": {"port": free_port()},
        }
    )


@asynccontextmanager
async def begun(settings: Settings) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(run(settings, stop))
    try:
        yield
        stop.set()
        await running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.05)


def answers(settings: Settings) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"{address_of(settings)}/health")).status_code == 200
            except httpx.TransportError:
                return False

    return ask


def has_tickets(desk: Desk, number: int) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return len((await desk.list_tickets()).tickets) == number

    return ask


def deliver(settings: Settings, name: str) -> None:
    (settings.home / "mail/new" / name).write_bytes(MAIL)


async def test_mail_is_taken_in_and_customers_are_answered(settings: Settings, service: Desk) -> None:
    async with begun(settings):
        await until(answers(settings))
        await until(lambda: asyncio.to_thread((settings.home / "mail/new").is_dir))
        deliver(settings, "one")
        await until(has_tickets(service, 1))
    assert not await answers(settings)()
    assert holder(settings.home) is None


async def test_a_web_server_that_fails_is_begun_again_and_mail_goes_on(
    settings: Settings, service: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_app, is_well = web.server.make_app, asyncio.Event()

    def fails_at_first(front: Front) -> object:
        if not is_well.is_set():
            raise ZeroDivisionError
        return make_app(front)

    monkeypatch.setattr(web.server, "make_app", fails_at_first)
    async with begun(settings):
        await until(lambda: asyncio.to_thread(lambda: "The web server failed" in caplog.text))
        await until(lambda: asyncio.to_thread((settings.home / "mail/new").is_dir))
        deliver(settings, "one")
        await until(has_tickets(service, 1))
        is_well.set()
        await until(answers(settings))


async def test_where_a_daemon_works_already_neither_begins(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with held(settings.home), pytest.raises(Conflict, match="A daemon works in"):
        await run(settings, asyncio.Event())
    assert not await answers(settings)()


async def test_where_the_port_is_taken_no_daemon_begins(settings: Settings) -> None:
    with listen(settings), pytest.raises(Conflict, match="is taken by another program"):
        await run(settings, asyncio.Event())
    assert not (settings.home / "daemon.lock").exists()
