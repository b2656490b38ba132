"""web.rate: who asks."""

import pytest
from starlette.requests import Request

from web.rate import minutes, visitor


@pytest.mark.parametrize(
    ("host", "known_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_household_is_one_visitor(host: str, known_as: str) -> None:
    assert visitor(Request({"type": "http", "client": (host, 1), "headers": []})) == known_as


def test_who_cannot_be_told_is_one_too() -> None:
    assert visitor(Request({"type": "http", "client": None, "headers": []})) == ""


def test_minutes_are_rounded_up() -> None:
    assert [minutes(seconds) for seconds in (1, 60, 61, 600)] == [
        "a minute",
        "a minute",
        "2 minutes",
        "10 minutes",
    ]
