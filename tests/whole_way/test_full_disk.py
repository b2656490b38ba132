"""A full disk, under the stored mails, the sent folder or the database: it is said, and nothing is lost."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.whole_way.programs import MAIL, Programs, ended, wait

FULL = "Free some space and try again."
_BLOCK = bytes(4096)


@dataclass
class Disk:
    folder: Path

    def fill(self) -> None:
        with suppress(OSError), (self.folder / "filler").open("wb", buffering=0) as file:
            while file.write(_BLOCK):
                pass
        assert os.statvfs(self.folder).f_bavail == 0

    def make_room(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk of 100 MB."""
    with tempfile.TemporaryDirectory(prefix="ttydesk-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=100m,mode=755", "tmpfs", folder]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("a small disk to be filled can only be mounted by root")
        yield Disk(Path(folder))
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_under_the_stored_mails(programs: Programs, disk: Disk) -> None:
    (programs.home / "files").symlink_to(disk.folder)
    with programs.daemon() as daemon:
        disk.fill()
        programs.deliver("one")
        daemon.until_said("The intake has a problem: The disk that holds")
        assert (programs.home / "mail/new/one").exists()
        said = programs.run("mail", "ingest", stdin=MAIL % (b"two", b"two")).refusal
        assert said == f"The disk that holds {programs.home / 'files'} is full. {FULL}"
        disk.make_room()
        daemon.until_said("Mail 1: created.")
        daemon.until_said("The intake works again.")
    assert programs.json("mail", "ingest", stdin=MAIL % (b"two", b"two"))["created"] == 1
    assert programs.nothing_is_lost() == 2


def test_under_the_sent_folder(programs: Programs, disk: Disk) -> None:
    programs.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))
    with programs.daemon() as daemon:
        (programs.home / "mail/.Sent").symlink_to(disk.folder)
        disk.fill()
        assert programs.run("ticket", "reply", "1001", "--body", "Try another bulb.").code == 0
        daemon.until_said("An answer on #1001 did not leave (attempt 1, again in 5 s): A sent mail cannot be")
        disk.make_room()
        wait(lambda: list(disk.folder.glob("cur/*")), "the answer was tried again")
    (answer,) = disk.folder.glob("cur/*")
    assert b"Try another bulb." in answer.read_bytes()
    assert programs.nothing_is_lost() == 1


def test_under_the_database(programs: Programs, disk: Disk) -> None:
    """The home lies on it, the mails elsewhere."""
    elsewhere, programs.home = programs.home, disk.folder / "home"
    for name in ("files", "mail", "log"):
        (elsewhere / name).mkdir()
    programs.home.mkdir()
    for name in ("files", "mail", "log"):
        (programs.home / name).symlink_to(elsewhere / name)
    programs.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))
    letter = os.urandom(1_000_000).hex().encode()
    with programs.daemon() as daemon:
        disk.fill()
        said = programs.run("ticket", "note", "1001", "--body", "-", stdin=letter).refusal
        assert said == f"The disk of the database is full, and nothing was changed. {FULL}"
        programs.deliver("two", MAIL % (b"two", b"two") + letter)
        daemon.until_said("The intake has a problem: The disk of the database is full")
        disk.make_room()
        daemon.until_said("The intake works again.")
    assert not programs.servers()

    disk.fill()
    for words in (("ticket", "list"), ("mail", "ingest"), ("sync", "--once")):
        said = ended(programs.start(*words), MAIL % (b"three", b"three")).refusal
        assert "full" in said or "No space left" in said
    disk.make_room()
    ticket = programs.json("ticket", "show", "1001")
    assert [note["content"] for note in ticket["notes"]] == []
    assert programs.nothing_is_lost() == 2
