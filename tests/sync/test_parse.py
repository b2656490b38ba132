"""Reading whole mails: parts, charsets, headers, attachments."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.parse import parse_mail
from sync.parsed import Address, Verdict
from tests.sync.letter import MAILS, letter

SAMPLES = [path.read_bytes() for path in sorted(MAILS.glob("*.eml"))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("charset_koi8", "Принтер не печатает."),
        ("charset_wrong_ascii", "Grüße aus Köln"),
        ("charset_unknown", "Grüße aus Köln"),
        ("charset_iso2022jp", "印刷できません。"),
        ("charset_gb2312", "打印机坏了\uff0c请镕。"),
        ("flowed_delsp", "印刷できません。"),
        ("flowed_stuffed", ">not a quote\nFrom here on"),
        ("html_empty_plain", "It blinks, see the page <https://printer.example/x>."),
        ("related_inline", "Look: [the printer]"),
        ("boundary_missing", "See the file."),
        ("boundary_unclosed", "See the file."),
    ],
)
def test_the_text_is_what_a_person_reads(name: str, text: str) -> None:
    assert letter(name).text.strip() == text


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("charset_koi8", "Принтер"),
        ("charset_iso2022jp", "プリンター"),
        ("header_raw_utf8", "Drucker kaputt: Grüße"),
        ("header_raw_latin1", "Drucker kaputt: Grüße"),
        ("header_split_character", "プリンターと"),
        ("header_junk_line", "Printer"),
    ],
)
def test_the_subject_is_decoded(name: str, subject: str) -> None:
    assert letter(name).subject == subject


def test_flowed_lines_are_joined_per_depth() -> None:
    assert letter("flowed").text.split("\n")[:3] == ["It blinks and then it stops.", "", "> Does it blink?"]


def test_a_part_without_header_is_all_text() -> None:
    head = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n"
    assert parse_mail(head + b"--x\n\nNote: it blinks.\n\nBye.\n--x--\n").text == "Note: it blinks.\n\nBye."


def test_groups_and_unquoted_commas_are_understood() -> None:
    mail = letter("address_group")
    assert mail.to == (Address("", "help@desk.example"), Address("Doe, Jane", "jane@desk.example"))
    assert mail.cc == (Address("Smith, Bob", "bob@customer.example"),)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("rfc2231", ["отчёт.csv", "Grüße.pdf"]),
        ("name_with_path", ["passwd", "list.csv"]),
        ("nested_rfc822", ["Printer on fire.eml"]),
        ("boundary_missing", ["list.csv"]),
        ("boundary_unclosed", ["list.csv"]),
        ("related_inline", ["p.png"]),
        ("winmail", ["note.txt"]),
        ("winmail_damaged", ["winmail.dat"]),
    ],
)
def test_attachments_have_bare_names(name: str, files: list[str]) -> None:
    assert [one.filename for one in letter(name).attachments] == files


def test_an_inline_picture_is_known_by_its_content_id() -> None:
    (picture,) = letter("related_inline").attachments
    assert (picture.inline, picture.content_id, picture.content_type) == (True, "pic@x", "image/png")


@pytest.mark.parametrize("name", ["rfc2231", "nested_rfc822", "winmail", "related_inline"])
def test_size_and_hash_are_those_of_the_content(name: str) -> None:
    for one in letter(name).attachments:
        assert (one.size, one.sha256) == (len(one.content), hashlib.sha256(one.content).hexdigest())


def test_winmail_gives_its_files() -> None:
    assert [one.content for one in letter("winmail").attachments] == [b"printer blinks"]


def test_ids_are_repaired_and_said_once() -> None:
    mail = letter("ids_broken")
    assert mail.in_reply_to == ("<1@desk.example>",)
    assert mail.references == ("<0@desk.example>", "<1@desk.example>")


def test_authentication_and_delivery_are_kept() -> None:
    mail = letter("authentication")
    assert mail.verdicts == (
        Verdict("mx.desk.example", "dkim", "pass"),
        Verdict("mx.desk.example", "spf", "fail"),
    )
    assert mail.delivered_to == ("help@desk.example", "support@desk.example")


def test_a_missing_date_is_taken_from_the_server_and_said() -> None:
    mail = letter("date_missing")
    assert mail.date and mail.date.isoformat() == "2025-01-07T08:00:00+00:00"
    assert any("time of receipt" in problem for problem in mail.problems)


@pytest.mark.parametrize(
    "name", ["boundary_missing", "header_junk_line", "winmail_damaged", "charset_unknown"]
)
def test_what_was_repaired_is_said(name: str) -> None:
    assert letter(name).problems


@pytest.mark.parametrize(
    "raw", [b"", b"\n\n", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" * 50, b"hello\nworld\n", b"%PDF-1.7\n"]
)
def test_another_file_is_no_mail_and_the_problem_says_so(raw: bytes) -> None:
    mail = parse_mail(raw)
    assert not mail.is_mail and mail.problems[0].startswith("This is not a mail: ")


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_no_bytes_raise(raw: bytes) -> None:
    parse_mail(raw)
    parse_mail(b"From: a@b.example\n" + raw)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=8), st.integers(0, 40)), max_size=8),
)
def test_no_damage_raises_or_empties_the_reply(raw: bytes, damages: list[tuple[float, bytes, int]]) -> None:
    for place, new, cut in damages:
        at = int(place * len(raw))
        raw = raw[:at] + new + raw[at + cut :]
    mail = parse_mail(raw)
    assert bool(mail.reply_text.strip()) or not mail.text.strip()
    assert all("\x00" not in text for text in (mail.text, mail.subject, mail.html, mail.reply_text))
    assert all("/" not in one.filename and "\n" not in one.filename for one in mail.attachments)
