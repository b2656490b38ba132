"""The server's clock: the machine's, or one that stands still until it is moved."""

import time


class Clock:
    def __init__(self, at: float | None = None) -> None:
        """Epoch seconds at which it stands; without them it runs as the machine's does."""
        self._at = at
        self._ahead = 0.0

    def __call__(self) -> float:
        return (time.time() if self._at is None else self._at) + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    @property
    def milliseconds(self) -> int:
        return int(self() * 1000)
