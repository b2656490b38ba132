"""The pages as people have them: a real Chromium, with JavaScript and without, on a phone and at a desk."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, async_playwright

from tests.web.conftest import Clock, Site
from web.front import Front

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
"""It asks nobody but us for anything."""

Pages = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
async def front(front: Front) -> Front:
    return replace(front, now=Clock())


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
            page.on("pageerror", lambda error: complaints.append(str(error)))

            async def refuse(dialog: Dialog) -> None:
                complaints.append(f"It opened a dialog: {dialog.message}")
                await dialog.dismiss()

            page.on("dialog", refuse)
            page.on("request", lambda asked: complaints.append(asked.url) if _is_foreign(asked) else None)
            yield page
            await context.close()
            assert complaints == []  # what the browser refused to load or to run, or should not have

        yield visitor
        await browser.close()


def _is_complaint(said: ConsoleMessage) -> bool:
    """Besides that a page said no, which is its answer."""
    return said.type == "error" and not said.text.startswith("Failed to load resource: the server responded")


def _is_foreign(asked: Request) -> bool:
    return not asked.url.startswith(("http://127.0.0.1:", "data:", "about:", "blob:"))
