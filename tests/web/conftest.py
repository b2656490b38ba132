"""The web application over a database of the test's own, asked without a socket in between, or with one."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import pytest
import uvicorn

from core.config import Settings
from core.desk import Desk
from core.files import LocalFiles
from web.app import make_app
from web.front import Front
from web.rate import Rates
from web.server import config_of

ADDRESS = "https://help.example.com"


class Clock:
    """Each time it is looked at, five seconds have gone by: nobody waits for what takes a person a while."""

    def __init__(self) -> None:
        self._began, self._looks = datetime.now(UTC), count(1)

    def __call__(self) -> datetime:
        return self._began + timedelta(seconds=5 * next(self._looks))


@pytest.fixture
async def front(service: Desk, tmp_path: Path) -> Front:
    settings = Settings.model_validate({"home": tmp_path, "web": {"address": ADDRESS}})
    return Front(settings, service, LocalFiles(tmp_path / "files"), await service.web_key(), Rates())


@pytest.fixture
async def client(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(front), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield client


@dataclass(frozen=True)
class Site:
    front: Front
    address: str


@pytest.fixture
async def site(front: Front) -> AsyncIterator[Site]:
    """The web server at an address of its own, http://127.0.0.1:PORT."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        values = front.settings.model_dump()
        values["web"]["address"] = address
        front = replace(front, settings=Settings.model_validate(values))
        server = uvicorn.Server(config_of(front.settings, make_app(front)))
        serving = asyncio.create_task(server._serve([door]))
        while not server.started:  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0.01)
        yield Site(front, address)
        server.should_exit = True
        await serving
