"""The pages as people have them: a real Chromium, with JavaScript and without, on a phone and at a desk."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import uvicorn
from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright

from core.config import Settings
from web.app import make_app
from web.front import Front

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
"""It asks nobody but us for anything."""

Pages = Callable[..., AbstractAsyncContextManager[Page]]


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
        values = front.settings.model_dump() | {"web": {"address": address}}
        front = replace(front, settings=Settings.model_validate(values))
        server = uvicorn.Server(uvicorn.Config(make_app(front), log_config=None, lifespan="off"))
        serving = asyncio.create_task(server._serve([door]))
        while not server.started:  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0.01)
        yield Site(front, address)
        server.should_exit = True
        await serving


@pytest.fixture
async def pages(site: Site) -> AsyncIterator[Pages]:
    """A new visitor's page: `async with pages(javascript=False) as page`; more options are Playwright's."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium, which .ci/run installs.")
        pytest.skip("There is no Chromium: apt-get install chromium")

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)

        @asynccontextmanager
        async def visitor(javascript: bool = True, **options: object) -> AsyncIterator[Page]:
            context: BrowserContext = await browser.new_context(
                base_url=site.address,
                java_script_enabled=javascript,
                **options,
            )
            complaints: list[str] = []
            page = await context.new_page()
            page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
            yield page
            await context.close()
            assert complaints == []  # what the browser refused to load or to run

        yield visitor
        await browser.close()


def _is_complaint(said: ConsoleMessage) -> bool:
    """Besides that a page said no, which is its answer."""
    return said.type == "error" and not said.text.startswith("Failed to load resource: the server responded")
