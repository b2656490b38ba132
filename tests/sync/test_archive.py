"""sync.archive: the counts add up, order holds, and what goes wrong with one mail or one process stays with
it.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import sync.archive
from core.desk import Desk
from core.errors import Invalid, StorageFailed
from core.files import LocalFiles
from core.models import Outcome, Received, Sort
from sync.archive import batches, import_mails
from sync.reading import Intake, prepare_batch
from sync.source import Entry, find_mails


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(LocalFiles(tmp_path / "files"))


def write(folder: Path, number: int, answers: int | None = None) -> None:
    parent = "" if answers is None else f"In-Reply-To: <{answers}@example.com>\n"
    folder.mkdir(exist_ok=True)
    (folder / f"{999 - number}.eml").write_text(
        f"From: kim@example.com\nSubject: Mail {number}\nMessage-ID: <{number}@example.com>\n{parent}"
        f"Date: 1 Mar 2026 10:{number // 60:02}:{number % 60:02} +0000\n\nText {number}\n"
    )


def entries(folder: Path) -> list[Entry]:
    return find_mails([folder]).entries


async def test_parents_come_before_their_answers(
    service: Desk, desk: Desk, intake: Intake, tmp_path: Path
) -> None:
    for number in range(70):
        write(tmp_path / "in", number, answers=number - 1 if number % 10 else None)
    told: list[int] = []
    imported = await import_mails(service, intake, entries(tmp_path / "in"), told.append)
    assert imported.counts == {Outcome.CREATED: 7, Outcome.APPENDED: 63}
    assert told == [64, 70]
    page = await desk.list_tickets(sort=Sort.NUMBER)
    assert {ticket.subject for ticket in page.tickets} == {f"Mail {number}" for number in range(0, 70, 10)}


async def test_history_keeps_its_dates(service: Desk, desk: Desk, intake: Intake, tmp_path: Path) -> None:
    write(tmp_path / "in", 1)
    await import_mails(service, intake, entries(tmp_path / "in"))
    (ticket,) = (await desk.list_tickets()).tickets
    assert ticket.created_at.isoformat() == "2026-03-01T10:00:01+00:00"


async def test_importing_again_changes_nothing(
    service: Desk, desk: Desk, intake: Intake, tmp_path: Path
) -> None:
    for number in range(5):
        write(tmp_path / "in", number)
    await import_mails(service, intake, entries(tmp_path / "in"))
    before = await desk.list_tickets()
    again = await import_mails(service, intake, entries(tmp_path / "in"))
    assert again.counts == {Outcome.DUPLICATE: 5}
    assert await desk.list_tickets() == before


async def test_other_processes_take_in_the_same(service: Desk, intake: Intake, tmp_path: Path) -> None:
    for number in range(40):
        write(tmp_path / "in", number)
    imported = await import_mails(service, intake, entries(tmp_path / "in"), processes=2)
    assert imported.counts == {Outcome.CREATED: 40}
    assert len(list(intake.files.listing("raw"))) == 40


def _end_at_mail_7(intake: Intake, batch: Sequence[Entry], *arguments: Any) -> Any:
    """In place of `prepare_batch`: what a fault in a C library does."""
    if any(b"Mail 7\n" in entry.read() for entry in batch):
        os._exit(11)
    return prepare_batch(intake, batch, *arguments)


async def test_a_mail_that_ends_its_reader_is_set_aside_alone(
    service: Desk, intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        write(tmp_path / "in", number)
    monkeypatch.setattr(sync.archive, "BATCH", 3)
    monkeypatch.setattr(sync.archive, "prepare_batch", _end_at_mail_7)
    imported = await import_mails(service, intake, entries(tmp_path / "in"), processes=1)
    assert imported.counts == {Outcome.CREATED: 8, Outcome.QUARANTINED: 1}
    (held,) = await service.list_raw_mails(quarantined=True)
    assert held.reason == "Reading this mail ended the program that read it."
    assert b"Mail 7\n" in intake.files.get("raw", held.sha256)


def _always_end() -> None:
    os._exit(11)


async def test_where_no_process_can_be_started_a_thread_reads(
    service: Desk, intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in", 1)
    monkeypatch.setattr(sync.archive, "end_with_parent", _always_end)
    imported = await import_mails(service, intake, entries(tmp_path / "in"), processes=1)
    assert imported.counts == {Outcome.CREATED: 1}


async def test_a_file_that_vanishes_is_named_and_not_counted(
    service: Desk, intake: Intake, tmp_path: Path
) -> None:
    for number in range(3):
        write(tmp_path / "in", number)
    found = entries(tmp_path / "in")
    os.unlink(found[1].path)
    imported = await import_mails(service, intake, found)
    assert imported.counts == {Outcome.CREATED: 2}
    assert [one.path for one in imported.skipped] == [found[1].path]


class Refusing(Desk):
    """Refuses a batch as a whole, and one mail also alone."""

    async def receive_mails(self, mails: Sequence[dict[str, Any]]) -> list[Received]:
        raise Invalid("One of them is bad.")

    async def receive_mail(self, mail: dict[str, Any]) -> Received:
        if mail.get("subject") == "Mail 1":
            raise Invalid("This one.")
        return await super().receive_mail(mail)


async def test_a_batch_that_is_refused_is_taken_in_one_by_one(
    service: Desk, intake: Intake, tmp_path: Path
) -> None:
    for number in range(3):
        write(tmp_path / "in", number)
    imported = await import_mails(Refusing(service._gateway), intake, entries(tmp_path / "in"))
    assert imported.counts == {Outcome.CREATED: 2, Outcome.QUARANTINED: 1}


async def test_a_full_disk_ends_the_import_and_it_goes_on_later(
    service: Desk, intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(70):
        write(tmp_path / "in", number)
    put_many, calls = LocalFiles.put_many, []

    def full_later(self: LocalFiles, kind: Any, contents: Any) -> list[str]:
        calls.append(kind)
        if calls.count("raw") == 2:
            raise StorageFailed("The disk is full.")
        return put_many(self, kind, contents)

    with monkeypatch.context() as patch:
        patch.setattr(LocalFiles, "put_many", full_later)
        with pytest.raises(StorageFailed, match="full"):
            await import_mails(service, intake, entries(tmp_path / "in"))
    imported = await import_mails(service, intake, entries(tmp_path / "in"))
    assert imported.counts == {Outcome.DUPLICATE: 64, Outcome.CREATED: 6}


def test_few_large_mails_are_held_at_once() -> None:
    sizes = [20_000_000, 20_000_000, *[1_000] * 70, 90_000_000, 5]
    found = [[one.size for one in batch] for batch in batches([Entry("x", size=size) for size in sizes])]
    assert found == [[20_000_000] * 2, [1_000] * 64, [1_000] * 6 + [90_000_000], [5]]


def test_a_batch_is_stored_when_it_is_prepared(intake: Intake, tmp_path: Path) -> None:
    write(tmp_path / "in", 1)
    (entry,) = entries(tmp_path / "in")
    (mail,) = prepare_batch(intake, [entry], datetime.now(UTC))
    assert isinstance(mail, dict)
    assert intake.files.get("raw", mail["raw"]["sha256"]) == entry.read()
