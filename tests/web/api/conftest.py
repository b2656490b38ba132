"""Programs at the API, with tokens of ada@example.com, an admin, and of grace@example.com."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from core.desk import Desk
from core.tokens import SCOPES, new_secret, sha256_of
from tests.web.conftest import ADDRESS
from web.app import make_app
from web.front import Front

Program = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def program(front: Front, desk: Desk) -> AsyncIterator[Program]:
    """A program with a new token: `await program("tickets:read", email="grace@example.com")`."""
    app = make_app(front)
    async with AsyncExitStack() as stack:

        async def make(*scopes: str, **more: Any) -> httpx.AsyncClient:
            secret = new_secret()
            await desk.create_token(sha256_of(secret), scopes or SCOPES, **more)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {secret}"}
            client = httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers)
            return await stack.enter_async_context(client)

        yield make


@pytest.fixture
async def api(program: Program) -> httpx.AsyncClient:
    """A program that may do all that ada@example.com may."""
    return await program()
