"""Answers with large files through Gmail: up to what it takes, whole, once, and in order."""

import hashlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.desk import Desk
from core.models import Delivery, Status
from sync.sentmail import SIZE_LIMIT
from tests.gmail import GmailServer
from tests.sync.account import ADDRESS, Account, account, parsed


@pytest.fixture
def google() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as google:
        yield google
        google.faults.clear()


@pytest.fixture
async def gmail(google: GmailServer, service: Desk, tmp_path: Path) -> AsyncIterator[Account]:
    async with account(google, service, tmp_path) as gmail:
        await gmail.take_in()
        gmail.deliver("asked")
        await gmail.take_in()
        yield gmail


def stored(gmail: Account, size: int) -> tuple[bytes, dict[str, Any]]:
    content = random.Random(size).randbytes(size)
    sha256 = gmail.arrivals.intake.files.put("attachments", content)
    named = {"filename": "plan.bin", "content_type": "application/octet-stream"}
    return content, named | {"size": size, "sha256": sha256}


async def answer(desk: Desk, text: str, *files: dict[str, Any]) -> None:
    await desk.reply(1001, text, grace_seconds=0, attachments=files)


@pytest.mark.parametrize("size", [1_000_000, 6_000_000, 26_000_000])
async def test_a_file_arrives_as_it_was(gmail: Account, desk: Desk, size: int) -> None:
    """The last one makes a mail of nearly 35 MB, as base64 takes a third more."""
    content, file = stored(gmail, size)
    await answer(desk, "Here it is.", file)
    assert await gmail.send() == 1
    (left,) = gmail.box.sent
    assert len(left.raw) <= SIZE_LIMIT
    (attached,) = parsed(left.raw).iter_attachments()
    assert hashlib.sha256(attached.get_payload(decode=True)).digest() == hashlib.sha256(content).digest()
    assert left.thread_id == gmail.box.messages[0].thread_id
    await gmail.take_in()
    assert len((await desk.show_ticket(1001)).messages) == 2


@pytest.mark.parametrize("call", ["upload.start", "upload.chunk", "messages.send"])
@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "503"])
async def test_an_upload_that_breaks_off_leaves_once(
    gmail: Account, desk: Desk, database: str, call: str, fault: str
) -> None:
    _, file = stored(gmail, 6_000_000)
    await answer(desk, "Here it is.", file)
    gmail.server.faults.nth(call, fault)  # type: ignore[arg-type]
    await gmail.send()
    for _ in range(2):
        with psycopg.connect(database, autocommit=True) as connection:  # its time has come
            connection.execute("update desk.outbox set not_before = now(), leased_until = now()")
        await gmail.send()
    message = (await desk.show_ticket(1001)).messages[-1]
    assert message.dispatch and message.dispatch.state is Delivery.SENT
    assert len(gmail.box.sent) == 1


async def test_what_is_too_large_is_said_to_its_author_and_holds_nothing_up(
    gmail: Account, desk: Desk
) -> None:
    _, file = stored(gmail, 28_000_000)
    await answer(desk, "Here it is.", file)
    await answer(desk, "As a link: https://example.com/plan")
    assert await gmail.send() == 1
    (left,) = gmail.box.sent
    assert "As a link" in str(parsed(left.raw).get_body(("plain",)))
    conversation = await desk.show_ticket(1001)
    refused = conversation.messages[1].dispatch
    assert refused and refused.state is Delivery.FAILED
    assert refused.error == "The mail has 37 MB, and Gmail sends at most 35. Send large files as a link."
    assert conversation.ticket.status is Status.OPEN


async def test_an_answer_waits_for_the_one_before_it(gmail: Account, desk: Desk) -> None:
    for text in ("One.", "Two.", "Three."):
        await answer(desk, text)
    gmail.server.faults.nth("messages.send", "503")
    assert await gmail.send() == 0, "the first is tried again later, and the others wait"
    assert gmail.box.sent == []
