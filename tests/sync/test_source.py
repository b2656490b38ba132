"""sync.source: which files are mails, in which order, and their bytes out of an mbox."""

import mailbox
import os
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotFound, StorageFailed
from sync.source import Entry, find_mails, looks_like_mail, unquoted


def mail(subject: str, day: int = 1) -> bytes:
    return f"From: kim@example.com\nSubject: {subject}\nDate: {day} Mar 2026 10:00:00 +0000\n\nHi.\n".encode()


def subjects(*paths: Path) -> list[str]:
    return [
        next(line for line in entry.read().decode().splitlines() if line.startswith("Subject: "))[9:]
        for entry in find_mails(paths).entries
    ]


def test_mails_come_oldest_first_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.eml").write_bytes(mail("third", 3))
    (tmp_path / "b" / "x.eml").write_bytes(mail("first", 1))
    (tmp_path / "z.eml").write_bytes(mail("second", 2))
    assert subjects(tmp_path) == ["first", "second", "third"]


def test_a_mail_without_a_date_counts_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "old.eml").write_bytes(b"From: kim@example.com\nSubject: undated\n\n")
    os.utime(tmp_path / "old.eml", (0, 0))
    (tmp_path / "dated.eml").write_bytes(mail("dated"))
    assert subjects(tmp_path) == ["undated", "dated"]


@pytest.mark.parametrize("date", ["Tue, 99 Foo 99999 99:99:99", "", "\udcff", "1 Jan 0000 00:00:00 +9999"])
def test_an_unreadable_date_stops_nothing(tmp_path: Path, date: str) -> None:
    raw = f"From: kim@example.com\nDate: {date}\nSubject: s\n\n".encode(errors="surrogateescape")
    (tmp_path / "a.eml").write_bytes(raw)
    assert len(find_mails([tmp_path]).entries) == 1


def test_what_is_no_mail_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text('{"a": 1}')
    (tmp_path / "empty").touch()
    (tmp_path / "noted").write_bytes(mail("found by its content"))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = find_mails([tmp_path])
    assert [Path(entry.path).name for entry in found.entries] == ["noted"]
    assert {Path(one.path).name: one.reason for one in found.skipped} == {
        "cases.json": "It does not look like a mail.",
        "empty": "It is empty.",
        "pipe": "It is not a file.",
        "loop": "It is a link to a folder.",
    }


def test_an_eml_is_taken_in_whatever_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "odd.eml").write_bytes(b"not a mail at all")
    assert len(find_mails([tmp_path]).entries) == 1


def test_a_file_that_was_named_is_taken_in_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "odd.bin").write_bytes(b"not a mail at all")
    assert len(find_mails([tmp_path / "odd.bin"]).entries) == 1
    assert find_mails([tmp_path]).entries == []


def test_a_path_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file or folder"):
        find_mails([tmp_path / "nowhere"])


def test_a_file_that_vanishes_before_it_is_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot be read: no such file"):
        Entry(str(tmp_path / "gone.eml")).read()


def test_a_maildir_with_its_folders(tmp_path: Path) -> None:
    for folder in (".", ".Archive", ".Archive.2025"):
        for part in ("tmp", "new", "cur"):
            (tmp_path / folder / part).mkdir(parents=True)
    (tmp_path / "new" / "1.a.host").write_bytes(mail("fresh", 1))
    (tmp_path / "cur" / "2.a.host:2,S").write_bytes(mail("read", 2))
    (tmp_path / "tmp" / "3.a.host").write_bytes(mail("half", 3))
    (tmp_path / ".Archive" / "cur" / "4.a.host:2,").write_bytes(mail("archived", 4))
    (tmp_path / ".Archive.2025" / "cur" / "5.a.host:2,").write_bytes(mail("below", 5))
    (tmp_path / "dovecot-uidlist").write_bytes(b"3 V1")
    assert subjects(tmp_path) == ["fresh", "read", "archived", "below"]


