from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.models import Attachment, Mailto, Outgoing, Recipients
from sync.compose import compose
from sync.parse import parse_mail

DATE = datetime(2026, 3, 4, 9, 30, tzinfo=timezone(timedelta(hours=1)))
ID = "<t-0123456789abcdef0123456789abcdef.77@lumen.example>"
TOKEN = "0123456789abcdef0123456789abcdef"
FIELDS = ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "X-Ttydesk"]
FIELDS += ["X-Ttydesk-Message-ID"]
CUSTOMER = Mailto(name="Mira Okafor", email="mira@customer.example")

anything = st.text(max_size=120)
hostile = st.lists(
    st.sampled_from(
        [
            "\r\n",
            "\n",
            "\r",
            "\0",
            "\x1b[2J",
            "\u2028",
            "\x85",
            "\ud800",
            "Bcc: x@evil.example",
            "<",
            ">",
            ",",
            ";",
            "=?utf-8?q?=0ABcc:_x@evil.example?=",
            "=?",
            "?=",
            '"',
            "\\",
            "(",
            ")",
            " ",
            "\t",
            "ü",
            "漢",
            "🦔",
            "a" * 90,
        ]
    )
    | st.text(max_size=8),
    max_size=20,
).map("".join)


def outgoing(**changed: Any) -> Outgoing:
    fields: dict[str, Any] = {
        "id": UUID(int=1),
        "number": 1042,
        "subject": "Lamp does not charge",
        "message_id": ID,
        "in_reply_to": "<first@customer.example>",
        "references": ["<first@customer.example>"],
        "sender": Mailto(name="Lumen Support", email="help@lumen.example"),
        "author_name": "Ada Byron",
        "recipients": Recipients(to=[CUSTOMER]),
        "content": "Hello Mira,\n\nplease *hold* the button.\n",
        "signature": "",
        "attachments": [],
        "automatic": False,
        "reply_token": TOKEN,
        "attempts": 1,
        "created_at": DATE,
    }
    return Outgoing(**fields | changed)


def attachment(name: str, content_type: str = "text/csv", sha256: str | None = "a" * 64) -> Attachment:
    return Attachment(
        id=UUID(int=2),
        filename=name,
        content_type=content_type,
        size=3,
        sha256=sha256,
        content_id=None,
        inline=False,
    )


def nothing(sha256: str) -> bytes:
    raise AssertionError("no file was to be read")


def written(out: Outgoing, read: Callable[[str], bytes] = nothing, **options: Any) -> bytes:
    return compose(out, read, DATE, **options)


