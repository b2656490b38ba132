"""sync.maildir on real folders; its clock is given, so that a time of change counts as old or as just now."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import StorageFailed
from sync.maildir import Maildir, provider_id

RAW = b"From: kim@example.com\nSubject: Lamp\n\nIt is broken.\n"
LATER = 3_600_000_000_000


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    """One whose clock is an hour ahead: every time of change counts as long past."""
    found = Maildir(tmp_path / "mail", now_ns=lambda: time.time_ns() + LATER)
    found.create()
    return found


def deliver(maildir: Maildir, name: str, raw: bytes = RAW, folder: str = "new") -> Path:
    """As a mail server does: written in tmp/, linked to its name, unlinked."""
    written = maildir.folder / "tmp" / name
    written.write_bytes(raw)
    place = maildir.folder / folder / name
    os.link(written, place)
    written.unlink()
    return place


def names(maildir: Maildir, folder: str) -> list[str]:
    return sorted(os.listdir(maildir.folder / folder))


async def test_what_is_in_new_is_fresh_and_what_is_in_cur_perhaps(maildir: Maildir) -> None:
    deliver(maildir, "2.a.host")
    deliver(maildir, "1.b.host:2,S", folder="cur")
    news = await maildir.news()
    assert (news.fresh, news.perhaps) == (["2.a.host"], ["1.b.host"])


async def test_what_is_not_yet_delivered_is_not_read(maildir: Maildir) -> None:
    (maildir.folder / "tmp" / "1.half.host").write_bytes(b"From: ki")
    (maildir.folder / "new" / ".hidden").write_bytes(b"From: ki")
    (maildir.folder / "new" / "folder").mkdir()
    news = await maildir.news()
    assert (news.fresh, news.perhaps) == ([], [])


async def test_a_settled_mail_is_in_cur_and_no_news_any_more(maildir: Maildir) -> None:
    deliver(maildir, "1.a.host")
    await maildir.news()
    await maildir.settle("1.a.host")
    assert (names(maildir, "new"), names(maildir, "cur")) == ([], ["1.a.host:2,"])
    news = await maildir.news()
    assert (news.fresh, news.perhaps) == ([], [])


async def test_a_mail_that_was_not_settled_is_news_again(maildir: Maildir) -> None:
    deliver(maildir, "1.a.host")
    assert (await maildir.news()).fresh == ["1.a.host"]
    assert (await maildir.news()).fresh == ["1.a.host"]


async def test_what_another_program_puts_into_cur_is_noticed(maildir: Maildir) -> None:
    await maildir.news()
    deliver(maildir, "1.a.host:2,S", folder="cur")
    assert (await maildir.news()).perhaps == ["1.a.host"]


async def test_a_change_of_flags_is_no_news(maildir: Maildir) -> None:
    place = deliver(maildir, "1.a.host:2,", folder="cur")
    await maildir.news()
    await maildir.settle("1.a.host")
    place.rename(place.with_name("1.a.host:2,RS"))
    assert (await maildir.news()).perhaps == []


async def test_a_change_in_the_same_tick_of_the_clock_is_noticed(tmp_path: Path) -> None:
    """File systems keep times in ticks of some milliseconds: a second change may leave the time as it was."""
    maildir = Maildir(tmp_path / "mail")
    maildir.create()
    deliver(maildir, "1.a.host")
    await maildir.news()
    before = os.stat(maildir.folder / "new")
    deliver(maildir, "2.b.host")
    os.utime(maildir.folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert sorted((await maildir.news()).fresh) == ["1.a.host", "2.b.host"]


async def test_folders_that_did_not_change_are_not_listed(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    await maildir.news()
    monkeypatch.setattr(os, "scandir", None)
    await maildir.news()


async def test_two_mails_under_one_name_are_both_kept_and_both_news(maildir: Maildir) -> None:
    deliver(maildir, "1.a.host", b"Subject: one\n\n")
    await maildir.news()
    await maildir.settle("1.a.host")
    deliver(maildir, "1.a.host", b"Subject: two\n\n")
    news = await maildir.news()
    assert news.fresh == ["1.a.host"]
    arrival = await maildir.fetch("1.a.host")
    assert arrival and arrival.raw == b"Subject: two\n\n"
    await maildir.settle("1.a.host")
    kept = {(maildir.folder / "cur" / name).read_bytes() for name in names(maildir, "cur")}
    assert kept == {b"Subject: one\n\n", b"Subject: two\n\n"}
    assert names(maildir, "new") == []


async def test_a_move_that_was_killed_in_the_middle_is_finished(maildir: Maildir) -> None:
    place = deliver(maildir, "1.a.host")
    os.link(place, maildir.folder / "cur" / "1.a.host:2,")
    news = await maildir.news()
    assert (news.fresh, news.perhaps) == (["1.a.host"], [])
    await maildir.settle("1.a.host")
    assert (names(maildir, "new"), names(maildir, "cur")) == ([], ["1.a.host:2,"])


async def test_a_mail_that_another_program_moved_is_found_under_its_new_flags(maildir: Maildir) -> None:
    place = deliver(maildir, "1.a.host")
    await maildir.news()
    place.rename(maildir.folder / "cur" / "1.a.host:2,S")
    assert await maildir.fetch("1.a.host") is None
    news = await maildir.news()
    assert (news.fresh, news.perhaps) == ([], ["1.a.host"])
    assert await maildir.fetch("1.a.host") is not None


async def test_a_mail_that_is_gone_is_none(maildir: Maildir) -> None:
    deliver(maildir, "1.a.host").unlink()
    assert await maildir.fetch("1.a.host") is None


async def test_an_unreadable_mail_is_a_sentence(maildir: Maildir, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(maildir, "1.a.host")
    await maildir.news()

    def denied(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(StorageFailed, match=r"1\.a\.host cannot be read: permission denied"):
        await maildir.fetch("1.a.host")


async def test_a_link_in_new_is_not_followed(maildir: Maildir, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"root:x")
    (maildir.folder / "new" / "1.a.host").symlink_to(tmp_path / "secret")
    assert (await maildir.news()).fresh == []


async def test_a_maildir_that_vanishes_is_a_sentence_and_found_again(maildir: Maildir) -> None:
    deliver(maildir, "1.a.host")
    away = maildir.folder.with_name("away")
    maildir.folder.rename(away)
    with pytest.raises(StorageFailed, match="cannot be read: no such file or directory"):
        await maildir.news()
    with pytest.raises(StorageFailed, match="cannot be stored"):
        await maildir.send(RAW, "<a@example.com>")
    assert not maildir.folder.exists()
    away.rename(maildir.folder)
    assert (await maildir.news()).fresh == ["1.a.host"]


async def test_a_sent_mail_lies_in_the_sent_folder_with_the_flag_seen(maildir: Maildir) -> None:
    await maildir.send(b"Subject: Re\r\n\r\nHello\r\n", "<a@example.com>")
    (place,) = (maildir.folder / ".Sent" / "cur").iterdir()
    assert place.name.endswith(":2,S")
    assert place.read_bytes() == b"Subject: Re\n\nHello\n"
    assert list((maildir.folder / ".Sent" / "tmp").iterdir()) == []
    assert (maildir.folder / ".Sent" / "maildirfolder").exists()


async def test_a_mail_is_sent_once(maildir: Maildir) -> None:
    first = await maildir.send(b"one\n", "<a@example.com>")
    again = await Maildir(maildir.folder).send(b"two\n", "<a@example.com>")
    (place,) = (maildir.folder / ".Sent" / "cur").iterdir()
    assert first == again
    assert place.read_bytes() == b"one\n"


async def test_of_two_deliveries_at_once_one_is_kept(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process delivers after this one has looked."""
    other = Maildir(maildir.folder)
    monkeypatch.setattr(other, "_find", lambda message_id: None)
    await maildir.send(b"one\n", "<a@example.com>")
    await other.send(b"two\n", "<a@example.com>")
    (place,) = (maildir.folder / ".Sent" / "cur").iterdir()
    assert place.read_bytes() == b"one\n"
    assert list((maildir.folder / ".Sent" / "tmp").iterdir()) == []


