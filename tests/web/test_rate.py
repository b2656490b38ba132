"""web.rate: who asks, and how often somebody may."""

import pytest
from starlette.requests import Request

from web.rate import Allowance, Rates, minutes, visitor


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


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_so_many_are_given_in_any_stretch_of_that_length() -> None:
    clock = Clock()
    rates = Rates(clock)
    assert await rates.take("form", "2 per 10 minutes", "kim") == Allowance(True, 2, 1, 600)
    clock.now += 599
    assert await rates.take("form", "2 per 10 minutes", "kim") == Allowance(True, 2, 0, 1)
    assert await rates.take("form", "2 per 10 minutes", "kim") == Allowance(False, 2, 0, 1)
    clock.now += 1
    assert await rates.take("form", "2 per 10 minutes", "kim") == Allowance(True, 2, 0, 599)


async def test_each_is_counted_alone() -> None:
    rates = Rates(Clock())
    for what, rate, who in (
        ("a", "1/minute", "x"),
        ("b", "1/minute", "x"),
        ("a", "1/hour", "x"),
        ("a", "1/minute", "y"),
    ):
        assert (await rates.take(what, rate, who)).is_given
        assert not (await rates.take(what, rate, who)).is_given


async def test_who_has_not_asked_for_long_is_forgotten() -> None:
    clock = Clock()
    rates = Rates(clock)
    for number in range(1000):
        await rates.take("form", "2/minute", f"visitor {number}")
    clock.now += 61
    for _ in range(600):
        clock.now += 61
        await rates.take("form", "2/minute", "kim")
    assert len(rates._windows) == 1


async def test_no_more_are_counted_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these names is another one, as a token that is none can be."""
    monkeypatch.setattr("web.rate.MOST", 10)
    rates = Rates()
    for n in range(100):
        assert (await rates.take("api", "600/minute", str(n))).is_given
    assert len(rates._windows) == 10
    assert (await rates.take("api", "600/minute", "99")).remaining == 598, "the latest are still counted"
