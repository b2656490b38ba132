"""The form of a desk at Supabase: the same page, and the files lie there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from core.bucket import Bucket
from core.config import Settings
from core.desk import Desk
from core.storage import HostedFiles
from core.supabase import SupabaseGateway
from tests.peers.hosted import SECRET, Project
from tests.web.conftest import ADDRESS
from tests.web.visitor import Clock, Visitor
from web.app import make_app
from web.front import Front
from web.rate import Rates


@pytest.fixture
async def front(hosted: Project, tmp_path: Path) -> AsyncIterator[Front]:
    gateway = await SupabaseGateway(hosted.url, SECRET).open()
    desk = Desk(gateway)
    await desk.connect_mailbox("support", "maildir", "support@example.com", department="repairs")
    settings = Settings.model_validate({"home": tmp_path, "web": {"address": ADDRESS}})
    files = HostedFiles(lambda: Bucket(hosted.url, SECRET), tmp_path / "files")
    yield Front(settings, desk, files, await desk.web_key(), Rates())
    await gateway.close()


async def test_a_form_becomes_a_ticket_there(front: Front, hosted: Project, tmp_path: Path) -> None:
    clock = Clock()
    transport = httpx.ASGITransport(make_app(replace(front, now=clock)))
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        visitor = await Visitor(client, clock).open()
        await visitor.send(
            ("log.txt", b"dark", "image/png"),
            email="kim@example.com",
            subject="Größe 漢字",
            message="null\nis.null",
            department="repairs",
        )
        await visitor.follow()
    assert visitor.text(".number") == "#1001"
    shown = await front.desk.show_ticket(1001)
    asked, receipt = shown.messages
    assert (shown.ticket.subject, shown.ticket.department) == ("Größe 漢字", "repairs")
    assert (asked.content, receipt.automatic) == ("null\nis.null", True)
    (file,) = asked.attachments
    assert file.sha256
    elsewhere = HostedFiles(lambda: Bucket(hosted.url, SECRET), tmp_path / "other")
    assert elsewhere.get("attachments", file.sha256) == b"dark"
