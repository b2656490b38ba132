"""The search language, asked by the real client."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.gmail import Clock, GmailServer, Mailbox
from tests.gmail.mail import topic_of
from tests.gmail.sample import refusal, with_attachment, written

DAY = 86_400


@pytest.fixture
def names(mailbox: Mailbox, clock: Clock) -> dict[str, str]:
    """Ids of four mails by their names; each a day after the one before."""
    mailbox.labels.create({"name": "desk/Waiting for us"})
    mails = {
        "lamp": (written("lamp", "Broken lamp"), ["INBOX", "UNREAD"]),
        "spam": (written("spam", "Cheap lamps"), ["SPAM"]),
        "sent": (written("sent", "Re: Broken lamp", "kim@example.net", "support@example.com"), ["SENT"]),
        "file": (with_attachment("file"), ["INBOX", "Label_1"]),
    }
    found = {}
    for name, (raw, labels) in mails.items():
        found[mailbox.deliver(raw, labels).id] = name
        clock.advance(DAY)
    return found


def listed(users: Any, names: dict[str, str], query: str) -> str:
    messages = users.messages().list(userId="me", q=query).execute().get("messages", [])
    return " ".join(sorted(names[one["id"]] for one in messages))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "file lamp sent"),
        ("in:anywhere", "file lamp sent spam"),
        ("in:sent", "sent"),
        ("in:spam", "spam"),
        ("label:inbox", "file lamp"),
        ("is:unread", "lamp"),
        ("is:read", "file sent"),
        ("label:desk-waiting-for-us", "file"),
        ('label:"desk/waiting for us"', "file"),
        ("label:nothing", ""),
        ("from:kim@example.net", "file lamp"),
        ("from:kim", "file lamp"),
        ("to:kim", "sent"),
        ("subject:lamp", "file lamp sent"),
        ("subject:(broken lamp)", "lamp sent"),
        ('subject:"lamp broken"', ""),
        ("subject:lam", ""),
        ("broken", "lamp sent"),
        ("picture", "file"),
        ("-from:kim", "sent"),
        ("from:kim -is:unread", "file"),
        ("in:sent OR has:attachment", "file sent"),
        ("{in:sent has:attachment}", "file sent"),
        ("(in:sent OR is:unread) subject:broken", "lamp sent"),
        ("rfc822msgid:lamp@example.net", "lamp"),
        ("rfc822msgid:<lamp@example.net>", "lamp"),
        ("rfc822msgid:spam@example.net", ""),
        ("in:anywhere rfc822msgid:spam@example.net", "spam"),
        ("rfc822msgid:lam@example.net", ""),
        ("newer_than:2d", "file sent"),
        ("older_than:2d", "lamp"),
        ("list:lamps.example.net", "file"),
    ],
)
def test_a_search_finds(users: Any, names: dict[str, str], query: str, expected: str) -> None:
    assert listed(users, names, query) == expected


def test_seconds_are_exact_and_dates_are_those_of_california(users: Any, mailbox: Mailbox) -> None:
    def arrive(name: str, *at: int) -> str:
        moment = datetime(*at, tzinfo=UTC)  # type: ignore[arg-type,misc]
        return mailbox.deliver(written(name), internal_date=int(moment.timestamp() * 1000)).id

    names = {arrive("before", 2026, 3, 2, 7, 59, 59): "before", arrive("after", 2026, 3, 2, 8, 0, 0): "after"}
    assert listed(users, names, "after:2026/03/02") == "after"
    assert listed(users, names, "after:2026-3-2") == "after"
    assert listed(users, names, "before:2026/03/02") == "before"
    second = int(datetime(2026, 3, 2, 7, 59, 59, tzinfo=UTC).timestamp())
    assert listed(users, names, f"after:{second}") == "after"
    assert listed(users, names, f"after:{second - 1}") == "after before"
    assert listed(users, names, f"before:{second}") == ""
    assert listed(users, names, f"before:{second + 1}") == "before"


@pytest.mark.parametrize(
    "query", ["size:5m", "is:purple", "has:userlabels", "after:yesterday", "newer_than:2w", "(lamp", 'a "b']
)
def test_what_is_not_known_fails_and_is_no_word_that_is_searched_for(
    users: Any, server: GmailServer, query: str
) -> None:
    assert refusal(users.messages().list(userId="me", q=query)) == (400, "invalidArgument")
    assert server.complaints
    server.complaints.clear()


def test_a_search_may_lag_behind_what_is_there(
    users: Any, server: GmailServer, mailbox: Mailbox, clock: Clock
) -> None:
    server.habits.search_lag = 30
    names = {mailbox.deliver(written("lamp")).id: "lamp"}
    assert listed(users, names, "rfc822msgid:lamp@example.net") == ""
    assert listed(users, names, "") == "lamp"
    clock.advance(31)
    assert listed(users, names, "rfc822msgid:lamp@example.net") == "lamp"


def test_topics_forget_prefixes_and_spaces_and_nothing_else() -> None:
    assert topic_of("Re: AW: [1] Lamp  is") == topic_of("[1] lamp is") != topic_of("lamp is")