MBOX = b"""\
From kim@example.com Sun Mar  1 10:00:00 2026
From: kim@example.com
Subject: one
Date: 1 Mar 2026 10:00:00 +0000

>From here on it is quoted.
>>From twice.

From now on this is text, and so is
From kim@example.com Sun Mar  1 10:00:00 2026
without an empty line before it.

From - Mon Mar  2 10:00:00 2026
From: lee@example.com
Subject: two

Bye.

"""


def test_an_mbox_is_cut_at_its_from_lines_only(tmp_path: Path) -> None:
    (tmp_path / "Inbox").write_bytes(MBOX)
    one, two = (entry.read() for entry in find_mails([tmp_path]).entries)
    assert one.startswith(b"From: kim@example.com\nSubject: one\n")
    assert b"\nFrom here on it is quoted.\n>From twice.\n\nFrom now on" in one
    assert one.endswith(b"without an empty line before it.\n")
    assert two == b"From: lee@example.com\nSubject: two\n\nBye.\n"


def test_an_mbox_with_the_line_ends_of_windows(tmp_path: Path) -> None:
    (tmp_path / "Inbox").write_bytes(MBOX.replace(b"\n", b"\r\n"))
    assert subjects(tmp_path) == ["one", "two"]


def test_an_eml_that_begins_with_a_from_line_is_one_mail(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(MBOX)
    assert len(find_mails([tmp_path]).entries) == 1


@given(st.lists(st.text(alphabet=">From \nab:", max_size=80), min_size=1, max_size=4))
def test_what_python_wrote_into_an_mbox_comes_out(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[str]
) -> None:
    path = tmp_path_factory.mktemp("mbox") / "box"
    box = mailbox.mbox(path)
    for body in bodies:
        message = Message()
        message["From"], message["Subject"] = "kim@example.com", "s"
        # The module quotes "From " alone (mboxo), which cannot be told apart from text that had a > before.
        message.set_payload("\n".join(line for line in body.split("\n") if not line.startswith(">")))
        box.add(message)
    box.close()
    assert len(find_mails([path]).entries) == len(bodies)


@given(st.binary(max_size=200))
def test_quoting_as_mboxrd_does_it_is_taken_back(text: bytes) -> None:
    lines = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in text.split(b"\n")]
    assert unquoted(b"\n".join(lines) + b"x\n\n") == text + b"x\n"


@pytest.mark.parametrize(
    ("head", "is_mail"),
    [
        (b"From: a@b.c\nTo: d@e.f\n\nHi", True),
        (b"From a@b.c Sun Mar  1 10:00:00 2026\nReceived: by x\nSubject: s\n", True),
        (b"\xef\xbb\xbfSubject: s\nFrom: a@b.c\n\n", True),
        (b"Subject: only one field\n\n", False),
        (b"name: x\nversion: 1\n\n", False),
        (b'{"from": 1}\n', False),
        (b"A text.\nFrom: a@b.c\nTo: d@e.f\n", False),
        (b"", False),
        (b"\x00\x01\x02", False),
    ],
)
def test_a_mail_begins_with_fields_of_a_mail(head: bytes, is_mail: bool) -> None:
    assert looks_like_mail(head) is is_mail


def test_progress_is_told_how_many_were_found(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.eml").write_bytes(mail("s"))
    told: list[int] = []
    find_mails([tmp_path], told.append)
    assert told == [3]


def test_drafts_and_what_was_thrown_away_are_no_tickets(tmp_path: Path) -> None:
    for folder in ("", ".Sent", ".Drafts", ".INBOX.Trash"):
        for part in ("new", "cur", "tmp"):
            (tmp_path / folder / part).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "new" / "1.host").write_bytes(mail(folder or "inbox"))
    (tmp_path / "cur" / "2.host:2,ST").write_bytes(mail("deleted"))
    assert sorted(subjects(tmp_path)) == [".Sent", "inbox"]
    assert [Path(one.path).name for one in find_mails([tmp_path]).skipped] == [
        ".Drafts", ".INBOX.Trash", "2.host:2,ST",
    ]  # fmt: skip
    assert subjects(tmp_path / ".Drafts") == [".Drafts"]
