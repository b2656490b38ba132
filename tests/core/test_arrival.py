"""core.arrival: what is said of an answer that has left."""

from datetime import UTC, datetime

import pytest

from core.arrival import recipient_words, standing, worth_telling
from core.models import Delivery, Dispatch, RecipientState


def dispatch(*states: str, state: str = "sent", detail: str = "") -> Dispatch:
    return Dispatch(
        state=Delivery(state),
        not_before=datetime(2026, 3, 2, tzinfo=UTC),
        attempts=1,
        error=None,
        recipients=[
            RecipientState(email=f"{place}@example.com", state=Delivery(one), detail=detail)
            for place, one in enumerate(states)
        ],
    )


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["sent"], "sent"),
        (["delivered"], "delivered"),
        (["delivered", "sent"], "sent"),
        (["delivered", "delayed"], "delayed"),
        (["delayed", "complained"], "complained"),
        ([], "sent"),
    ],
)
def test_the_whole_is_as_the_worst_or_as_all(states: list[str], whole: str) -> None:
    assert standing(dispatch(*states)) == whole


def test_before_it_left_the_way_out_counts() -> None:
    assert standing(dispatch("waiting", state="sending")) is Delivery.SENDING
    assert standing(dispatch("bounced", "sent", state="bounced")) is Delivery.BOUNCED


def test_recipients_are_told_of_where_they_differ_or_have_trouble() -> None:
    assert worth_telling(dispatch("delivered", "delivered")) == []
    assert worth_telling(dispatch("sent")) == []
    assert len(worth_telling(dispatch("delivered", "sent"))) == 2
    assert len(worth_telling(dispatch("delayed"))) == 1


@pytest.mark.parametrize(
    ("state", "detail", "words"),
    [
        ("delivered", "250 OK", "0@example.com: delivered"),
        ("delayed", "mailbox full", "0@example.com: delayed: mailbox full"),
        ("bounced", "", "0@example.com: bounced"),
        ("complained", "abuse", "0@example.com: marked it as spam: abuse"),
        ("failed", "550 no such user", "0@example.com: 550 no such user"),
        ("bounced", "a\x1b[31m\nb", "0@example.com: bounced: a�[31m b"),
    ],
)
def test_what_is_said_of_a_recipient(state: str, detail: str, words: str) -> None:
    said = recipient_words(dispatch(state, detail=detail).recipients[0])
    assert "\x1b" not in said and "\n" not in said
    assert said == words or "[31m" in words
