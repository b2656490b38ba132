"""Notifications: watches, and what reaches those who listen, which may be less, more or in another order."""

import base64
import json
import queue
import random
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.gmail.clock import Clock
from tests.gmail.history import Change
from tests.gmail.mailbox import Mailbox
from tests.gmail.problem import Json, invalid

WATCH_SECONDS = 7 * 86_400
_TRIES = 5
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Notice:
    id: str
    address: str
    history_id: int
    topic: str
    data: str
    """As Pub/Sub hands it over: base64url JSON."""


@dataclass(frozen=True, slots=True)
class Watch:
    topic: str
    labels: frozenset[str]
    excludes: bool
    ends_at: float

    def concerns(self, changes: Sequence[Change]) -> bool:
        if not self.labels:
            return True
        return any(
            bool(self.labels.intersection(one.labels + one.changed)) != self.excludes for one in changes
        )


@dataclass(slots=True)
class Chances:
    """Shares of notifications that go wrong."""

    dropped: float = 0.0
    doubled: float = 0.0
    reordered: float = 0.0
    """Held back until after the next."""


@dataclass
class Notices:
    """For any number of threads. What goes out by HTTP goes out in a thread of its own."""

    clock: Clock
    random: random.Random
    chances: Chances = field(default_factory=Chances)
    most_per_second: int | None = None
    """For one user. Gmail has one, and drops what is beyond it; a clock that stands still would drop all."""
    history_id_as: Literal["string", "number"] = "string"
    """The guide shows a string; a number is what many have seen."""
    patience: float = 0.05
    """Seconds until a listener by HTTP is tried for the second time; each further wait is twice as long."""
    published: list[Notice] = field(default_factory=list)
    """Before anything went wrong with them."""
    failures: list[str] = field(default_factory=list)
    """What listeners by HTTP did not take even at the last try."""

    def __post_init__(self) -> None:
        self._watches: dict[str, Watch] = {}
        self._last: dict[str, list[float]] = {}
        self._listeners: list[Callable[[Notice], None]] = []
        self._held: list[Notice] = []
        self._lock = threading.RLock()
        self._going: queue.SimpleQueue[tuple[str, bytes, Callable[[], Mapping[str, str]]] | None]
        self._going = queue.SimpleQueue()
        self._idle = threading.Condition()
        self._under_way = 0
        self._stopping = threading.Event()
        self._sender: threading.Thread | None = None

    # Who listens

    def subscribe(self) -> "queue.SimpleQueue[Notice]":
        """A queue of all notifications."""
        found: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._listeners.append(found.put)
        return found

    def push_to(self, url: str, headers: Callable[[], Mapping[str, str]] = dict) -> None:
        """As a push subscription would: POST until it is taken. `headers` makes those of each try."""

        def push(notice: Notice) -> None:
            message = {"data": notice.data, "messageId": notice.id, "message_id": notice.id, "attributes": {}}
            body = {
                "message": message,
                "subscription": f"{notice.topic.replace('/topics/', '/subscriptions/')}",
            }
            self._send(url, body, headers)

        self._listeners.append(push)

    def publish_to(self, root: str) -> None:
        """To the topic of each watch, by the REST address of Pub/Sub or its emulator."""

        def publish(notice: Notice) -> None:
            standard = base64.b64encode(base64.urlsafe_b64decode(notice.data)).decode()
            url = f"{root.rstrip('/')}/v1/{notice.topic}:publish"
            self._send(url, {"messages": [{"data": standard}]}, dict)

        self._listeners.append(publish)

    # Watches

    def watch(self, mailbox: Mailbox, body: Json) -> Json:
        topic = body.get("topicName", "")
        if not re.fullmatch(r"projects/[^/]+/topics/[^/]+", str(topic)):
            raise invalid("Invalid topicName does not match projects/*/topics/*")
        behaviour = str(body.get("labelFilterBehavior", body.get("labelFilterAction", "include")))
        ends_at = self.clock() + WATCH_SECONDS
        watch = Watch(topic, frozenset(body.get("labelIds", ())), behaviour.lower() == "exclude", ends_at)
        with self._lock:
            self._watches[mailbox.address] = watch
        return {"historyId": str(mailbox.history_id), "expiration": str(int(ends_at * 1000))}

    def stop(self, address: str) -> None:
        with self._lock:
            self._watches.pop(address, None)

    def watch_of(self, address: str) -> Watch | None:
        """The one that is in force."""
        watch = self._watches.get(address)
        return watch if watch and watch.ends_at > self.clock() else None

    # On their way

    def notify(self, mailbox: Mailbox, changes: Sequence[Change]) -> None:
        with self._lock:
            watch = self.watch_of(mailbox.address)
            if watch is None or not watch.concerns(changes) or self._is_too_much(mailbox.address):
                return
            notice = self._written(mailbox, watch.topic)
            self.published.append(notice)
            if self.random.random() < self.chances.dropped:
                return
            if self.random.random() < self.chances.reordered:
                self._held.append(notice)
                return
            copies = 2 if self.random.random() < self.chances.doubled else 1
            for one in [notice] * copies + self._held:
                self._deliver(one)
            self._held.clear()

    def flush(self, timeout: float = 10.0) -> bool:
        """Let those that were held back go, and wait until all are out; whether that came to an end."""
        with self._lock:
            for notice in self._held:
                self._deliver(notice)
            self._held.clear()
        with self._idle:
            return self._idle.wait_for(lambda: self._under_way == 0, timeout)

    def close(self) -> None:
        self._stopping.set()
        if self._sender is not None:
            self._going.put(None)
            self._sender.join()

    def _is_too_much(self, address: str) -> bool:
        if self.most_per_second is None:
            return False
        now = self.clock()
        recent = [at for at in self._last.get(address, ()) if at > now - 1]
        if len(recent) < self.most_per_second:
            self._last[address] = [*recent, now]
            return False
        return True

    def _written(self, mailbox: Mailbox, topic: str) -> Notice:
        id = mailbox.history_id
        content = {
            "emailAddress": mailbox.address,
            "historyId": str(id) if self.history_id_as == "string" else id,
        }
        data = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
        return Notice(str(len(self.published) + 1), mailbox.address, id, topic, data)

    def _deliver(self, notice: Notice) -> None:
        for listener in self._listeners:
            listener(notice)

    def _send(self, url: str, body: Json, headers: Callable[[], Mapping[str, str]]) -> None:
        with self._idle:
            self._under_way += 1
        if self._sender is None:
            self._sender = threading.Thread(target=self._send_all, name="gmail-notices", daemon=True)
            self._sender.start()
        self._going.put((url, json.dumps(body).encode(), headers))

    def _send_all(self) -> None:
        while (letter := self._going.get()) is not None:
            failure: str | None = "stopped"
            for attempt in range(_TRIES):
                if self._stopping.wait(self.patience * 2**attempt if attempt else 0.0):
                    break
                if (failure := _posted(*letter)) is None:
                    break
            if failure is not None:
                self.failures.append(failure)
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()


def _posted(url: str, body: bytes, headers: Callable[[], Mapping[str, str]]) -> str | None:
    """What went wrong, if anything did."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers()})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"{url}: {error.code}"
    except OSError as error:
        return f"{url}: {error}"
