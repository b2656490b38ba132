"""Which tickets a command is about: marked one by one, or as a range that follows the cursor.

Marks are ticket numbers, so they hold while pages come and go and tickets move.
"""

from collections.abc import Iterable


class Marks:
    def __init__(self) -> None:
        self.numbers: set[int] = set()
        self.range_from: int | None = None
        """The ticket where an open range began."""
        self._ranged: set[int] = set()

    def __contains__(self, number: int) -> bool:
        return number in self.numbers or number in self._ranged

    def __len__(self) -> int:
        return len(self.numbers | self._ranged)

    @property
    def all(self) -> frozenset[int]:
        return frozenset(self.numbers | self._ranged)

    def toggle(self, number: int) -> None:
        self.numbers ^= {number}

    def begin_range(self, number: int) -> None:
        self.range_from, self._ranged = number, {number}

    def stretch_range(self, numbers: Iterable[int], whole: bool) -> None:
        """The range now holds `numbers`; these besides what it held when it is not the `whole` of it."""
        self._ranged = set(numbers) | (set() if whole else self._ranged)

    def end_range(self) -> None:
        self.numbers |= self._ranged
        self.drop_range()

    def drop_range(self) -> None:
        self.range_from, self._ranged = None, set()

    def clear(self) -> None:
        self.numbers.clear()
        self.drop_range()
