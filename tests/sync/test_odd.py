"""Mails as they are really written: old syntax, raw bytes, strange names and nestings.

mails/odd.json says what a person would read in each mails/odd_*.eml.
"""

import json
from collections.abc import Callable

import pytest

from sync.parse import parse_mail
from sync.parsed import ParsedMail
from tests.sync.letter import MAILS, letter

WANTED = json.loads((MAILS / "odd.json").read_text("utf-8"))
READ: dict[str, Callable[[ParsedMail], object]] = {
    "subject": lambda mail: mail.subject,
    "text": lambda mail: mail.text,
    "name": lambda mail: mail.sender.name if mail.sender else None,
    "email": lambda mail: mail.sender.email if mail.sender else None,
    "to": lambda mail: [one.email for one in mail.to],
    "cc": lambda mail: [one.email for one in mail.cc],
    "files": lambda mail: [one.filename for one in mail.attachments],
    "year": lambda mail: mail.date.year if mail.date else None,
}


@pytest.mark.parametrize("name", WANTED)
def test_an_odd_mail_is_read(name: str) -> None:
    mail = letter(f"odd_{name}")
    wanted = WANTED[name]
    assert {key: READ[key](mail) for key in wanted if key in READ} == {
        key: value for key, value in wanted.items() if key in READ
    }
    assert wanted.get("says", "") in mail.text
    assert "says_not" not in wanted or wanted["says_not"] not in mail.text


def test_an_enclosed_file_has_its_bytes() -> None:
    assert letter("odd_uu_inline").attachments[0].content == b"Hello uu world, this is it"
    assert letter("odd_yenc_inline").attachments[0].content == b"Hello yEnc"


@pytest.mark.parametrize("text", ["begin 644 the work today\nor not\nend\n", "begin 644 x\nnever ends\n"])
def test_words_that_only_begin_like_a_file_are_kept(text: str) -> None:
    mail = parse_mail(f"From: a@b.example\n\n{text}".encode())
    assert (mail.text, mail.attachments) == (text.rstrip("\n"), ())


@pytest.mark.parametrize("kind", ["begin 644 x\n", "=ybegin line=1 size=1 name=x\n", "begin-base64 644 x\n"])
def test_a_hundred_thousand_beginnings_are_read(kind: str) -> None:
    assert parse_mail(b"From: a@b.example\n\n" + kind.encode() * 100_000).is_mail