def read_back(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def parts(raw: bytes) -> tuple[str, str]:
    """Its text and its HTML, with LF between lines."""
    mail = read_back(raw)
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and page is not None
    return plain.get_content().replace("\r\n", "\n"), page.get_content().replace("\r\n", "\n")


def check_form(raw: bytes) -> None:
    """What every mail of ours keeps to, on the wire."""
    assert raw.isascii() and b"\0" not in raw
    assert (
        raw.endswith(b"\r\n")
        and b"\n" not in raw.replace(b"\r\n", b"")
        and b"\r" not in raw.replace(b"\r\n", b"")
    )
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_an_answer_has_exactly_these_fields() -> None:
    mail = read_back(written(outgoing()))
    assert mail.keys() == [*FIELDS, "MIME-Version", "Content-Type"]
    assert mail["From"] == '"Ada Byron (Lumen Support)" <help@lumen.example>'
    assert mail["To"] == "Mira Okafor <mira@customer.example>"
    assert mail["Subject"] == "Re: Lamp does not charge [#1042]"
    assert mail["Date"] == "Wed, 04 Mar 2026 09:30:00 +0100"
    assert mail["Message-ID"] == ID
    assert mail["In-Reply-To"] == mail["References"] == "<first@customer.example>"
    assert mail["X-Ttydesk"] == "1042"


def test_a_second_attempt_writes_the_same_bytes() -> None:
    out = outgoing(attachments=[attachment("a.csv")])
    assert written(out, lambda _: b"a;b") == written(out, lambda _: b"a;b")


def test_our_own_reader_understands_it() -> None:
    mail = parse_mail(written(outgoing(signature="Ada\nLumen"), token_address=True))
    assert mail.message_id == ID
    assert mail.in_reply_to == mail.references == ("<first@customer.example>",)
    assert mail.reply_to[0].email == f"help+t-{TOKEN}@lumen.example"
    assert mail.text == "Hello Mira,\n\nplease *hold* the button.\n\n-- \nAda\nLumen"
    assert mail.reply_text.strip() == "Hello Mira,\n\nplease *hold* the button."
    assert mail.signature.strip().removeprefix("-- \n") == "Ada\nLumen"
    assert not mail.problems


def test_the_text_part_is_the_markdown_and_the_html_is_made_of_it() -> None:
    plain, page = parts(
        written(outgoing(content="Try **this**:\n\n1. hold\n2. wait\nfor it\n", signature="Ada"))
    )
    assert plain == "Try **this**:\n\n1. hold\n2. wait\nfor it\n\n-- \nAda\n"
    assert "<strong>this</strong>" in page
    assert '<li dir="auto">wait<br />\nfor it</li>' in page
    assert '<p dir="auto" style="color: #666">Ada</p>' in page


@pytest.mark.parametrize(
    "content", ["Hi {{name}},", "> quoted\n\nHi {{ customer.name }}", "[x](https://a.example/{{id}})"]
)
def test_an_unresolved_placeholder_blocks_the_mail(content: str) -> None:
    with pytest.raises(Invalid, match=r"“\{\{[\w.]+\}\}” in this answer was not filled in"):
        written(outgoing(content=content))


def test_a_placeholder_in_the_signature_blocks_the_mail() -> None:
    with pytest.raises(Invalid, match="agent_name"):
        written(outgoing(signature="{{agent_name}}"))


@pytest.mark.parametrize(
    "content", ["Use `{{name}}`.", "```\n{{name}}\n```\n", "    {{name}}\n", "> {{name}}\n", "{{}} {{ a b }}"]
)
def test_code_and_quotes_may_hold_braces(content: str) -> None:
    assert content.strip() in parts(written(outgoing(content=content)))[0]


@pytest.mark.parametrize(
    ("given_subject", "expected"),
    [
        ("Re: AW: [#1042] Lamp", "Re: Lamp [#1042]"),
        ("Lamp [#1042]", "Re: Lamp [#1042]"),
        ("", "Re: [#1042]"),
        ("Grüße 漢字", "Re: Grüße 漢字 [#1042]"),
        ("a\r\nBcc: x@evil.example", "Re: a Bcc: x@evil.example [#1042]"),
        ("=?utf-8?q?=0D=0ABcc:x?=", "Re: =?utf-8?q?=0D=0ABcc:x?= [#1042]"),
    ],
)
def test_subject(given_subject: str, expected: str) -> None:
    raw = written(outgoing(subject=given_subject))
    assert read_back(raw)["Subject"] == expected
    assert parse_mail(raw).subject == expected


def test_a_mail_that_begins_a_thread_answers_nothing() -> None:
    mail = read_back(written(outgoing(in_reply_to=None, references=[])))
    assert mail["Subject"] == "Lamp does not charge [#1042]"
    assert mail["In-Reply-To"] is None and mail["References"] is None


def test_where_the_provider_goes_by_the_subject_it_stays_as_it_was() -> None:
    assert read_back(written(outgoing(keeps_subject=True)))["Subject"] == "Re: Lamp does not charge"


def test_a_very_long_subject_keeps_the_number() -> None:
    subject = read_back(written(outgoing(subject="x" * 5000)))["Subject"]
    assert subject.endswith("… [#1042]") and len(subject) < 260


def test_references_keep_the_first_and_the_newest_and_end_with_the_parent() -> None:
    found = [f"<{number}.{'x' * 120}@customer.example>" for number in range(500)]
    raw = written(outgoing(references=found, in_reply_to="<parent@customer.example>"))
    references = read_back(raw)["References"].split()
    assert references == [found[0], *found[-18:], "<parent@customer.example>"]
    assert references == list(parse_mail(raw).references)


@pytest.mark.parametrize(
    "id", ["<a b@x>", "<a\r\nBcc: x@evil.example>", "nothing", "<ü@x>", f"<{'a' * 900}@x>", "<a@x><b@x>"]
)
def test_an_id_that_no_header_can_hold_is_left_out(id: str) -> None:
    mail = read_back(written(outgoing(in_reply_to=id, references=[id, "<ok@x>"])))
    assert mail["In-Reply-To"] is None
    assert mail["References"] == "<ok@x>"


def test_automatic_mail_says_so() -> None:
    reply = read_back(written(outgoing(automatic=True)))
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["X-Auto-Response-Suppress"] == "All"
    assert reply["From"] == "Lumen Support <help@lumen.example>"
    fresh = read_back(written(outgoing(automatic=True, in_reply_to=None, references=[])))
    assert fresh["Auto-Submitted"] == "auto-generated"
    assert parse_mail(written(outgoing(automatic=True))).is_auto_reply


@pytest.mark.parametrize(
    ("author", "desk", "expected"),
    [
        ("Ada", "Lumen", '"Ada (Lumen)" <help@lumen.example>'),
        ("", "Lumen", "Lumen <help@lumen.example>"),
        ("Lumen", "Lumen", "Lumen <help@lumen.example>"),
        ("ada@lumen.example", "Lumen", "Lumen <help@lumen.example>"),
        ("Ada", "", "Ada <help@lumen.example>"),
        ("", "", "help@lumen.example"),
    ],
)
def test_whose_name_it_carries(author: str, desk: str, expected: str) -> None:
    out = outgoing(author_name=author, sender=Mailto(name=desk, email="help@lumen.example"))
    assert read_back(written(out))["From"] == expected


def test_without_recipient_or_id_it_is_refused() -> None:
    with pytest.raises(Invalid, match="nobody to go to"):
        written(outgoing(recipients=Recipients()))
    with pytest.raises(Invalid, match="no usable Message-ID"):
        written(outgoing(message_id="<a\nb@x>"))


@pytest.mark.parametrize(
    ("name", "content_type", "expected_type"),
    [
        ("orders.csv", "text/csv", "text/csv"),
        ("Übersicht März.pdf", "application/pdf", "application/pdf"),
        ("a.eml", "message/rfc822", "application/octet-stream"),
        ("a.bin", "text/html\r\nBcc: x@evil.example", "application/octet-stream"),
        ("a.bin", "nonsense", "application/octet-stream"),
        ("漢" * 60 + ".txt", "text/plain", "text/plain"),
        ('a "b"; c=d.txt', "text/plain", "text/plain"),
    ],
)
def test_attachment(name: str, content_type: str, expected_type: str) -> None:
    raw = written(
        outgoing(attachments=[attachment(name, content_type)]), lambda sha256: b"\x00\r\n" + sha256.encode()
    )
    check_form(raw)
    part = next(read_back(raw).iter_attachments())
    assert part.get_content_type() == expected_type
    assert part.get_payload(decode=True) == b"\x00\r\n" + b"a" * 64
    assert part.get_filename() == name.replace('"', "_")
    assert parse_mail(raw).attachments[0].filename == name.replace('"', "_")


def test_a_file_that_was_never_stored_blocks_the_mail() -> None:
    with pytest.raises(Invalid, match=r"“big\.iso” was never stored"):
        written(outgoing(attachments=[attachment("big.iso", sha256=None)]))


@settings(deadline=None)
@given(
    subject=hostile,
    name=hostile,
    author=hostile,
    desk=hostile,
    filename=hostile,
    content=anything,
    ids=st.lists(hostile),
)
def test_no_text_becomes_a_header_or_breaks_the_form(
    subject: str, name: str, author: str, desk: str, filename: str, content: str, ids: list[str]
) -> None:
    raw = written(
        outgoing(
            subject=subject,
            author_name=author,
            sender=Mailto(name=desk, email="help@lumen.example"),
            recipients=Recipients(
                to=[Mailto(name=name, email="mira@customer.example")], cc=[CUSTOMER, CUSTOMER]
            ),
            attachments=[attachment(filename)],
            content=content.replace("{", ""),
            references=ids,
        ),
        lambda _: b"a;b",
        token_address=True,
    )
    check_form(raw)
    mail = message_from_bytes(raw)
    assert sorted(mail.keys()) == sorted([*FIELDS, "Cc", "Reply-To", "MIME-Version", "Content-Type"])
    for header, emails in (
        ("From", ["help@lumen.example"]),
        ("To", ["mira@customer.example"]),
        ("Cc", ["mira@customer.example", "mira@customer.example"]),
        ("Reply-To", [f"help+t-{TOKEN}@lumen.example"]),
    ):
        assert [email for _, email in getaddresses([mail[header]])] == emails
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/csv",
    ]
    header = raw.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 78 or b" " not in line.strip() for line in header.split(b"\r\n"))
    ours = parse_mail(raw)
    assert [one.email for one in ours.to] == ["mira@customer.example"]
    assert ours.subject.endswith("[#1042]") and ours.message_id == ID
    assert len(ours.attachments) == 1


