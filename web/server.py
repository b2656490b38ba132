"""The web server of a desk: opens it as the service, and answers until it is told to end."""

import asyncio
import logging

import uvicorn

from core.config import Settings
from core.connect import open_desk, open_files
from web.app import make_app
from web.front import Front
from web.rate import Rates

_logger = logging.getLogger("ttydesk.web")


async def serve(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Answer until `stop` is set, or without one, until SIGTERM or SIGINT comes."""
    async with open_desk(settings, service=True) as desk:
        front = Front(settings, desk, open_files(settings, service=True), await desk.web_key(), Rates())
        server = uvicorn.Server(_config(settings, make_app(front)))
        _logger.info("The web server answers at %s.", address_of(settings))
        if stop is None:
            await server.serve()
            return
        serving = asyncio.create_task(server._serve())  # it leaves signals to whoever has set `stop`
        ending = asyncio.create_task(stop.wait())
        await asyncio.wait([serving, ending], return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        server.should_exit = True
        await serving


def address_of(settings: Settings) -> str:
    """Where customers reach the web server."""
    return settings.web.address or f"http://{settings.web.host}:{settings.web.port}"


def _config(settings: Settings, app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.web.host,
        port=settings.web.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.web.trusted_proxies),
        forwarded_allow_ips=settings.web.trusted_proxies,
        timeout_graceful_shutdown=5,
    )
