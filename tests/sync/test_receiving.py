"""sync.receiving: what the database gets of a parsed mail is text and times that it can take, whatever the
mail.
"""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.parse import parse_mail
from sync.parsed import Address, Attachment, ParsedMail
from sync.receiving import TEXT_LIMIT, Origin, Verdict, as_received

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TOKEN = "0123456789abcdef0123456789abcdef"
MAIL = ParsedMail(
    is_mail=True,
    message_id="<a@example.com>",
    subject="Broken lamp",
    sender=Address("Kim", "kim@example.com"),
    to=(Address("", "support@example.com"),),
    date=datetime(2026, 3, 1, 9, tzinfo=UTC),
    text="The lamp is broken.",
    reply_text="The lamp is broken.",
)


def received(origin: Origin | None = None, **changes: Any) -> dict[str, Any]:
    parsed = dataclasses.replace(MAIL, **changes)
    return as_received(parsed, "f" * 64, 100, origin or Origin(), Verdict(), keep=True, now=NOW)


def test_a_mail_without_a_message_id_gets_one_from_its_bytes() -> None:
    assert received(message_id=None)["message_id"] == f"<{'f' * 64}@no-message-id.invalid>"


def test_live_mail_came_when_the_mailbox_got_it_and_never_in_the_future() -> None:
    assert received()["received_at"] == NOW.isoformat()
    earlier = NOW - timedelta(hours=1)
    assert received(Origin(received_at=earlier))["received_at"] == earlier.isoformat()
    assert received(Origin(received_at=NOW + timedelta(hours=1)))["received_at"] == NOW.isoformat()


def test_history_came_at_its_date_and_never_in_the_future() -> None:
    history = Origin(is_history=True)
    assert received(history)["received_at"] == "2026-03-01T09:00:00+00:00"
    assert received(history, date=None)["received_at"] == NOW.isoformat()
    assert received(history, date=NOW + timedelta(days=400))["received_at"] == NOW.isoformat()


@pytest.mark.parametrize("hours", [-23, 23])
def test_a_date_with_an_offset_that_postgres_refuses_is_told_in_utc(hours: int) -> None:
    odd = datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=hours)))
    assert received(date=odd)["sent_at"].endswith("+00:00")


def test_a_date_that_has_no_utc_is_left_out() -> None:
    assert received(date=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))))["sent_at"] is None


def test_two_copies_of_a_mail_have_one_fingerprint_and_another_mail_has_another() -> None:
    header = "From: kim@example.com\nDate: 1 Mar 2026 10:00:00 +0000\nSubject: s\nMessage-ID: <a@b>\n\n"
    one = parse_mail(f"Received: by one\nTo: a@b.c\n{header}Hi".encode())
    copy = parse_mail(f"Received: by two\nX-Spam: no\nTo: a@b.c\n{header}Hi".encode())
    other = parse_mail(f"Received: by one\nTo: a@b.c\n{header}Ho".encode())
    prints = [
        as_received(parsed, "f" * 64, 1, Origin(), Verdict(), True, NOW)["fingerprint"]
        for parsed in (one, copy, other)
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Re: Broken lamp [#1042]", 1042),
        ("AW: #1042 Broken lamp", 1042),
        ("Invoice #77001 [#1042]", 1042),
        ("Room #12 is cold", None),
        ("C#1042", None),
        ("&#1042;", None),
        ("[#0]", None),
        (f"[#{'9' * 40}]", None),
        ("[#٤٢٤٢]", None),
    ],
)
def test_the_number_in_the_subject(subject: str, number: int | None) -> None:
    assert received(subject=subject)["subject_number"] == number


def test_tokens_are_found_in_addresses_and_in_ids() -> None:
    other = "f" * 32
    assert received(to=(Address("", f"support+T-{TOKEN.upper()}@example.com"),))["reply_tokens"] == [TOKEN]
    assert received(delivered_to=(f"support+t-{TOKEN}@example.com",))["reply_tokens"] == [TOKEN]
    ids = received(in_reply_to=(f"<t-{TOKEN}.1@example.com>",), references=(f"<t-{other}.1@x>",))
    assert ids["reply_tokens"] == [TOKEN, other]
    assert received(in_reply_to=(f"<x-t-{TOKEN}.1@example.com>", "<t-short.1@x>"))["reply_tokens"] == []


def test_attachments_over_the_limit_are_named_and_not_stored() -> None:
    file = Attachment("a.pdf", "application/pdf", 3, "a" * 64, "", False, b"abc")
    parsed = dataclasses.replace(MAIL, attachments=(file,))
    kept, named = (
        as_received(parsed, "f" * 64, 1, Origin(), Verdict(), keep, NOW)["attachments"][0]
        for keep in (True, False)
    )
    assert (kept["sha256"], named["sha256"]) == ("a" * 64, None)
    assert named["filename"] == "a.pdf"


def test_a_text_above_the_limit_says_what_is_missing() -> None:
    content = received(reply_text="x" * (TEXT_LIMIT + 5))["content"]
    assert content.endswith("[5 more characters are in the raw mail.]")


def test_an_id_that_no_index_takes_is_the_same_wherever_it_is_named() -> None:
    long = f"<{'x' * 5000}@example.com>"
    mail = received(message_id=long, in_reply_to=(long,), references=(long,))
    assert mail["in_reply_to"] == mail["references"] == [mail["message_id"]]
    assert len(mail["message_id"]) < 200


def test_of_very_many_references_the_first_and_the_last_are_kept() -> None:
    references = received(references=tuple(f"<{n}@x>" for n in range(1000)))["references"]
    assert (references[0], references[-1], len(references)) == ("<0@x>", "<999@x>", 101)


def test_a_bounce_and_who_forwarded_what() -> None:
    mail = received(
        is_bounce=True,
        bounced_recipients=("lee@example.com",),
        bounce_status=("5.1.1",),
        bounce_is_permanent=True,
        bounced_message_id=f"<t-{TOKEN}.1@example.com>",
        is_delivery_report=True,
        forwarded_sender=Address("Lee", "lee@example.com"),
    )
    assert mail["bounce"] == {
        "recipients": ["lee@example.com"],
        "status": "5.1.1",
        "permanent": True,
        "message_id": f"<t-{TOKEN}.1@example.com>",
    }
    assert (mail["automatic"], mail["reply_tokens"]) == (True, [TOKEN])
    assert mail["forwarded_sender"] == {"name": "Lee", "email": "lee@example.com"}


def test_an_origin_is_told() -> None:
    mailbox = UUID(int=7)
    mail = received(Origin(mailbox, "1.a.host", thread_id="t1"))
    assert (mail["mailbox_id"], mail["provider_id"]) == (str(mailbox), "1.a.host")
    assert (mail["gmail_thread_id"], mail["gmail_message_id"]) == ("t1", "1.a.host")


hostile = st.text(max_size=60) | st.sampled_from(["\0", "\ud800", "a\udfffb", "\ud83d\ude00"])


@given(hostile, hostile, hostile)
def test_nothing_that_postgres_has_no_place_for_is_left(subject: str, text: str, name: str) -> None:
    mail = received(
        subject=subject,
        reply_text=text,
        quoted_text=name,
        sender=Address(name, text),
        message_id=f"<{subject}>",
        attachments=(Attachment(name, text, 1, "a" * 64, subject, False, b"x"),),
        in_reply_to=(name,),
    )
    written = json.dumps(mail, ensure_ascii=False)
    assert "\0" not in written and "\\u0000" not in written
    written.encode()
