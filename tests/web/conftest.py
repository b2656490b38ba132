"""The web application over a database of the test's own, asked without a socket in between."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from core.config import Settings
from core.desk import Desk
from core.files import LocalFiles
from web.app import make_app
from web.front import Front
from web.rate import Rates

ADDRESS = "https://help.example.com"


@pytest.fixture
async def front(service: Desk, tmp_path: Path) -> Front:
    settings = Settings.model_validate({"home": tmp_path, "web": {"address": ADDRESS}})
    return Front(settings, service, LocalFiles(tmp_path / "files"), await service.web_key(), Rates())


@pytest.fixture
async def client(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(front), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield client