async def test_a_sent_mail_is_found_whatever_flags_it_has(maildir: Maildir) -> None:
    assert await maildir.find_sent("<a@example.com>", datetime.now(UTC)) is None
    sent = await maildir.send(RAW, "<a@example.com>")
    assert await maildir.find_sent("<a@example.com>", datetime.now(UTC)) == sent
    (place,) = (maildir.folder / ".Sent" / "cur").iterdir()
    place.rename(place.with_name(place.name + "R"))
    assert await maildir.find_sent("<a@example.com>", datetime.now(UTC)) == sent
    assert await maildir.find_sent("<b@example.com>", datetime.now(UTC)) is None


async def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_sent(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    (maildir.folder / ".Sent").mkdir()
    with pytest.raises(StorageFailed, match="no space left on device"):
        await maildir.send(RAW, "<a@example.com>")
    assert await maildir.find_sent("<a@example.com>", datetime.now(UTC)) is None


async def test_where_there_are_no_hard_links_nothing_is_overwritten(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    (maildir.folder / "new" / "1.a.host").write_bytes(b"new")
    (maildir.folder / "cur" / "1.a.host:2,").write_bytes(b"old")
    await maildir.news()
    await maildir.settle("1.a.host")
    kept = {(maildir.folder / "cur" / name).read_bytes() for name in names(maildir, "cur")}
    assert kept == {b"new", b"old"}


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("1.a.host", "1.a.host"),
        ("1.a.host,S=23:2,RS", "1.a.host,S=23"),
        (os.fsdecode(b"1.\xff.host"), r"1.\xff.host"),
        (r"1.\xff.host", r"1.\\xff.host"),
    ],
)
def test_an_id_is_the_name_without_flags_as_text(name: str, id: str) -> None:
    assert provider_id(name) == id
    id.encode()


async def test_a_name_that_is_no_text_is_taken_in(maildir: Maildir) -> None:
    (maildir.folder / "new" / os.fsdecode(b"1.\xff.host")).write_bytes(RAW)
    (id,) = (await maildir.news()).fresh
    assert (await maildir.fetch(id)) is not None
    await maildir.settle(id)
    assert os.listdir(os.fsencode(maildir.folder / "cur")) == [b"1.\xff.host:2,"]


async def test_a_fresh_mail_came_when_it_was_put_into_new(maildir: Maildir) -> None:
    """Whatever time the file was given: a copy may keep the one of years ago."""
    place = deliver(maildir, "1.a.host")
    os.utime(place, (0, 0))
    deliver(maildir, "2.b.host:2,", folder="cur")
    os.utime(maildir.folder / "cur" / "2.b.host:2,", (1000, 1000))
    await maildir.news()
    fresh, old = await maildir.fetch("1.a.host"), await maildir.fetch("2.b.host")
    assert fresh and fresh.received_at and fresh.received_at.timestamp() > 1_700_000_000
    assert old and old.received_at and old.received_at.timestamp() == 1000
