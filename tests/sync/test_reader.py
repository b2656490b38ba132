"""sync.reader: whatever is in a mail, reading it ends, and nothing else waits for long."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.files import Kind, LocalFiles
from sync import reader
from sync.reader import Reader
from sync.reading import Intake
from sync.receiving import Origin

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MAIL = b"From: kim@example.com\nMessage-ID: <a@example.com>\nSubject: Lamp\n\nIt is dark.\n"
SLOW = MAIL + b"It is dark, <kim@example.com> wrote on Monday.\n" * 20_000
"""Long, but read here; it takes many times SOON."""
SOON = 0.01


class Deadly(LocalFiles):
    """Ends the process that reads from it."""

    def get(self, kind: Kind, sha256: str) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b""


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(LocalFiles(tmp_path))


@pytest.fixture
def closing() -> Iterator[list[Reader]]:
    readers: list[Reader] = []
    yield readers
    for one in readers:
        one.close()


async def read(intake: Intake, raw: bytes, closing: list[Reader], **seconds: float) -> dict[str, Any]:
    intake.files.put("raw", raw)
    closing.append(Reader(**seconds))
    return await closing[-1].read(intake, raw, Origin(), NOW)


async def test_an_ordinary_mail_is_read_here(intake: Intake, closing: list[Reader]) -> None:
    mail = await read(intake, MAIL, closing)
    assert (mail["subject"], mail["quarantine"]) == ("Lamp", None)
    assert closing[0]._executor is None


async def test_a_large_mail_and_its_files_come_from_a_process(intake: Intake, closing: list[Reader]) -> None:
    file = b"Content-Disposition: attachment; filename=l.txt\n\n" + b"lamp\n" * 300_000
    raw = (
        MAIL.partition(b"\n\n")[0]
        + b"\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        + file
        + b"\n--b--\n"
    )
    mail = await read(intake, raw, closing)
    (attachment,) = mail["attachments"]
    assert attachment["filename"] == "l.txt"
    assert intake.files.exists("attachments", attachment["sha256"])


async def test_one_that_takes_too_long_here_is_read_apart_and_the_others_go_on(
    intake: Intake, closing: list[Reader]
) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    meanwhile = asyncio.create_task(others())
    mail = await read(intake, SLOW, closing, here_seconds=SOON)
    meanwhile.cancel()
    assert (mail["subject"], mail["quarantine"]) == ("Lamp", None)
    assert turns > 10


async def test_one_that_never_ends_is_set_aside(intake: Intake, closing: list[Reader]) -> None:
    mail = await read(intake, SLOW, closing, here_seconds=SOON, apart_seconds=SOON)
    assert mail["quarantine"]["reason"] == "Reading this mail took too long."
    again = await closing[0].read(intake, MAIL, Origin(), NOW)
    assert again["subject"] == "Lamp"


async def test_one_that_ends_the_process_is_set_aside(tmp_path: Path, closing: list[Reader]) -> None:
    mail = await read(Intake(Deadly(tmp_path)), SLOW, closing, here_seconds=SOON)
    assert mail["quarantine"]["reason"] == "Reading this mail ended the program that read it."


async def test_the_alarm_reaches_into_a_regular_expression(
    intake: Intake, closing: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "understand", lambda *_: re.match(r"(a+)+$", "a" * 60 + "b"))
    began = time.monotonic()
    mail = await read(intake, MAIL, closing, here_seconds=0.2)
    assert mail["subject"] == "Lamp"  # the process has the real one
    assert time.monotonic() - began < 20


async def test_the_alarm_is_off_afterwards(intake: Intake, closing: list[Reader]) -> None:
    await read(intake, MAIL, closing, here_seconds=SOON)
    deadline = time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
