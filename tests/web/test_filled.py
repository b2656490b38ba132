"""web.filled: what a form may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.filled import MESSAGE_LIMIT, SUBJECT_LIMIT, Filled

GOOD = Filled("Kim", "kim@example.com", "Lamp", "It is dark.")


def faults(**changed: str) -> set[str]:
    return set(Filled(**vars(GOOD) | changed).faults(["billing"]))


@pytest.mark.parametrize(
    "email", ["kim@example.com", " Kim.O'Hara+lamp@mail.example.co.uk ", "ł@żółć.example"]
)
def test_addresses(email: str) -> None:
    assert faults(email=email) == set()


@pytest.mark.parametrize(
    "email",
    [
        "",
        " ",
        "kim",
        "kim@",
        "@example.com",
        "kim@example",
        "kim@example.com,a@b.example",
        "kim@.com",
        "kim@a..com",
        "<kim@example.com>",
        "kim @example.com",
        "kim@exa mple.com",
        "a@b.c\x00",
        "a" * 250 + "@b.example",
    ],
)
def test_what_is_no_address(email: str) -> None:
    assert faults(email=email) == {"email"}


def test_limits_are_those_that_are_said() -> None:
    assert faults(subject="x" * SUBJECT_LIMIT, message="x" * MESSAGE_LIMIT, department="billing") == set()
    assert faults(subject="x" * (SUBJECT_LIMIT + 1)) == {"subject"}
    assert faults(message="x" * (MESSAGE_LIMIT + 1)) == {"message"}
    assert faults(department="sales") == {"department"}
    assert "20,001 characters" in Filled(message="x" * 20_001).faults([])["message"]


@given(st.builds(Filled, st.text(), st.text(), st.text(), st.text()))
def test_what_is_kept_is_single_lines_and_still_good(filled: Filled) -> None:
    tidy = filled.tidied()
    assert all("\n" not in line for line in (tidy.name, tidy.email, tidy.subject))
    assert filled.faults([]) == tidy.faults([])
    assert tidy.tidied() == tidy
