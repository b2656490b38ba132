"""The form inside a page of another site."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.config import Settings
from core.desk import Desk
from tests.web.browser.conftest import Pages
from tests.web.conftest import Site
from web.front import Front


class OtherSite:
    """A site whose every page holds a frame. Another port is another origin."""

    shown = address = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        page = f'<!doctype html><title>Shop</title><iframe src="{self.shown}" height="900"></iframe>'
        head = f"Content-Type: text/html\r\nContent-Length: {len(page)}\r\nConnection: close"
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n{page}".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def other() -> AsyncIterator[OtherSite]:
    site = OtherSite()
    async with await asyncio.start_server(site.answer, "127.0.0.1") as server:
        site.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield site


@pytest.fixture
async def front(front: Front, other: OtherSite) -> Front:
    values = front.settings.model_dump()
    values["web"] |= {"embed_in": other.address}
    return replace(front, settings=Settings.model_validate(values))


@pytest.mark.parametrize("javascript", [True, False])
async def test_it_is_sent_from_there_without_any_cookie(
    pages: Pages, site: Site, other: OtherSite, desk: Desk, javascript: bool
) -> None:
    other.shown = f"{site.address}/embed"
    async with pages(javascript) as page:
        await page.goto(other.address)
        inner = page.frame_locator("iframe")
        await inner.get_by_label("What is it about?").fill("Lamp")
        await inner.get_by_role("button", name="Send").click()
        await inner.get_by_role("alert").wait_for()
        await inner.get_by_label("Your e-mail address").fill("kim@example.com")
        await inner.get_by_label("Your message").fill("It is dark.")
        await inner.get_by_role("button", name="Send").click()
        assert "#1001" in await inner.get_by_role("status").inner_text()
        assert await page.context.cookies() == []
    assert (await desk.show_ticket(1001)).messages[0].content == "It is dark."
