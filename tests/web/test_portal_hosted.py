"""The portal of a desk at Supabase: its operations over HTTP, its files in the bucket."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from core.config import Settings
from core.connect import open_desk, open_files
from core.desk import Desk
from core.models import Status
from core.portal_link import Entrance, new_link
from tests.mails import mail
from tests.peers.hosted import PUBLISHABLE, SECRET, Project
from tests.web.conftest import ADDRESS
from web.front import Front
from web.rate import Rates


@pytest.fixture
async def front(hosted: Project, tmp_path: Path) -> AsyncIterator[Front]:
    keys = {"url": hosted.url, "publishable_key": PUBLISHABLE, "secret_key": SECRET}
    settings = Settings.model_validate({"home": tmp_path, "supabase": keys, "web": {"address": ADDRESS}})
    async with open_desk(settings, service=True) as desk:
        await desk.connect_mailbox("support", "maildir", "support@example.com", "Support")
        await desk.receive_mail(mail("lamp"))
        yield Front(settings, desk, open_files(settings, service=True), await desk.web_key(), Rates())


async def hidden(client: httpx.AsyncClient, path: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', (await client.get(path)).text)
    assert found
    return found[1]


async def enter(client: httpx.AsyncClient, desk: Desk) -> None:
    link = new_link(Entrance(f"{ADDRESS}/portal", 60))
    await desk.create_portal_link("kim@example.com", link.sha256, 60)
    answer = await client.post(link.url, data={"nonce": await hidden(client, link.url, "nonce")})
    assert answer.headers["location"] == "/portal"
    assert (await client.get(link.url)).headers["location"] == "/portal"


async def test_the_whole_way(client: httpx.AsyncClient, front: Front, tmp_path: Path) -> None:
    assert (await client.get("/portal/tickets/1001")).status_code == 401
    await enter(client, front.desk)
    path = "/portal/tickets/1001"
    data = {"slip": await hidden(client, path, "slip"), "message": "See here."}
    files = [("files", ("note.txt", b"It is dark.", "text/plain"))]
    assert (await client.post(f"{path}/reply", data=data, files=files)).status_code == 303
    (kept,) = (await front.desk.show_ticket(1001)).messages[-1].attachments
    elsewhere = open_files(front.settings.model_copy(update={"home": tmp_path / "elsewhere"}), service=True)
    assert (
        kept.sha256 and await asyncio.to_thread(elsewhere.get, "attachments", kept.sha256) == b"It is dark."
    )
    (file,) = re.findall(r'href="(/portal/files/[^"]+)"', (await client.get(path)).text)
    assert (await client.get(file)).content == b"It is dark."
    await client.post(f"{path}/close", data={"slip": await hidden(client, path, "slip")})
    shown = await front.desk.show_ticket(1001)
    assert (shown.ticket.status, shown.messages[-1].content) == (Status.CLOSED, "See here.")
    await client.post("/portal/out", data={"slip": await hidden(client, path, "slip")})
    assert (await client.get(path)).status_code == 401
