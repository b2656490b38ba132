"""How far a long command is, on stderr when that is a terminal; elsewhere nothing is said."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import rich.progress


class Progress:
    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._bar: rich.progress.Progress | None = None
        self._total = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._task = self._bar.add_task(self._unit, total=None)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def found(self, count: int) -> None:
        """So many there are, as far as is known."""
        self._total = count
        if self._bar:
            self._bar.update(self._task, description=f"{count} {self._unit}")

    def done(self, count: int) -> None:
        """So many of those that were found are done."""
        if self._bar:
            self._bar.update(self._task, completed=count, total=self._total)

    def at(self, what: str) -> None:
        """One more was begun, and what it is; where nobody knows how many there are."""
        if self._bar:
            self._bar.update(self._task, description=what, advance=1)

    def step(self, done: int, total: int, what: str) -> None:
        if self._bar:
            self._bar.update(self._task, completed=done, total=total, description=what)


def _bar() -> "rich.progress.Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
