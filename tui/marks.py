"""Which tickets a command is about: marked one by one, or as a range that follows the cursor.

Marks are ticket numbers, so they hold while pages come and go and tickets move.
"""

from collections.abc import Callable, Iterable


class Marks:
    def __init__(self, changed: Callable[[frozenset[int]], object]) -> None:
        """`changed` is told all marks after every change."""
        self._changed = changed
        self._numbers: set[int] = set()
        self._ranged: set[int] = set()
        self.range_from: int | None = None
        """The ticket where an open range began."""

    def __contains__(self, number: int) -> bool:
        return number in self._numbers or number in self._ranged

    def __bool__(self) -> bool:
        return bool(self._numbers or self._ranged)

    @property
    def all(self) -> frozenset[int]:
        return frozenset(self._numbers | self._ranged)

    def toggle(self, number: int) -> None:
        """One more or one less; an open range is taken as it is instead."""
        if self.range_from is None:
            self._numbers ^= {number}
            self._changed(self.all)
        else:
            self.end_range()

    def toggle_range(self, number: int) -> None:
        """Begin a range, or take the open one as it is."""
        if self.range_from is None:
            self.range_from, self._ranged = number, {number}
            self._changed(self.all)
        else:
            self.end_range()

    def stretch_range(self, numbers: Iterable[int], whole: bool) -> None:
        """The range holds `numbers` now; and what it held besides, when they are not the `whole` of it."""
        self._ranged = set(numbers) | (set() if whole else self._ranged)
        self._changed(self.all)

    def end_range(self) -> None:
        self._numbers |= self._ranged
        self.range_from, self._ranged = None, set()
        self._changed(self.all)

    def drop(self) -> None:
        """Drop the open range; every mark, when there is none."""
        if self.range_from is None:
            self._numbers = set()
        self.range_from, self._ranged = None, set()
        self._changed(self.all)

    def clear(self) -> None:
        if self:
            self.end_range()
            self.drop()
