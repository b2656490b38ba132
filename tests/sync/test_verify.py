"""sync.verify: every difference between ledger, files and mailbox is found and named, and nothing else."""

from pathlib import Path

import pytest

from core.desk import Desk
from core.files import LocalFiles
from core.models import Outcome
from sync.inbound import receive
from sync.maildir import Maildir
from sync.reading import Intake
from sync.verify import repair, verify


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(LocalFiles(tmp_path / "files"))


def raw(number: int) -> bytes:
    return f"From: kim@example.com\nSubject: Mail {number}\nMessage-ID: <{number}@x>\n\nText\n".encode()


def place(intake: Intake, sha256: str) -> Path:
    found = intake.files.path("raw", sha256)
    assert found
    return found


async def test_where_all_is_well_nothing_is_found(service: Desk, intake: Intake, tmp_path: Path) -> None:
    for number in range(3):
        await receive(service, intake, raw(number))
    told: list[int] = []
    found = await verify(service, intake, [], told.append)
    assert (found.is_complete, found.checked, told) == (True, 3, [3])


async def test_files_that_are_gone_or_damaged_are_named(service: Desk, intake: Intake) -> None:
    for number in range(3):
        await receive(service, intake, raw(number))
    first, second, _ = await service.list_raw_mails()
    place(intake, first.sha256).unlink()
    place(intake, second.sha256).chmod(0o600)
    place(intake, second.sha256).write_bytes(b"something else")
    found = await verify(service, intake, [])
    assert ([one.id for one in found.lost], [one.id for one in found.damaged]) == ([first.id], [second.id])
    assert not found.is_complete


async def test_a_stored_mail_without_a_line_is_named_and_repaired(service: Desk, intake: Intake) -> None:
    sha256 = intake.files.put("raw", raw(1))
    found = await verify(service, intake, [])
    assert found.unentered == [sha256]
    (received,) = await repair(service, intake, found)
    assert received.outcome is Outcome.CREATED
    assert (await verify(service, intake, [])).is_complete


async def test_a_mail_that_waits_in_the_mailbox_is_named(
    service: Desk, intake: Intake, tmp_path: Path
) -> None:
    maildir = Maildir(tmp_path / "mail")
    maildir.create()
    (maildir.folder / "new" / "1.a.host").write_bytes(raw(1))
    (maildir.folder / "cur" / "2.a.host:2,S").write_bytes(raw(2))
    (mailbox,) = await service.list_mailboxes()
    found = await verify(service, intake, [(mailbox, maildir)])
    (compared,) = found.mailboxes
    assert (compared.name, compared.checked) == ("support", 2)
    assert (sorted(compared.waiting), compared.missing) == (["1.a.host", "2.a.host"], [])
    assert not found.is_complete
