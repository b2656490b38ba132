"""Requests that no browser makes, byte by byte through a socket: malformed, or with two meanings."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from core.desk import Desk
from tests.web.conftest import Site
from web.protocol import Protocol

HOST = b"Host: help.example.com\r\n"


@asynccontextmanager
async def line_to(site: Site) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = site.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def answers_to(site: Site, sent: bytes) -> list[int]:
    """The statuses of all answers to these bytes, until the server ends the connection or is silent."""
    async with line_to(site) as (reader, writer):
        writer.write(sent)
        said = b""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(60):
                while part := await reader.read(65536):
                    said += part
        return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d+)", said, re.M)]


MALFORMED = {
    "no request": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "a header without a name": b"GET /health HTTP/1.1\r\n" + HOST + b": x\r\n\r\n",
    "a blank before the colon": b"GET /health HTTP/1.1\r\n" + HOST + b"Content-Length : 0\r\n\r\n",
    "NUL in a header": b"GET /health HTTP/1.1\r\n" + HOST + b"X-Y: a\0b\r\n\r\n",
    "a huge header": b"GET /health HTTP/1.1\r\n" + HOST + b"X-Y: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "10,000 headers": b"GET /health HTTP/1.1\r\n" + HOST + b"X-Y: aaaaaaaa\r\n" * 10_000 + b"\r\n",
    "a length that is none": b"POST /health HTTP/1.1\r\n" + HOST + b"Content-Length: \xb2\r\n\r\n",
    "a length below nothing": b"POST /health HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "two lengths": b"POST /health HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "an unknown coding": b"POST /health HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    "a chunk without a size": b"POST /health HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


async def test_what_is_no_http_is_refused_and_hung_up_on(site: Site) -> None:
    answers = await asyncio.gather(*(answers_to(site, sent) for sent in MALFORMED.values()))
    assert {
        name: statuses for name, statuses in zip(MALFORMED, answers, strict=True) if statuses != [400]
    } == {}


async def test_a_request_with_two_meanings_is_none(site: Site) -> None:
    """What one server takes for a body, another takes for the next request (RFC 9112, 11.2)."""
    inside = b"GET /static/style.css HTTP/1.1\r\n" + HOST + b"\r\n"
    for length in (b"4", str(len(inside) + 5).encode()):
        both = b"Content-Length: " + length + b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        assert await answers_to(site, b"POST /health HTTP/1.1\r\n" + HOST + both + inside) == [400]


@pytest.mark.parametrize("begun", [b"", b"GET /health HTTP/1.1\r\n" + HOST + b"X-Y: a"])
async def test_a_head_that_does_not_end_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    async with line_to(site) as (reader, writer):
        writer.write(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await reader.readuntil(b'"}')).startswith(b"HTTP/1.1 200")
        monkeypatch.setattr(Protocol, "head_seconds", 0.05)
        writer.write(b"GET /")
        assert await reader.read() == b""
    async with line_to(site) as (reader, writer):
        writer.write(begun)
        assert await reader.read() == b""


async def test_a_web_socket_is_none_of_ours(site: Site) -> None:
    asked = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    assert await answers_to(site, b"POST /health HTTP/1.1\r\n" + HOST + asked + key) == [405]


async def test_who_hangs_up_in_the_middle_leaves_no_trace(
    site: Site, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that is shorter than was said; it is no fault of ours, and no ticket."""
    part = b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\nHello'
    head = b"POST /form HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/form-data; boundary=x\r\n"
    for begun in (
        head + b"Content-Length: 5000\r\n\r\n" + part,
        head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nHe",
    ):
        async with line_to(site) as (_, writer):
            writer.write(begun)
            await writer.drain()
    assert await answers_to(site, b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n") == [200]
    assert (await desk.list_tickets()).tickets == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_body_longer_than_was_said_is_no_second_request(site: Site) -> None:
    inside = b"GET /static/style.css HTTP/1.1\r\n" + HOST + b"\r\n"
    for body in (b"x" + inside, b"stamp=x\r\n\r\n" + inside):
        said = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % (
            len(body) - 3
        )
        first, *more = await answers_to(site, b"POST /form HTTP/1.1\r\n" + HOST + said + body)
        assert first == 422 and more in ([], [400])


async def test_an_address_of_another_host_is_no_page_of_ours(site: Site) -> None:
    """The web server is no proxy, and leads nobody there."""
    for target in (
        "http://evil.example/form",
        "//evil.example/form",
        "/%2f/evil.example",
        "*",
        "evil.example:443",
    ):
        for method in ("GET", "OPTIONS", "CONNECT"):
            async with line_to(site) as (reader, writer):
                writer.write(f"{method} {target} HTTP/1.1\r\n".encode() + HOST + b"Connection: close\r\n\r\n")
                said = await reader.read()
            assert re.match(rb"HTTP/1\.1 (400|404|405) ", said), (method, target, said[:100])
            assert b"location:" not in said.lower() and b"evil.example" not in said
