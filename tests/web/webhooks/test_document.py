"""web.webhooks.document: kept as long as their sender allows, and longer when there is no newer one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from core.errors import Unreachable
from tests.web.webhooks.conftest import Clock, Elsewhere
from web.webhooks.document import Documents, fetch

URL = "https://elsewhere.example/certs"


@pytest.fixture
def documents(elsewhere: Elsewhere, clock: Clock) -> Documents:
    elsewhere.pages[URL] = b"one"
    return Documents(elsewhere.fetch, clock)


async def test_it_is_fetched_once_while_it_may_be_kept(
    documents: Documents, elsewhere: Elsewhere, clock: Clock
) -> None:
    assert await asyncio.gather(*(documents.get(URL) for _ in range(5))) == [b"one"] * 5
    elsewhere.pages[URL] = b"two"
    clock.ahead = timedelta(seconds=3590)
    assert await documents.get(URL) == b"one"
    clock.ahead = timedelta(seconds=3610)
    assert await documents.get(URL) == b"two"
    assert elsewhere.asked == [URL, URL]


async def test_the_old_one_goes_on_when_a_new_one_cannot_be_had(
    documents: Documents, elsewhere: Elsewhere, clock: Clock
) -> None:
    await documents.get(URL)
    del elsewhere.pages[URL]
    clock.ahead = timedelta(hours=2)
    assert [await documents.get(URL) for _ in range(5)] == [b"one"] * 5
    assert len(elsewhere.asked) == 2, "a failure is not repeated at once"
    elsewhere.pages[URL] = b"two"
    clock.ahead += timedelta(minutes=2)
    assert await documents.get(URL) == b"two"


async def test_without_any_it_says_so_and_asks_no_more_than_once_a_minute(
    documents: Documents, elsewhere: Elsewhere, clock: Clock
) -> None:
    del elsewhere.pages[URL]
    for _ in range(3):
        with pytest.raises(Unreachable):
            await documents.get(URL)
    assert len(elsewhere.asked) == 1
    elsewhere.pages[URL] = b"one"
    clock.ahead = timedelta(minutes=2)
    assert await documents.get(URL) == b"one"


async def test_a_newer_one_is_asked_for_once_a_minute_at_most(
    documents: Documents, elsewhere: Elsewhere, clock: Clock
) -> None:
    await documents.get(URL)
    elsewhere.pages[URL] = b"two"
    assert [await documents.get(URL, newer=True) for _ in range(3)] == [b"one"] * 3
    clock.ahead = timedelta(minutes=2)
    assert [await documents.get(URL, newer=True) for _ in range(3)] == [b"two"] * 3
    assert len(elsewhere.asked) == 2


async def test_no_more_are_kept_than_are_needed(elsewhere: Elsewhere) -> None:
    documents = Documents(elsewhere.fetch, lambda: datetime(2026, 3, 2, tzinfo=UTC))
    urls = [f"{URL}/{number}" for number in range(20)]
    elsewhere.pages |= dict.fromkeys(urls, b"one")
    for url in urls:
        await documents.get(url)
    await documents.get(urls[-1])
    await documents.get(urls[0])
    assert elsewhere.asked == [*urls, urls[0]]


@contextmanager
def page(status: int, content: bytes, **headers: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *said: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/certs?Token=shh"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("control", "age", "seconds"),
    [
        ("public, max-age=19845, must-revalidate", "845", 19000.0),
        ("max-age=5", "9", 0.0),
        ("no-store", "0", 0.0),
        ("max-age=99999999", "x", 86400.0),
    ],
)
async def test_its_sender_says_how_long_it_may_be_kept(control: str, age: str, seconds: float) -> None:
    with page(200, b"one", Cache_Control=control, Age=age) as url:
        fetched = await fetch(url)
    assert (fetched.content, fetched.seconds) == (b"one", seconds)


@pytest.mark.parametrize(("status", "size"), [(404, 0), (500, 1), (302, 0), (200, 300_000)])
async def test_what_cannot_be_had_is_said_without_what_was_asked(status: int, size: int) -> None:
    with (
        page(status, b"x" * size, Location="http://127.0.0.1:1/") as url,
        pytest.raises(Unreachable) as raised,
    ):
        await fetch(url)
    assert "shh" not in str(raised.value) and "/certs" in str(raised.value)


async def test_nobody_leads_it_elsewhere() -> None:
    with page(200, b"two") as other, page(302, b"", Location=other) as url, pytest.raises(Unreachable):
        await fetch(url)


async def test_where_nobody_answers() -> None:
    with pytest.raises(Unreachable):
        await fetch("http://127.0.0.1:1/certs")
