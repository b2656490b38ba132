"""The web server of a desk: opens it as the service, and answers until it is told to end.

It answers from its first moment on: while the database is away it says so (503) and looks for it again
every few seconds. A kill at any moment loses nothing that was answered: each answer comes after the commit.
"""

import asyncio
import contextlib
import errno
import gc
import logging
import socket
from collections.abc import Awaitable, Iterator

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from core.account import open_accounts
from core.config import Settings
from core.connect import Way, open_files, open_gateway
from core.desk import Desk
from core.ending import DRAIN_SECONDS, stop_by_signal
from core.errors import Conflict, Invalid, Unreachable
from core.gathered import GatheredGateway
from core.systemd import Systemd
from core.text import safe_line
from web.access import AccessLog
from web.app import make_app, make_closed
from web.front import Front
from web.protocol import Protocol
from web.rate import Rates

_REOPEN_SECONDS = 2.0
_LIVES_SECONDS = 5.0
_BACKLOG = 1024
_logger = logging.getLogger("ttydesk.web")


async def serve(
    settings: Settings,
    stop: asyncio.Event | None = None,
    listener: socket.socket | None = None,
    systemd: Systemd | None = None,
) -> None:
    """Answer at `listener` until `stop` is set, or without one, until SIGTERM or SIGINT comes.

    Without a `listener`, where the settings say. It is closed in the end.
    """
    systemd = systemd or Systemd.of_environment()
    listener = listener or listen(settings)
    if stop is None:
        stop = asyncio.Event()
        stop_by_signal(stop)
    entrance = Entrance(settings)
    server = Server(config_of(settings, entrance))
    with listener:
        serving = asyncio.create_task(server.serve([listener]))
        living = asyncio.create_task(_live(systemd))
        try:
            await _open(settings, stop, entrance, server, serving, systemd)
        finally:
            server.should_exit = True
            await serving
            living.cancel()
    _logger.info("The web server has ended.")


class Server(uvicorn.Server):
    """Leaves signals to whoever has set `stop`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Entrance:
    """The application that the server knows: that of the desk while it is open, else one that says so."""

    def __init__(self, settings: Settings) -> None:
        self._closed = AccessLog(make_closed(settings))
        self._app: ASGIApp = self._closed

    def open(self, front: Front) -> None:
        self._app = AccessLog(make_app(front))

    def close(self) -> None:
        self._app = self._closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


async def _open(
    settings: Settings,
    stop: asyncio.Event,
    entrance: Entrance,
    server: Server,
    serving: asyncio.Task[None],
    systemd: Systemd,
) -> None:
    """Have the desk open until the end; it is closed when nobody is answered any more."""
    said = ""
    while not stop.is_set() and not serving.done():
        try:
            async with (
                open_gateway(Way.of(settings), service=True) as gateway,
                open_accounts(settings) as accounts,
            ):
                desk = Desk(GatheredGateway(gateway))
                files, key = open_files(settings, service=True), await desk.web_key()
                entrance.open(Front(settings, desk, files, key, Rates(), accounts))
                gc.collect()
                gc.freeze()  # what was made for good: to look through it again takes 0.1 s, and all wait
                _logger.info("The web server answers at %s.", address_of(settings))
                systemd.status(f"It answers at {address_of(settings)}.")
                systemd.ready()
                await _first(serving, stop.wait())
                systemd.ends()
                server.should_exit = True
                await serving
        except Unreachable as error:
            entrance.close()
            if said != str(error):
                said = str(error)
                _logger.warning("%s It is tried again, until it works.", safe_line(said))
            systemd.status(said)
            systemd.starts_later(60)
            await _first(serving, stop.wait(), _REOPEN_SECONDS)


async def _live(systemd: Systemd) -> None:
    """systemd hears that we live for as long as this loop of events gets on."""
    while True:
        systemd.lives()
        await asyncio.sleep(min(_LIVES_SECONDS, (systemd.watchdog_seconds or _LIVES_SECONDS) / 3))


async def _first(serving: asyncio.Task[None], other: Awaitable[object], seconds: float | None = None) -> None:
    """Wait for either of the two, or for so long."""
    waiting = asyncio.ensure_future(other)
    await asyncio.wait([serving, waiting], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def address_of(settings: Settings) -> str:
    """Where customers reach the web server."""
    host, port = settings.web.host, settings.web.port
    return settings.web.address or f"http://{f'[{host}]' if ':' in host else host}:{port}"


def listen(settings: Settings) -> socket.socket:
    """The socket that the settings name; raises Conflict where another program has it.

    Made here, because uvicorn ends the whole program where it cannot have it.
    """
    host, port = settings.web.host, settings.web.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # That it is TCP is said by name: else asyncio leaves Nagle's algorithm on, which holds up small answers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"Port {port} of {host} is taken by another program.",
                hint="Choose another one: web.port in config.toml, or TTYDESK_WEB_PORT.",
            ) from error
        raise Invalid(
            f"The web server cannot listen at port {port} of {host}: {error.strerror or error}.",
            hint="Look at web.host and web.port; ttydesk config show says where they are set.",
        ) from error
    return listener


def config_of(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """How uvicorn is set for ours, and for what is measured beside it."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.web.trusted_proxies),
        forwarded_allow_ips=settings.web.trusted_proxies,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=int(DRAIN_SECONDS),
    )
