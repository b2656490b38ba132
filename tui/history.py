"""What the agent did since the terminal was opened, to take back and to repeat."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Step:
    """One command, however many tickets it was about."""

    words: str
    """What it did, as said to the agent; safe to show."""
    request_id: UUID
    numbers: tuple[int, ...]
    sent: bool = False
    """An answer: taken back by stopping it on its way out."""


@dataclass
class History:
    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)
    last_changes: dict[str, Any] | None = None
    """The newest change of fields, for `repeat`."""

    def did(self, step: Step) -> None:
        self.done.append(step)
        self.undone.clear()
