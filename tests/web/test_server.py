"""web.server: it answers from its first moment on, with or without a database, until it is told to end."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from core.config import Settings
from core.desk import Desk
from core.errors import Conflict, Invalid
from core.systemd import Systemd
from web.server import address_of, listen, serve


@pytest.fixture
def settings(tmp_path: Path, database: str, service: Desk) -> Settings:
    return Settings.model_validate({"home": tmp_path, "database_url": database, "web": {"port": free_port()}})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def served(settings: Settings, systemd: Systemd | None = None) -> AsyncIterator[httpx.AsyncClient]:
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(settings, stop, systemd=systemd or Systemd()))
    try:
        async with httpx.AsyncClient(base_url=address_of(settings), timeout=60) as client:
            yield client
            stop.set()
            await serving
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def until(client: httpx.AsyncClient, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
    """Ask until the answer is the one that is waited for."""
    async with asyncio.timeout(60):
        while True:
            try:
                answer = await client.get("/health")
            except httpx.ConnectError:  # it has not begun to listen
                answer = httpx.Response(0)
            if answer.status_code and holds(answer):
                return answer
            await asyncio.sleep(0.05)


async def test_it_answers_and_ends(settings: Settings) -> None:
    async with served(settings) as client:
        assert (await until(client, lambda answer: answer.status_code == 200)).json() == {"status": "ok"}
    with pytest.raises(httpx.ConnectError):
        await httpx.AsyncClient().get(f"{address_of(settings)}/health")


async def test_while_the_database_is_away_it_says_so_and_takes_up_again(
    settings: Settings, admin: psycopg.Connection, database: str
) -> None:
    name = database.rpartition("dbname=")[2]

    def take_away() -> None:
        admin.execute(f"alter database {name} allow_connections false".encode())
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])

    def give_back() -> None:
        admin.execute(f"alter database {name} allow_connections true".encode())

    take_away()
    heard = Heard()
    async with served(settings, heard) as client:
        page = await until(client, lambda answer: answer.status_code == 503)
        assert "The desk cannot be reached right now." in page.text
        assert page.headers["retry-after"] and page.headers["content-security-policy"]
        problem = await client.get("/api/tickets")
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.json()["status"] == 503
        assert (await client.get("/static/style.css")).status_code == 200, "the page needs it"
        await heard.has("EXTEND_TIMEOUT_USEC")
        assert "READY=1" not in heard.said

        give_back()
        await until(client, lambda answer: answer.status_code == 200)
        assert "READY=1" in heard.said

        take_away()
        assert (await client.get("/health")).status_code == 503
        give_back()
        await until(client, lambda answer: answer.status_code == 200)
    assert heard.said[-1] == "STOPPING=1"


class Heard(Systemd):
    def __init__(self) -> None:
        super().__init__(None, None)
        self.said: list[str] = []
        self._says = asyncio.Event()

    def _tell(self, state: str) -> None:
        if state != "WATCHDOG=1":
            self.said.append(state)
            self._says.set()

    async def has(self, state: str) -> None:
        async with asyncio.timeout(60):
            while not any(one.startswith(state) for one in self.said):
                self._says.clear()
                await self._says.wait()


async def test_a_port_that_is_taken_is_refused_in_a_sentence(settings: Settings) -> None:
    with (
        listen(settings),
        pytest.raises(Conflict, match=rf"Port {settings.web.port} of 127\.0\.0\.1 is taken"),
    ):
        await serve(settings, asyncio.Event())


def test_a_host_that_is_none_of_ours_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for host in ("192.0.2.1", "no.such.host.invalid", "2001:db8::1"):
        settings = Settings.model_validate({"home": tmp_path, "web": {"host": host}})
        with pytest.raises(Invalid, match="cannot listen at port 8025"):
            listen(settings)


async def test_requests_are_logged_by_their_route_only_for_finding_a_fault(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ttydesk.web")
    async with served(settings) as client:
        await until(client, lambda answer: answer.status_code == 200)
        await client.get("/portal/in/a-secret?who=kim@example.com")
        said = caplog.text
        assert "GET /health: 200" in said
        assert "a-secret" not in said and "kim@" not in said
        caplog.clear()
        caplog.set_level(logging.INFO, "ttydesk.web")
        await client.get("/health")
        assert "/health" not in caplog.text
