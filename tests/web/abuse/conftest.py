"""The web server as somebody meets it who means no good."""

import re
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from core.desk import Desk
from core.models import Conversation
from tests.web.conftest import Clock
from web.front import Front

TYPED = {"name": "Kim", "email": "kim@example.com", "subject": "Lamp", "message": "It is dark."}
STAMP = re.compile(r'name="stamp" value="([^"]+)"')
KEPT = re.compile(r'name="kept" value="([^"]+)"')


@pytest.fixture
async def front(front: Front) -> Front:
    """With a clock by which nobody is ever too quick."""
    return replace(front, now=Clock())


@dataclass(frozen=True)
class Form:
    """The form, filled in by a program."""

    client: httpx.AsyncClient
    path: str = "/form"

    async def stamp(self) -> str:
        found = STAMP.search((await self.client.get(self.path)).text)
        assert found
        return found[1]

    async def send(
        self, *files: tuple[str, bytes, str], headers: dict[str, str] | None = None, **typed: Any
    ) -> httpx.Response:
        """As TYPED says where nothing else is said."""
        sent = {"stamp": await self.stamp()} | TYPED | typed
        parts = [("files", file) for file in files] or [("files", ("", b"", "application/octet-stream"))]
        return await self.client.post(self.path, data=sent, files=parts, headers=headers)


@pytest.fixture
async def form(client: httpx.AsyncClient) -> Form:
    return Form(client)


async def tickets(desk: Desk) -> list[Conversation]:
    """The newest first."""
    listed = (await desk.list_tickets()).tickets
    return [await desk.show_ticket(ticket.number) for ticket in listed]
