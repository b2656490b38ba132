"""Automatic replies, lists, and whether the desk may answer by itself."""

import json

import pytest

from sync.absence import says_so
from sync.parse import parse_mail
from tests.sync.letter import MAILS, letter

AUTOMATIC = [
    "auto_rfc3834",
    "auto_rfc3834_comment",
    "auto_rfc3834_generated",
    "auto_vacation_sieve",
    "auto_exchange_oof",
    "auto_exchange_oof_generated",
    "auto_x_autoreply",
    "auto_x_autorespond",
    "auto_precedence",
    "auto_suppress_only",
    "auto_x_loop_own",
    "auto_precedence_bulk_reply",
    "auto_read_receipt",
]
SUBJECTS = sorted(path.stem for path in MAILS.glob("auto_subject_*.eml"))
PEOPLE = [
    "person_re_auto",
    "person_plain",
    "person_vacation_word",
    "auto_rfc3834_no",
    "auto_x_loop_forwarder",
]
LISTS = ["list_rfc2919", "list_newsletter", "list_mailman_old"]
SILENT = [
    "silent_noreply",
    "silent_null_path",
    "silent_bulk",
    "silent_own_loop",
    "silent_owner",
    "silent_spam",
    "bounce_dsn",
    "bounce_delivered",
    "bounce_feedback",
]


@pytest.mark.parametrize("name", AUTOMATIC)
def test_an_automatic_reply_is_known_by_its_header(name: str) -> None:
    assert letter(name).is_auto_reply


@pytest.mark.parametrize("name", SUBJECTS)
def test_an_automatic_reply_is_known_by_its_subject_alone(name: str) -> None:
    assert letter(name).is_auto_reply, letter(name).subject


def test_many_languages_are_known() -> None:
    assert len(SUBJECTS) >= 20


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_is_no_machine(name: str) -> None:
    assert not letter(name).is_auto_reply


@pytest.mark.parametrize("name", LISTS)
def test_list_mail_is_known(name: str) -> None:
    assert letter(name).is_list_mail


@pytest.mark.parametrize(
    "name", ["person_plain", "person_vacation_word", "auto_rfc3834_no", "person_re_auto"]
)
def test_a_person_may_be_answered(name: str) -> None:
    assert letter(name).may_auto_respond


@pytest.mark.parametrize("name", [*AUTOMATIC, *SUBJECTS, *LISTS, *SILENT])
def test_nobody_else_is_answered(name: str) -> None:
    assert not letter(name).may_auto_respond


def test_our_own_mark_is_a_loop() -> None:
    assert letter("silent_own_loop").loop == ("desk.example",)


def test_the_identity_of_a_list_is_kept() -> None:
    assert letter("list_rfc2919").list_id == "users.lists.example"


def test_the_first_word_of_auto_submitted_is_kept() -> None:
    assert letter("auto_rfc3834_comment").auto_submitted == "auto-replied"


SUBJECTS_OF = json.loads((MAILS / "absences.json").read_text("utf-8"))


@pytest.mark.parametrize("subject", SUBJECTS_OF["said"])
def test_a_subject_says_that_nobody_is_there(subject: str) -> None:
    assert says_so(subject)


@pytest.mark.parametrize("subject", SUBJECTS_OF["asked"])
def test_a_subject_about_absence_is_a_question(subject: str) -> None:
    assert not says_so(subject)


def test_a_short_mark_counts_where_a_mail_is_answered() -> None:
    assert says_so("Auto: Printer", answers=True) and not says_so("Auto: Printer")


@pytest.mark.parametrize(
    ("value", "machine"),
    [("All", True), ("DR, OOF, AutoReply", True), ("DR, NDR, RN, NRN", False), ("None", False)],
)
def test_only_what_is_not_to_be_answered_is_a_machine(value: str, machine: bool) -> None:
    raw = f"From: ann@customer.example\nSubject: x\nX-Auto-Response-Suppress: {value}\n\nHello\n"
    mail = parse_mail(raw.encode())
    assert (mail.is_auto_reply, mail.may_auto_respond) == (machine, not machine)


@pytest.mark.parametrize("box", ["noreply-123", "noreply-news", "do-not-reply+5", "no_reply"])
def test_a_box_that_nobody_reads_is_not_answered(box: str) -> None:
    assert not parse_mail(f"From: {box}@shop.example\nSubject: x\n\nHello\n".encode()).may_auto_respond
