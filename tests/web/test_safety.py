"""web.safety: headers of every answer, and bodies that are too large."""

from collections.abc import AsyncIterator

import httpx
import pytest

from web.safety import BODY_LIMIT, HEADERS


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
