"""Google's quota: units in any minute for each user, by method."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Literal

from tests.gmail.problem import rate_limited

UNITS_A_MINUTE = 6_000
UNITS = {
    "getProfile": 1, "history.list": 2, "stop": 50, "watch": 100,
    "drafts.create": 10, "drafts.delete": 10, "drafts.get": 5, "drafts.list": 5, "drafts.send": 100,
    "drafts.update": 15,
    "labels.create": 5, "labels.delete": 5, "labels.get": 1, "labels.list": 1, "labels.patch": 5,
    "labels.update": 5,
    "messages.attachments.get": 20, "messages.batchDelete": 50, "messages.batchModify": 50,
    "messages.delete": 10, "messages.get": 20, "messages.import": 25, "messages.insert": 25,
    "messages.list": 5, "messages.modify": 5, "messages.send": 100, "messages.trash": 5,
    "messages.untrash": 5,
    "threads.get": 10, "threads.list": 10, "threads.modify": 10, "threads.trash": 10, "threads.untrash": 10,
}  # fmt: skip

_WINDOW = 60.0


class Quota:
    """`limit` None counts and refuses nothing. What is refused costs nothing."""

    def __init__(self, clock: Callable[[], float], limit: int | None = UNITS_A_MINUTE) -> None:
        self.limit = limit
        self.status: Literal[429, 403] = 429
        """What beyond it is answered with."""
        self.retry_after = False
        """Whether the answer says when there will be units again."""
        self.used: Counter[str] = Counter()
        """Units in all, by address."""
        self.refused: Counter[str] = Counter()
        """Calls beyond the limit, by address."""
        self._clock = clock
        self._recent: dict[str, deque[tuple[float, int]]] = {}
        self._sums: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, address: str, method: str) -> None:
        units = UNITS[method]
        with self._lock:
            if self.limit is not None:
                self._within(address, units, self.limit)
            self.used[address] += units

    def _within(self, address: str, units: int, limit: int) -> None:
        now = self._clock()
        recent = self._recent.setdefault(address, deque())
        while recent and recent[0][0] + _WINDOW <= now:
            self._sums[address] -= recent.popleft()[1]
        if self._sums[address] + units > limit:
            self.refused[address] += 1
            wait = recent[0][0] + _WINDOW - now if recent else _WINDOW
            raise rate_limited(self.status, wait if self.retry_after else None)
        recent.append((now, units))
        self._sums[address] += units
