"""One Gmail account: its messages, threads, labels, drafts and history.

Every change goes through here, one at a time, leaves a record in the history and is told to `on_change`.
"""

import random
import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.gmail.clock import Clock
from tests.gmail.history import Change, History, Kind
from tests.gmail.label import FIXED, Label, Labels
from tests.gmail.mail import Envelope, envelope_of
from tests.gmail.payload import snippet_of
from tests.gmail.problem import invalid, not_found

_FIRST_ID = 0x1900_0000_0000_0000
_MOST_LABELS = 100


@dataclass(slots=True, eq=False)
class Message:
    id: str
    thread_id: str
    raw: bytes
    envelope: Envelope
    labels: frozenset[str]
    internal_date: int
    """Epoch milliseconds."""
    arrived_at: float
    history_id: int = 0
    _snippet: str | None = None

    @property
    def message_id(self) -> str:
        return self.envelope.message_id

    @property
    def key(self) -> tuple[int, str]:
        """What lists are ordered by."""
        return self.internal_date, self.id

    @property
    def snippet(self) -> str:
        if self._snippet is None:
            self._snippet = snippet_of(self.raw)
        return self._snippet

    def changed(self, kind: Kind, labels: Iterable[str] = ()) -> Change:
        return Change(kind, self.id, self.thread_id, tuple(sorted(self.labels)), tuple(sorted(labels)))


