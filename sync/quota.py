"""Gmail's quota: so many units in any minute for one mailbox, whoever asks and for what."""

import threading
import time
from collections import deque
from collections.abc import Callable

UNITS_A_MINUTE = 6_000
UNITS = {
    "getProfile": 1, "labels.list": 1, "labels.create": 5, "history.list": 2, "messages.list": 5,
    "messages.get": 20, "messages.modify": 5, "messages.send": 100, "threads.modify": 10, "watch": 100,
    "stop": 50, "pull": 0, "acknowledge": 0,
}  # fmt: skip
"""What each call costs (Google's documentation, since May 2026); in a batch each part by itself.
Calls of Pub/Sub are not counted here."""

_WINDOW = 60.0
_SHARES = {"messages.get": 0.9, "threads.modify": 0.7}
"""How far they may fill the minute: fetching leaves room for answers and looks, labels for fetching too."""


class Quota:
    """For any number of threads. `take` waits until its units are free in the sliding minute."""

    def __init__(
        self,
        units: int = UNITS_A_MINUTE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._limit = units
        self._clock = clock
        self._sleep = sleep
        self._taken: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._lock = threading.Lock()
        self.spent = 0
        """Units in all."""

    def take(self, call: str, times: int = 1, sleep: Callable[[float], object] | None = None) -> None:
        """`call` is a key of UNITS. `sleep` may raise: then nothing was taken."""
        units = min(UNITS[call] * times, self._most(call))
        while (wait := self._try(units, self._most(call))) > 0:
            (sleep or self._sleep)(wait)

    def _most(self, call: str) -> int:
        return int(self._limit * _SHARES.get(call, 1.0))

    def has_room(self, call: str, times: int = 1) -> bool:
        """Whether `take` would not wait."""
        with self._lock:
            self._forget(self._clock())
            most = self._most(call)
            return self._sum + min(UNITS[call] * times, most) <= most

    def _try(self, units: int, limit: int) -> float:
        """Take them and return 0, or return the seconds after which to try again."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            if self._sum + units <= limit:
                self._taken.append((now, units))
                self._sum += units
                self.spent += units
                return 0.0
            return max(self._taken[0][0] + _WINDOW - now, 0.001)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0][0] + _WINDOW <= now:
            self._sum -= self._taken.popleft()[1]
