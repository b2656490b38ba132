"""The Gmail API behind its transport: from a request to an answer, past rights, quota and faults."""

import base64
import contextlib
import json
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.gmail.authority import Authority
from tests.gmail.clock import Clock
from tests.gmail.fault import Faults, Kind
from tests.gmail.mailbox import Mailbox
from tests.gmail.notice import Notices
from tests.gmail.post import Habits, Post
from tests.gmail.problem import (
    Json,
    Problem,
    insufficient_scopes,
    invalid,
    server_error,
    too_large,
)
from tests.gmail.query import UnknownOperator
from tests.gmail.quota import Quota
from tests.gmail.route import Method, parameters_of, route


@dataclass(slots=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    ending: Kind | None = None
    """What becomes of it on its way."""

    @classmethod
    def of(cls, found: Json | None, status: int = 200) -> "Answer":
        """None is an answer without a body."""
        if found is None:
            return cls(204)
        return cls(status, json.dumps(found).encode(), {"Content-Type": "application/json; charset=UTF-8"})

    @classmethod
    def to(cls, problem: Problem) -> "Answer":
        answer = cls.of(problem.json(), problem.status)
        answer.headers |= problem.headers
        return answer


@dataclass(slots=True)
class Call:
    """One call of a method that may be made."""

    service: "Service"
    method: Method
    mailbox: Mailbox
    parameters: dict[str, Any]
    body: Json
    media: bytes | None = None
    scopes: frozenset[str] = frozenset()

    def raw(self, written: Json) -> bytes:
        """The mail: uploaded, or in `raw` of a message."""
        found = self.media if self.media is not None else _unencoded(written.get("raw"))
        if len(found) > self.method.size_limit:
            raise too_large(self.method.size_limit)
        return found


@dataclass
class Service:
    clock: Clock
    authority: Authority
    quota: Quota
    faults: Faults
    habits: Habits
    notices: Notices
    mailboxes: dict[str, Mailbox]
    post: Post
    handlers: "Mapping[str, Handler]"
    """What each method does."""
    barred: Problem | None = None
    """What every call is told instead of an answer: of an API that is switched off, for instance."""
    calls: Counter[str] = field(default_factory=Counter)
    """How often each method was called."""
    complaints: list[str] = field(default_factory=list)
    """What this server did not understand or failed at by itself: no test may end with any."""
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, verb: str, target: str, authorization: str, body: bytes) -> Answer:
        """A call without an upload. `target` is a path with its query."""
        try:
            call = self.call(verb, target, authorization)
            call.body = json_of(body)
            return self.perform(call)
        except Problem as problem:
            return Answer.to(problem)

    def call(self, verb: str, target: str, authorization: str) -> Call:
        """Who calls what; its body is still to come."""
        parts = urlsplit(target)
        found = route(verb, parts.path)
        if found is None:
            self.complain(f"no such method: {verb} {parts.path}")
            raise Problem(404, "notFound", "Not Found")
        method, path = found
        grant = self.authority.check(authorization)
        if not grant.scopes & method.scopes:
            raise insufficient_scopes()
        user = path.pop("userId").lower()
        if user not in ("me", grant.address):
            raise Problem(403, "forbidden", f"Delegation denied for {grant.address}")
        query = parse_qs(parts.query, keep_blank_values=True)
        if "fields" in query:
            self.complain("partial answers (fields) are not known here")
        parameters = parameters_of(method, query) | path
        return Call(self, method, self.mailboxes[grant.address], parameters, {}, scopes=grant.scopes)

    def perform(self, call: Call) -> Answer:
        name = call.method.name
        with self._counting:
            self.calls[name] += 1
        kind = self.faults.draw(name)
        try:
            if kind == "cut_before":
                return Answer(ending=kind)
            if kind == "cut_late":
                self.faults.hold(lambda: self._late(call))
                return Answer(ending="cut_before")
            if problem := self.faults.problem(kind):
                return Answer.to(problem)
            if self.barred is not None:
                raise self.barred
            self.quota.take(call.mailbox.address, name)
            answer = Answer.of(self._handler(name)(call))
        except Problem as problem:
            answer = Answer.to(problem)
        except UnknownOperator as error:
            self.complain(str(error))
            answer = Answer.to(invalid(f"This server does not know it: {error}"))
        except Exception:  # noqa: BLE001 - the door: a bug of this server must not pass for a fault it plays
            self.complain(traceback.format_exc())
            answer = Answer.to(server_error(500))
        if kind == "malformed":
            answer.body = answer.body[: len(answer.body) // 2]
        answer.ending = kind
        return answer

    def _late(self, call: Call) -> None:
        """Nobody hears of what comes of it."""
        with contextlib.suppress(Problem):
            self._handler(call.method.name)(call)

    def complain(self, complaint: str) -> None:
        self.complaints.append(complaint)

    def _handler(self, name: str) -> "Handler":
        if name not in self.handlers:
            self.complain(f"{name} is not known here")
            raise Problem(501, "notImplemented", f"{name} is not implemented.")
        return self.handlers[name]


Handler = Callable[[Call], Json | None]


def json_of(body: bytes) -> Json:
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        raise Problem(400, "parseError", "Parse Error") from None
    if not isinstance(found, dict):
        raise invalid('Invalid JSON payload received. Unknown name "": Root element must be a message.')
    return found


def _unencoded(raw: object) -> bytes:
    if not isinstance(raw, str) or not raw:
        raise invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    try:
        return base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise invalid("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed") from None
