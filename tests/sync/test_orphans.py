"""sync.orphans: stored attachments that no message has are found, and no others."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from core.desk import Desk
from core.files import Kind, LocalFiles
from sync.inbound import receive
from sync.orphans import orphans
from sync.reading import Intake
from sync.verify import verify

MAIL = (
    b"From: kim@example.com\nMessage-ID: <a@x>\nSubject: Lamp\nContent-Type: multipart/mixed; boundary=b\n\n"
    b"--b\n\nSee the picture.\n--b\nContent-Type: image/png; name=lamp.png\n\npixels\n--b--\n"
)


async def test_only_what_belongs_to_no_message_is_found(service: Desk, tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    await receive(service, Intake(files), MAIL)
    assert len(list(files.listing("attachments"))) == 1
    assert await orphans(service, files) == []
    lonely = [files.put("attachments", f"draft {number}".encode()) for number in range(3)]
    assert await orphans(service, files) == sorted(lonely)
    found = await verify(service, Intake(files), [])
    assert (found.orphans, found.is_complete) == (sorted(lonely), True)


async def test_what_gets_its_message_meanwhile_is_none(service: Desk, tmp_path: Path) -> None:
    """A file is stored before its message is there."""
    loop = asyncio.get_running_loop()

    class Busy(LocalFiles):
        """A mail comes in behind what is listed."""

        def listing(self, kind: Kind) -> Iterator[str]:
            yield from list(super().listing(kind))
            arriving = receive(service, Intake(LocalFiles(tmp_path)), MAIL)
            asyncio.run_coroutine_threadsafe(arriving, loop).result()

    Busy(tmp_path).put("attachments", b"pixels")
    assert await orphans(service, Busy(tmp_path)) == []
