"""The search language: what each part means, and what is said of what means nothing."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.models import Priority, Status, TicketFilter
from core.query import KEYS, PATTERN, VIEWS, parse_query

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", TicketFilter()),
        ("status:open", TicketFilter(status=[Status.OPEN])),
        ("status:open,Pending", TicketFilter(status=[Status.OPEN, Status.PENDING])),
        ("priority:high", TicketFilter(priority=[Priority.HIGH])),
        ("assignee:me", TicketFilter(assignee="me")),
        ("from:kim@example.com", TicketFilter(requester="kim@example.com")),
        ("#1042", TicketFilter(number=1042)),
        ("number:#1042", TicketFilter(number=1042)),
        ("1042", TicketFilter(words="1042")),
        ('refund "blue lamp" -spam', TicketFilter(words='refund "blue lamp" -spam')),
        ('"status:open"', TicketFilter(words='"status:open"')),
        ("https://example.com/a", TicketFilter(words="https://example.com/a")),
        ("lamp status:open broken", TicketFilter(words="lamp broken", status=[Status.OPEN])),
        ("created:<7d", TicketFilter(created_since=NOW - timedelta(days=7))),
        ("updated:>2h", TicketFilter(updated_until=NOW - timedelta(hours=2))),
        ("created:2026-01-31", TicketFilter(created_since=DAY, created_until=DAY + timedelta(days=1))),
        ("created:<2026-01-31", TicketFilter(created_until=DAY)),
        ("created:>2026-01-31", TicketFilter(created_since=DAY + timedelta(days=1))),
    ],
)
def test_what_a_line_means(text: str, expected: TicketFilter) -> None:
    assert parse_query(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("staus:open", 'Nothing can be looked up by "staus:". Did you mean "status:"?'),
        ("status:urgent", '"urgent" is no status; there are open, pending, resolved, closed.'),
        ("priority:", '"priority:" needs a value behind the colon.'),
        ("created:yesterday", '"yesterday" is no time for "created:".'),
        ("number:x", '"x" is not a ticket number.'),
    ],
)
def test_what_means_nothing_is_said(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_query(text, NOW)
    assert str(raised.value) == sentence


def test_every_view_can_be_read() -> None:
    for text in VIEWS.values():
        parse_query(text, NOW)


@given(
    st.lists(
        st.sampled_from([*(f"{key}:" for key in KEYS), "open", ">7d", '"', "-", "#1", "ü", " ", "1e9"])
    ).map("".join)
)
def test_any_line_is_a_filter_or_refused(text: str) -> None:
    with suppress(Invalid):
        parse_query(text, NOW)


@given(st.text())
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    with suppress(Invalid):
        parse_query(text, NOW)


def test_spam_is_asked_for() -> None:
    assert parse_query("is:spam lamp", NOW) == TicketFilter(spam=True, words="lamp")
    assert parse_query(VIEWS["spam"], NOW) == TicketFilter(spam=True)
    with pytest.raises(Invalid, match='"is:open" means nothing'):
        parse_query("is:open", NOW)


@pytest.mark.parametrize("sign", ["", "<", ">"])
@pytest.mark.parametrize("age", ["99999y", "99999d", "2026y", "00000h"])
def test_an_age_longer_than_all_time_is_the_beginning(sign: str, age: str) -> None:
    found = parse_query(f"created:{sign}{age}", NOW)
    assert (found.created_since or found.created_until or NOW).year in (1, 2026, 1752)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "9999-12-31T23:00-12:00"])
def test_the_days_at_the_ends_of_time_are_refused(day: str) -> None:
    with pytest.raises(Invalid, match="too far away"):
        parse_query(f"updated:>{day}", NOW)


@settings(deadline=None)
@given(st.from_regex(PATTERN, fullmatch=True))
def test_what_programs_are_told_is_a_filter_is_one(text: str) -> None:
    parse_query(text, NOW)


@pytest.mark.parametrize(
    "line", [*VIEWS.values(), 'status:open refund "blue lamp" -spam created:<2024-02-29']
)
def test_programs_are_told_of_what_people_type(line: str) -> None:
    assert re.search(PATTERN, line)


@pytest.mark.parametrize(
    "line", ["foo:bar", "status:new", "created:2023-02-29", "number:x", "a\0", "status:"]
)
def test_programs_are_not_told_of_what_is_none(line: str) -> None:
    assert not re.search(PATTERN, line)
