"""The history of one mailbox: what changed, in order, under ids that grow by more than one."""

import random
from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from tests.gmail.problem import Json, not_found

Kind = Literal["messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved"]
TYPES: dict[str, Kind] = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}
"""The names in a request, and those in a record."""

FIRST = 2**53 + 1
"""More than a floating-point number holds: who reads ids as JSON numbers shall notice."""


@dataclass(frozen=True, slots=True)
class Change:
    kind: Kind
    message_id: str
    thread_id: str
    labels: tuple[str, ...]
    """Of the message after the change; Google does not say whether it means these or the present ones."""
    changed: tuple[str, ...] = ()
    """The labels that came or went."""

    @property
    def message(self) -> Json:
        return {"id": self.message_id, "threadId": self.thread_id, "labelIds": list(self.labels)}

    def json(self) -> Json:
        more = {"labelIds": list(self.changed)} if self.changed else {}
        return {"message": self.message, **more}


@dataclass(frozen=True, slots=True)
class Record:
    id: int
    changes: tuple[Change, ...]

    def json(self) -> Json:
        found: Json = {"id": str(self.id)}
        mentioned = {change.message_id: change.thread_id for change in self.changes}
        found["messages"] = [{"id": id, "threadId": thread} for id, thread in mentioned.items()]
        for change in self.changes:
            found.setdefault(change.kind, []).append(change.json())
        return found


class History:
    """Not for several threads: its mailbox has the lock."""

    def __init__(self, random: random.Random, first: int = FIRST) -> None:
        self.current = first
        self._random = random
        self._horizon = first
        self._records: list[Record] = []

    def record(self, changes: Iterable[Change]) -> int:
        """The id of the record, or the present one where nothing changed."""
        if kept := tuple(changes):
            self._records.append(Record(self._step(), kept))
        return self.current

    def expire(self) -> None:
        """No id that was ever given out is known any more."""
        self._horizon = self._step()
        self._records.clear()

    def page(
        self, start: int, size: int, kinds: Collection[Kind], label: str | None
    ) -> tuple[list[Record], bool]:
        """Records after `start` that hold something asked for, and whether there are more."""
        # An id of the future is as unknown as an expired one.
        if not self._horizon <= start <= self.current:
            raise not_found()
        found: list[Record] = []
        for record in self._records[bisect_right(self._records, start, key=lambda record: record.id) :]:
            changes = tuple(change for change in record.changes if _matches(change, kinds, label))
            if changes and len(found) == size:
                return found, True
            if changes:
                found.append(Record(record.id, changes))
        return found, False

    def _step(self) -> int:
        self.current += self._random.randint(2, 60)
        return self.current


def _matches(change: Change, kinds: Collection[Kind], label: str | None) -> bool:
    if kinds and change.kind not in kinds:
        return False
    return label is None or label in change.labels or label in change.changed