@settings(deadline=None)
@given(name=anything, subject=anything)
def test_what_is_harmless_arrives_as_it_was(name: str, subject: str) -> None:
    from core.text import clean_subject, safe_line

    out = outgoing(
        subject=subject, recipients=Recipients(to=[Mailto(name=name, email="mira@customer.example")])
    )
    mail = read_back(written(out))
    assert parse_mail(written(out)).to[0].name == safe_line(name, 100)
    expected = " ".join(filter(None, ["Re:", safe_line(clean_subject(subject), 200), "[#1042]"]))
    assert str(mail["Subject"]) == expected


@settings(deadline=None)
@given(content=anything)
def test_the_text_arrives_as_it_was_written(content: str) -> None:
    content = content.replace("{", "")
    plain, _ = parts(written(outgoing(content=content)))
    kept = content.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        char for char in kept if char in "\n\t\x85" or not ("\x00" <= char < " " or "\x7f" <= char < "\xa0")
    )
    assert plain.strip("\n") == kept.strip("\n")


def test_scripts_that_are_not_latin_are_base64_and_others_readable() -> None:
    raw = written(outgoing(content="こんにちは、ライトが充電できません。\n" * 5))
    assert b"base64" in raw and "こんにちは" in parts(raw)[0]
    raw = written(outgoing(content="Schöne Grüße\nFrom here\n"))
    assert b"Sch=C3=B6ne" in raw and b"\r\n.\r\n" not in raw
    check_form(raw)


def test_a_naive_date_is_taken_as_utc() -> None:
    assert "-0000" in compose(outgoing(), nothing, DATE.astimezone(UTC).replace(tzinfo=None)).decode()
