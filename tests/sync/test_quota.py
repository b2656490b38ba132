"""No minute, wherever it begins, holds more units than there are, and no time is lost over it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.quota import UNITS, Quota

CALLS = st.lists(st.tuples(st.sampled_from(sorted(UNITS)), st.integers(1, 5), st.floats(0, 30)), max_size=60)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 60
        self.now += seconds


@given(CALLS, st.integers(200, 2000))
def test_no_minute_holds_too_much(calls: list[tuple[str, int, float]], limit: int) -> None:
    clock = Clock()
    quota = Quota(limit, clock, clock.sleep)
    taken: list[tuple[float, int]] = []
    for call, times, pause in calls:
        clock.now += pause
        before = quota.spent
        quota.take(call, times)
        taken.append((clock.now, quota.spent - before))
        assert sum(units for at, units in taken if at + 60 > clock.now) <= limit


def test_what_is_free_is_taken_at_once_and_fetching_leaves_room_for_answers() -> None:
    clock = Clock()
    quota = Quota(6000, clock, clock.sleep)
    quota.take("messages.get", 270)
    assert clock.now == 1000
    quota.take("messages.send")
    assert clock.now == 1000
    quota.take("messages.get")
    assert clock.now == 1060
    assert quota.spent == 271 * 20 + 100


def test_labels_leave_room_for_fetching_and_fetching_for_answers() -> None:
    quota = Quota(1000, clock=lambda: 0.0, sleep=lambda seconds: pytest.fail("it waits"))
    assert quota.has_room("threads.modify", 70) and quota.has_room("messages.get", 45)
    quota.take("threads.modify", 70)
    assert not quota.has_room("threads.modify")
    quota.take("messages.get", 10)
    assert not quota.has_room("messages.get") and quota.has_room("messages.send")
    assert quota.spent == 900, "asking costs nothing"
