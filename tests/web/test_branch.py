"""web.branch: the first word of a path leads to the route that FastAPI would have found."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from web.branch import Branch, add_routes, leaves

first, second = APIRouter(prefix="/one"), APIRouter()


@first.get("/")
async def slash() -> str:
    return "slash"


@first.get("/{word}")
async def get_word(word: str) -> str:
    return f"get {word}"


@first.put("/{word}")
async def put_word(word: str) -> str:
    return f"put {word}"


@second.get("/one/fixed")
async def late() -> str:
    return "never: the one before takes it"


@second.get("/one")
async def one() -> str:
    return "one"


@second.get("/onerous")
async def onerous() -> str:
    return "onerous"


@second.get("/")
async def home() -> str:
    return "home"


def application() -> FastAPI:
    return FastAPI(redirect_slashes=False, openapi_url=None)


@pytest.fixture
async def both() -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """With branches, and as FastAPI has them."""
    ours, theirs = application(), application()
    for router in (first, second):
        add_routes(ours.router.routes, router.routes)
        theirs.include_router(router)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(ours), base_url="http://desk") as one,
        httpx.AsyncClient(transport=httpx.ASGITransport(theirs), base_url="http://desk") as other,
    ):
        yield one, other


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        *("/", "/one", "/one/", "/one/fixed", "/one/a%20b", "/one/a/b", "/onerous", "/oner", "/two", "//one"),
        *("/One", "/one/%2e%2e", "/%6fne"),
    ],
)
async def test_it_answers_as_fastapi_does(
    both: tuple[httpx.AsyncClient, httpx.AsyncClient], method: str, path: str
) -> None:
    ours, theirs = [await client.request(method, path) for client in both]
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)


def test_each_first_word_has_one_branch() -> None:
    app = application()
    add_routes(app.router.routes, first.routes)
    add_routes(app.router.routes, second.routes)
    branches = [route.start for route in app.router.routes if isinstance(route, Branch)]
    assert branches == ["/one", "/onerous", "/"]
    assert len(list(leaves(app.router.routes))) == 7
