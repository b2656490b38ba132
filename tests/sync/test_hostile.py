"""Mails made to be slow: twice the mail is never more than about twice the work.

Work is counted, not timed: every call of a Python or C function while the mail is read.
"""

import sys
import time
from collections.abc import Callable

import pytest

from sync.parse import parse_mail
from sync.signature import is_device

HEAD = b"From: a@b.example\nTo: c@d.example\nSubject: x\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n"
HTML = HEAD + b"Content-Type: text/html\n\n"


def nested(count: int) -> bytes:
    mail = HEAD + b'Content-Type: multipart/mixed; boundary="b0"\n\n'
    for level in range(count):
        mail += b'--b%d\nContent-Type: multipart/mixed; boundary="b%d"\n\n' % (level, level + 1)
    return mail + b"hi\n"


SHAPES: dict[str, Callable[[int], bytes]] = {
    "nested parts": nested,
    "nested mails": lambda n: HEAD + b"Content-Type: message/rfc822\n\nFrom: a@b.example\n" * n + b"\nhi",
    "many parts": lambda n: MIXED + b"--x\n\nhi\n" * n,
    "nearly delimiters": lambda n: MIXED + b"--x y\n" * n,
    "quotes": lambda n: HEAD + b"\n" + b"> q\n" * n,
    "marks of quotes alone": lambda n: HEAD + b"\n" + b"> > >\n" * n,
    "answers between quotes": lambda n: (
        HEAD + b"\n" + b"On 3 May 2010, A <a@b.example> wrote:\nyes\n> q\n" * n
    ),
    "lines that end like attributions": lambda n: HEAD + b"\nHi\n" + b"On <a@b.example> 10:00\nwrote:\n" * n,
    "header blocks": lambda n: HEAD + b"\n" + b"From: a\nfoo\n" * n,
    "signatures": lambda n: HEAD + b"\n" + b"text\n--\n" * n,
    "blank lines": lambda n: HEAD + b"\n" + b"a\n" + b"\n" * n,
    "addresses": lambda n: HEAD + b"Cc: " + b"a@b.example,\n " * n + b"\n\nx",
    "commas": lambda n: HEAD + b"Cc: " + b"," * n + b"\n\nx",
    "brackets": lambda n: HEAD + b"Cc: " + b"<(" * n + b"\n\nx",
    "parameters": lambda n: HEAD + b"Content-Type: text/plain" + b"; a*1=b" * n + b"\n\nx",
    "encoded words": lambda n: HEAD + b"X: y\nComments: z\nSubject: " + b"=?utf-8?q?a?= " * n + b"\n\nx",
    "references": lambda n: HEAD + b"References: " + b"<a@b> " * n + b"\n\nx",
    "header lines": lambda n: HEAD + b"bad line\nX-Y: z\n" * n + b"\nx",
    "nested elements": lambda n: HTML + b"<div><blockquote>x" * n,
    "crossed elements": lambda n: HTML + b"<a href=http://x.example><b><div></a>x</blockquote></div>" * n,
    "unclosed comments": lambda n: HTML + b"<!--<svg><head><object>" * n,
    "unclosed tags": lambda n: HTML + b'<a href="' * n,
    "notice": lambda n: (
        b"From: MAILER-DAEMON@b.example\nSubject: failure notice\n\n" + b"<a@b.example>:\n" * n
    ),
    "status fields": lambda n: HEAD + b"Content-Type: message/delivery-status\n\n" + b"Status: 5.1.1\n" * n,
    "uuencode": lambda n: HEAD + b"Content-Transfer-Encoding: x-uuencode\n\n" + b"M\n" * n,
    "flowed": lambda n: HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * n,
}


def work(raw: bytes) -> int:
    """How many functions were called to read it."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        parse_mail(raw)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_mail_is_twice_the_work(shape: str) -> None:
    make = SHAPES[shape]
    parse_mail(make(10))
    small, large = work(make(400)), work(make(800))
    assert large <= 2.2 * small + 500


@pytest.mark.parametrize("shape", SHAPES)
def test_a_hundred_thousand_of_anything_is_read(shape: str) -> None:
    mail = parse_mail(SHAPES[shape](100_000 if shape != "nested parts" else 3_000))
    assert mail.is_mail


def test_a_very_long_text_is_cut_for_reading_and_kept_whole() -> None:
    mail = parse_mail(HEAD + b"\n" + b"hello world\n" * 1_000_000)
    (whole,) = mail.attachments
    assert (whole.size, len(mail.text) < 2_000_000) == (12_000_000, True)


def test_fifty_megabytes_are_read_with_their_attachment() -> None:
    content = b"QUJD" * 18 + b"\n"
    mail = parse_mail(
        MIXED
        + b"--x\n\nhi\n--x\nContent-Transfer-Encoding: base64\nContent-Type: a/b; name=c\n\n"
        + content * 680_000
    )
    assert [(one.filename, one.size) for one in mail.attachments] == [("c", 54 * 680_000)]


@pytest.mark.parametrize("sign", ["-", ">", "<", "= ", "@", '"'])
def test_signs_without_words_are_passed_over_at_once(sign: str) -> None:
    """Here the work is inside one regular expression, so it is the time that counts: a fiftieth of this."""
    before = time.thread_time()
    for _ in range(500):
        is_device(sign * (180 // len(sign)))
    assert time.thread_time() - before < 0.25
