"""web.pages: what browsers may keep, and where visitors find their way."""

import httpx
import pytest

from web.pages import static


@pytest.mark.parametrize("name", ["style.css", "icon.svg"])
async def test_a_file_is_kept_for_as_long_as_it_is_the_same(client: httpx.AsyncClient, name: str) -> None:
    assert static(name) in (await client.get("/form")).text
    answer = await client.get(static(name))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    for other in (f"/static/{name}", f"/static/{name}?v=0", f"{static(name)}&x"):
        assert (await client.get(other)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["", "..%2fapp.py", "nothing.css", "%00"])
async def test_nothing_else_lies_there(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/static/{name}?v=")).status_code == 404


async def test_who_knows_no_page_comes_to_the_form(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/form")


async def test_a_page_that_is_not_there_shows_the_way_to_those_that_are(client: httpx.AsyncClient) -> None:
    page = (await client.get("/nothing")).text
    assert "<h1>Page not found</h1>" in page
    assert 'href="/form"' in page and 'href="/portal"' in page
    assert 'href="/form" aria-current="page"' in (await client.get("/form")).text