class Mailbox:
    """What tests ask of an account, and what the API is made of. For any number of threads."""

    def __init__(self, address: str, clock: Clock, seed: int = 0) -> None:
        self.address = address
        self.aliases: set[str] = set()
        """Other addresses that may stand in From; Gmail puts its own in the place of any other."""
        self.labels = Labels()
        self.drafts: dict[str, str] = {}
        """Ids of the messages by those of the drafts."""
        self.sent: list[Message] = []
        """What left, in order, whatever became of the copies here."""
        self.lock = threading.RLock()
        self.on_change: Callable[[Mailbox, Sequence[Change]], None] = lambda mailbox, changes: None
        self._clock = clock
        self._random = random.Random(f"{seed} {address}")
        self.history = History(self._random)
        self._last_id = _FIRST_ID
        self._messages: dict[str, Message] = {}
        self._order: list[tuple[int, str]] = []
        self._threads: dict[str, list[str]] = {}
        self._by_message_id: dict[str, list[str]] = {}
        self._by_label: dict[str, set[str]] = {}

    # What tests ask

    @property
    def messages(self) -> list[Message]:
        """All, oldest first."""
        with self.lock:
            return [self._messages[id] for _, id in self._order]

    def message(self, id: str) -> Message:
        """Raises the Problem 404 where there is none."""
        message = self._messages.get(id)
        if message is None:
            raise not_found()
        return message

    def labels_of(self, id: str) -> set[str]:
        """The names of a message's labels."""
        with self.lock:
            return {self.labels.get(label).name for label in self.message(id).labels}

    def deliver(
        self, raw: bytes, labels: Iterable[str] = ("INBOX", "UNREAD"), internal_date: int | None = None
    ) -> Message:
        """Mail from outside, in the thread it belongs to. `internal_date` is in epoch milliseconds."""
        return self.add(raw, labels, internal_date)

    def expire_history(self) -> None:
        with self.lock:
            self.history.expire()

    @property
    def history_id(self) -> int:
        return self.history.current

    # Messages

    def add(
        self,
        raw: bytes,
        labels: Iterable[str],
        internal_date: int | None = None,
        thread_id: str | None = None,
        sent: bool = False,
    ) -> Message:
        """`thread_id` is what a client asked for; without one the mail finds its thread by itself."""
        with self.lock:
            envelope = envelope_of(raw)
            kept = self._known(labels)
            thread = self._thread_of(envelope, thread_id)
            id = self._new_id()
            date = self._clock.milliseconds if internal_date is None else internal_date
            message = Message(id, thread or id, raw, envelope, kept, date, self._clock())
            self._file(message)
            if sent:
                self.sent.append(message)
            self._record([message.changed("messagesAdded")])
            return message

    def modify(self, ids: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """All at once, in one record."""
        with self.lock:
            add, remove = self._changeable(add), self._changeable(remove)
            messages = [self.message(id) for id in dict.fromkeys(ids)]
            self._relabel(messages, add, remove - add)

    def trash(self, id: str) -> Message:
        with self.lock:
            message = self.message(id)
            self._relabel([message], frozenset({"TRASH"}), frozenset({"INBOX", "SPAM"}))
            return message

    def untrash(self, id: str) -> Message:
        """It does not come back into the inbox."""
        with self.lock:
            message = self.message(id)
            self._relabel([message], frozenset(), frozenset({"TRASH"}))
            return message

    def delete(self, ids: Iterable[str]) -> None:
        """For good; ids that are unknown are passed over, as in batchDelete."""
        with self.lock:
            messages = [self._messages[id] for id in dict.fromkeys(ids) if id in self._messages]
            for message in messages:
                self._unfile(message)
            self._record([message.changed("messagesDeleted") for message in messages])

    def thread(self, id: str) -> list[Message]:
        """Oldest first."""
        with self.lock:
            if id not in self._threads:
                raise not_found()
            return sorted((self._messages[one] for one in self._threads[id]), key=lambda one: one.key)

    @property
    def counts(self) -> tuple[int, int]:
        """Of messages and threads."""
        with self.lock:
            return len(self._messages), len(self._threads)

    def before(
        self, key: tuple[int, str] | None, labels: Sequence[str], message_id: str | None
    ) -> list[Message]:
        """Newest first, below the key: those with all the labels and, where one is given, the Message-ID."""
        with self.lock:
            sets = [self._by_label.get(label, set()) for label in labels]
            if message_id is not None:
                sets.append(set(self._by_message_id.get(message_id, ())))
            if not sets:
                end = len(self._order) if key is None else bisect_left(self._order, key)
                return [self._messages[id] for _, id in reversed(self._order[:end])]
            sets.sort(key=len)
            found = [self._messages[id] for id in sets[0].intersection(*sets[1:])]
        return sorted(
            (one for one in found if key is None or one.key < key), key=lambda one: one.key, reverse=True
        )

    # Labels

    def delete_label(self, id: str) -> None:
        with self.lock:
            self.labels.delete(id)
            bearers = [self._messages[one] for one in self._by_label.get(id, ())]
            self._relabel(bearers, frozenset(), frozenset({id}))

    def label_counts(self, label: Label) -> dict[str, int]:
        with self.lock:
            bearers = [self._messages[id] for id in self._by_label.get(label.id, ())]
        unread = [one for one in bearers if "UNREAD" in one.labels]
        return {
            "messagesTotal": len(bearers),
            "messagesUnread": len(unread),
            "threadsTotal": len({one.thread_id for one in bearers}),
            "threadsUnread": len({one.thread_id for one in unread}),
        }

    def _known(self, labels: Iterable[str]) -> frozenset[str]:
        wanted = frozenset(labels)
        for label in sorted(wanted):
            if label not in self.labels:
                raise invalid(f"Invalid label: {label}")
        return wanted

    def _changeable(self, labels: Iterable[str]) -> frozenset[str]:
        wanted = self._known(labels)
        if len(wanted) > _MOST_LABELS:
            raise invalid(f"At most {_MOST_LABELS} labels can be changed at once")
        for label in sorted(wanted & FIXED):
            raise invalid(f"Invalid label: {label}")
        return wanted

    def _relabel(self, messages: Iterable[Message], add: frozenset[str], remove: frozenset[str]) -> None:
        changes: list[Change] = []
        for message in messages:
            added, removed = add - message.labels, remove & message.labels
            message.labels = (message.labels | added) - removed
            for label in added:
                self._by_label.setdefault(label, set()).add(message.id)
            for label in removed:
                self._by_label[label].discard(message.id)
            if added:
                changes.append(message.changed("labelsAdded", added))
            if removed:
                changes.append(message.changed("labelsRemoved", removed))
        self._record(changes)

    # Filing

    def _record(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        history_id = self.history.record(changes)
        for change in changes:
            if (message := self._messages.get(change.message_id)) is not None:
                message.history_id = history_id
        self.on_change(self, changes)

    def _file(self, message: Message) -> None:
        self._messages[message.id] = message
        insort(self._order, message.key)
        self._threads.setdefault(message.thread_id, []).append(message.id)
        if message.message_id:
            self._by_message_id.setdefault(message.message_id, []).append(message.id)
        for label in message.labels:
            self._by_label.setdefault(label, set()).add(message.id)

    def _unfile(self, message: Message) -> None:
        del self._messages[message.id]
        del self._order[bisect_left(self._order, message.key)]
        for label in message.labels:
            self._by_label[label].discard(message.id)
        self.drafts = {draft: id for draft, id in self.drafts.items() if id != message.id}
        for index, key in ((self._threads, message.thread_id), (self._by_message_id, message.message_id)):
            if key in index:
                index[key].remove(message.id)
                if not index[key]:
                    del index[key]

    def _thread_of(self, envelope: Envelope, wanted: str | None) -> str | None:
        """None for a new one. A thread that was asked for is taken only if References and Subject agree."""
        if wanted is not None and wanted not in self._threads:
            raise not_found()
        related = [
            self._messages[id]
            for reference in envelope.references
            for id in self._by_message_id.get(reference, ())
        ]
        threads = [one.thread_id for one in related if one.envelope.topic == envelope.topic]
        if wanted is None:
            return threads[-1] if threads else None
        return wanted if wanted in threads else None

    def _new_id(self) -> str:
        self._last_id += self._random.randint(1, 2**36)
        return f"{self._last_id:016x}"
