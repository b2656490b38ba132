"""web.safety: headers of every answer, and bodies that are too large."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from web.front import Front
from web.problem import add_doors
from web.safety import BODY_LIMIT, HEADERS, Guard


@pytest.mark.parametrize("path", ["/health", "/nothing", "/static/style.css", "/api/nothing"])
async def test_every_answer_tells_the_browser_to_be_careful(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["strict-transport-security"]
    assert "server" not in headers


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("It was read.")
        yield b""

    headers = {"Content-Length": str(BODY_LIMIT + 1)}
    answer = await client.post("/health", content=body(), headers=headers)
    assert answer.status_code == 413
    assert "1 MB" in answer.text


async def test_what_does_not_exist_is_a_page_for_people_and_a_problem_for_programs(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/nothing<b>")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such page." in page.text
    problem = await client.get("/api/nothing")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["status"] == 404


@pytest.mark.parametrize("length", ["\N{SUPERSCRIPT TWO}", "-1", "+5", "five", ""])
async def test_a_length_has_to_be_a_number(client: httpx.AsyncClient, length: str) -> None:
    headers = {"Content-Length": length.encode("latin-1")}
    assert (await client.post("/health", content=b"", headers=headers)).status_code == 400


def reader(front: Front, pause_seconds: float) -> FastAPI:
    """An application that reads what it gets, within these limits."""
    app = FastAPI()
    app.state.front = front
    app.state.settings = front.settings
    add_doors(app)
    app.add_middleware(Guard, is_secure=True, limit_of=lambda path: 100_000, pause_seconds=pause_seconds)

    @app.post("/")
    async def read(request: Request) -> int:
        return len(await request.body())

    return app


async def body_in(parts: int, pause: float) -> AsyncIterator[bytes]:
    for _ in range(parts):
        await asyncio.sleep(pause)
        yield b"a" * 1000


async def test_a_body_that_does_not_come_on_is_not_waited_for(front: Front) -> None:
    transport = httpx.ASGITransport(reader(front, pause_seconds=0.05))
    async with httpx.AsyncClient(transport=transport, base_url="https://help.example.com") as client:
        late = await client.post("/", content=body_in(3, pause=60))
        assert (late.status_code, late.headers["connection"]) == (408, "close")
        assert "too slowly" in late.text


async def test_a_slow_body_that_comes_on_is_read(front: Front) -> None:
    """As from a telephone in a train."""
    transport = httpx.ASGITransport(reader(front, pause_seconds=5))
    async with httpx.AsyncClient(transport=transport, base_url="https://help.example.com") as client:
        assert (await client.post("/", content=body_in(5, pause=0.01))).json() == 5000


async def test_a_body_that_does_not_say_how_long_it_is_ends_at_the_limit(front: Front) -> None:
    transport = httpx.ASGITransport(reader(front, pause_seconds=5))
    async with httpx.AsyncClient(transport=transport, base_url="https://help.example.com") as client:
        endless = await client.post("/", content=body_in(10**6, pause=0))
        assert (endless.status_code, endless.headers["connection"]) == (413, "close")
