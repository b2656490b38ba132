"""What Pub/Sub says about topics, subscriptions and the rights to them.

It carries no message: Google's emulator does that, and knows no rights.
"""

import json
import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from tests.gmail.authority import Authority
from tests.gmail.problem import Json, Problem, insufficient_scopes
from tests.gmail.service import Answer
from tests.gmail.wire import Request

SCOPE = "https://www.googleapis.com/auth/pubsub"
SEE, CONSUME, SEE_POLICY = (
    "pubsub.subscriptions.get",
    "pubsub.subscriptions.consume",
    "pubsub.topics.getIamPolicy",
)
_PATH = re.compile(r"/v1/(projects/[^/]+/(topics|subscriptions)/[^/:]+)(?::(\w+))?")


class PubSub:
    def __init__(self, authority: Authority) -> None:
        self.subscriptions: dict[str, Json] = {}
        """By name, as `subscriptions.get` gives them."""
        self.policies: dict[str, list[Json]] = {}
        """The bindings of each topic."""
        self.rights = {SEE, CONSUME, SEE_POLICY}
        """Those of whoever asks, on everything there is."""
        self.barred: Problem | None = None
        self._authority = authority
        self._calls: dict[tuple[str, str, str], Callable[[str, Json], Json]] = {
            ("GET", "subscriptions", ""): self._subscription,
            ("POST", "subscriptions", "testIamPermissions"): self._tested,
            ("GET", "topics", "getIamPolicy"): self._policy,
        }

    def answer(self, request: Request) -> Answer:
        try:
            return Answer.of(self._answered(request))
        except Problem as problem:
            return Answer.to(problem)

    def _answered(self, request: Request) -> Json:
        match = _PATH.fullmatch(unquote(urlsplit(request.target).path))
        call = match and self._calls.get((request.verb, match[2], match[3] or ""))
        if match is None or call is None:
            raise Problem(501, "notImplemented", "This server knows no such call of Pub/Sub.")
        if SCOPE not in self._authority.check(request.headers.get("authorization", "")).scopes:
            raise insufficient_scopes()
        if self.barred is not None:
            raise self.barred
        return call(match[1], json.loads(request.body or b"{}"))

    def _subscription(self, name: str, body: Json) -> Json:
        self._require(SEE)
        if name not in self.subscriptions:
            raise Problem(404, "notFound", f"Resource not found (resource={name.rpartition('/')[2]}).")
        return self.subscriptions[name]

    def _tested(self, name: str, body: Json) -> Json:
        """Of what does not exist there are no rights, and no error."""
        held = [one for one in body["permissions"] if one in self.rights and name in self.subscriptions]
        return {"permissions": held} if held else {}

    def _policy(self, name: str, body: Json) -> Json:
        self._require(SEE_POLICY)
        if name not in self.policies:
            raise Problem(404, "notFound", f"Resource not found (resource={name.rpartition('/')[2]}).")
        return {"version": 1, "etag": "BwXhqDVf7uE=", "bindings": self.policies[name]}

    def _require(self, right: str) -> None:
        if right not in self.rights:
            raise Problem(403, "forbidden", "User not authorized to perform this action.")
