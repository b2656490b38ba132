"""sync.arrivals on a real Maildir and a real desk: one bad mail, or a mailbox that is away, stops nothing
else.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sync.arrivals
import sync.reading
from core.desk import Desk
from core.errors import StorageFailed
from core.files import LocalFiles
from core.models import Mailbox, Outcome, Received
from sync.arrivals import Arrivals
from sync.mailbox import Arrival
from sync.maildir import Maildir
from sync.reading import Intake

HOUR_NS = 3_600_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    found = Maildir(tmp_path / "mail", now_ns=lambda: time.time_ns() + HOUR_NS)
    found.create()
    return found


@pytest.fixture
async def arrivals(service: Desk, maildir: Maildir, tmp_path: Path, clock: Clock) -> Arrivals:
    return await opened(service, maildir, tmp_path, clock)


async def opened(desk: Desk, maildir: Maildir, tmp_path: Path, now: Callable[[], datetime]) -> Arrivals:
    intake = Intake(LocalFiles(tmp_path / "files"), frozenset({"support@example.com"}))
    return Arrivals(desk, intake, maildir, (await mailbox_of(desk)).id, now)


async def mailbox_of(desk: Desk) -> Mailbox:
    (mailbox,) = await desk.list_mailboxes()
    return mailbox


def deliver(maildir: Maildir, number: int, folder: str = "new", flags: str = "") -> Path:
    place = maildir.folder / folder / f"{1_700_000_000 + number}.M1P1.host{flags}"
    place.write_text(
        f"From: kim{number}@example.com\nSubject: Mail {number}\nMessage-ID: <{number}@example.com>\n\nText\n"
    )
    return place


async def test_a_round_takes_in_what_is_there_and_the_next_one_nothing(
    arrivals: Arrivals, maildir: Maildir
) -> None:
    for number in range(5):
        deliver(maildir, number)
    deliver(maildir, 9, "cur", ":2,S")
    assert await arrivals.take_in() == 6
    assert await arrivals.take_in() == 0
    assert arrivals.counts == {Outcome.CREATED: 6}
    assert (await mailbox_of(arrivals.desk)).synced_at is not None


async def test_a_new_daemon_asks_the_ledger_what_was_taken_in(
    service: Desk, arrivals: Arrivals, maildir: Maildir, tmp_path: Path, clock: Clock
) -> None:
    for number in range(3):
        deliver(maildir, number)
    await arrivals.take_in()
    deliver(maildir, 7, "cur", ":2,S")
    later = await opened(service, Maildir(maildir.folder), tmp_path, clock)
    assert await later.take_in() == 1
    assert later.counts == {Outcome.CREATED: 1}


async def test_many_mails_in_cur_are_asked_for_in_pages(
    arrivals: Arrivals, maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def settled(self: Desk, mailbox_id: object, provider_ids: list[str]) -> list[str]:
        asked.append(len(provider_ids))
        return provider_ids

    monkeypatch.setattr(Desk, "settled_deliveries", settled)
    for number in range(2300):
        (maildir.folder / "cur" / f"{number}.a.host:2,").touch()
    assert await arrivals.take_in() == 0
    assert asked == [1000, 1000, 300]
    assert await arrivals.take_in() == 0
    assert len(asked) == 3


async def test_a_mail_that_cannot_be_read_is_named_and_the_others_are_taken_in(
    arrivals: Arrivals, maildir: Maildir, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = deliver(maildir, 1)
    deliver(maildir, 2)
    open_file = os.open

    def denied(path: Any, *arguments: Any, **named: Any) -> int:
        if path == bad:
            raise PermissionError(13, "Permission denied")
        return open_file(path, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", denied)
        assert await arrivals.take_in() == 1
    assert arrivals.problem == f"The mail {bad} cannot be read: permission denied."
    assert (await mailbox_of(arrivals.desk)).last_error == arrivals.problem
    assert bad.exists()
    assert await arrivals.take_in() == 0  # it is not looked at again at once
    clock.now += timedelta(minutes=1)
    assert await arrivals.take_in() == 1
    assert arrivals.problem is None
    assert (await mailbox_of(arrivals.desk)).last_error is None


async def test_a_mail_that_cannot_be_moved_is_taken_in_all_the_same(
    arrivals: Arrivals, maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(maildir, 1)

    def refused(*arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", refused)
        assert await arrivals.take_in() == 1
        assert await arrivals.take_in() == 0
    assert arrivals.problem and "read-only file system" in arrivals.problem


async def test_a_fault_in_reading_one_mail_does_not_stop_the_next(
    arrivals: Arrivals, maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = sync.reading.parse_mail

    def broken(raw: bytes) -> Any:
        if b"Mail 2" in raw:
            raise RecursionError
        return parse(raw)

    monkeypatch.setattr(sync.reading, "parse_mail", broken)
    for number in (1, 2, 3):
        deliver(maildir, number)
    assert await arrivals.take_in() == 3
    assert arrivals.counts == {Outcome.CREATED: 2, Outcome.QUARANTINED: 1}


async def test_a_maildir_that_is_away_is_noted_and_its_mail_taken_in_later(
    arrivals: Arrivals, maildir: Maildir
) -> None:
    deliver(maildir, 1)
    away = maildir.folder.with_name("away")
    maildir.folder.rename(away)
    with pytest.raises(StorageFailed):
        await arrivals.take_in()
    assert "cannot be read" in ((await mailbox_of(arrivals.desk)).last_error or "")
    away.rename(maildir.folder)
    assert await arrivals.take_in() == 1
    assert (await mailbox_of(arrivals.desk)).last_error is None


async def test_a_full_disk_ends_the_round_and_nothing_is_lost(
    arrivals: Arrivals, maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        deliver(maildir, number)
    put_many, calls = LocalFiles.put_many, []

    def full_at_second(self: LocalFiles, kind: Any, contents: list[bytes]) -> list[str]:
        calls.append(len(contents))
        if len(calls) == 2:
            raise StorageFailed("The disk is full.")
        return put_many(self, kind, contents)

    with monkeypatch.context() as patch:
        patch.setattr(LocalFiles, "put_many", full_at_second)
        with pytest.raises(StorageFailed, match="full"):
            await arrivals.take_in()
    assert sum(calls) == 10
    assert (await mailbox_of(arrivals.desk)).last_error == "The disk is full."
    assert arrivals.counts == {Outcome.CREATED: calls[0]}
    assert await arrivals.take_in() == calls[1]
    assert arrivals.counts == {Outcome.CREATED: 10}


async def test_it_stops_between_two_mails_when_asked_to(arrivals: Arrivals, maildir: Maildir) -> None:
    for number in range(5):
        deliver(maildir, number)
    arrivals.goes_on = lambda: arrivals.counts.total() < 1
    settled = await arrivals.take_in()
    assert 1 <= settled <= 2
    assert len(list((maildir.folder / "new").iterdir())) == 5 - settled


async def test_of_large_mails_few_are_held_at_once(
    arrivals: Arrivals, maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = maildir.fetch
    waiting: list[int] = []

    async def watched(id: str) -> Arrival | None:
        waiting.append(len(waiting) - arrivals.counts.total())
        return await fetch(id)

    monkeypatch.setattr(sync.arrivals, "_MUCH", 1)
    monkeypatch.setattr(maildir, "fetch", watched)
    for number in range(12):
        deliver(maildir, number)
    assert await arrivals.take_in() == 12
    assert max(waiting) <= 3


async def test_mails_are_entered_in_the_order_they_came(
    service: Desk, maildir: Maildir, tmp_path: Path, clock: Clock
) -> None:
    entered: list[str] = []

    class Watching(Desk):
        async def receive_mail(self, mail: dict[str, Any]) -> Received:
            entered.append(mail["subject"])
            return await super().receive_mail(mail)

    arrivals = await opened(Watching(service._gateway), maildir, tmp_path, clock)
    for number in (3, 1, 2):
        deliver(maildir, number)
    await arrivals.take_in()
    assert entered == ["Mail 3", "Mail 1", "Mail 2"]


async def test_an_empty_mailbox_is_known_to_have_been_read(arrivals: Arrivals, clock: Clock) -> None:
    """An agent's status line tells how fresh the mail is, also when there is none."""
    await arrivals.take_in()
    first = (await mailbox_of(arrivals.desk)).synced_at
    await arrivals.take_in()
    assert first and (await mailbox_of(arrivals.desk)).synced_at == first
    clock.now += timedelta(minutes=1)
    await arrivals.take_in()
    second = (await mailbox_of(arrivals.desk)).synced_at
    assert second and second > first
