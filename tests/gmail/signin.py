"""The addresses of Google's sign-in: consent, token, revoke, tokeninfo."""

import base64
import html
import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from tests.gmail.authority import Authority, Refusal
from tests.gmail.fault import Faults
from tests.gmail.service import Answer
from tests.gmail.wire import Request

AUTH = "/o/oauth2/v2/auth"
TOKEN = "/token"
REVOKE = "/revoke"
INFO = "/tokeninfo"


class SignIn:
    def __init__(self, authority: Authority, faults: Faults) -> None:
        self._authority = authority
        self._faults = faults

    def answer(self, request: Request) -> Answer | None:
        """None where the path is none of ours."""
        path = urlsplit(request.target).path
        if path in (AUTH, "/o/oauth2/auth") and request.verb == "GET":
            return self._consent(request)
        if path in (TOKEN, "/oauth2/token", "/oauth2/v4/token") and request.verb == "POST":
            return self._faulty("oauth.token", lambda: self._token(request))
        if path in (REVOKE, "/o/oauth2/revoke"):
            return self._faulty("oauth.revoke", lambda: self._revoke(request))
        if path in (INFO, "/oauth2/v3/tokeninfo"):
            return self._refusable(
                lambda: Answer.of(self._authority.info(_fields(request).get("access_token", "")))
            )
        return None

    def _consent(self, request: Request) -> Answer:
        try:
            return Answer(302, b"", {"Location": self._authority.authorize(_fields(request))})
        except Refusal as refusal:
            said = html.escape(f"Error {refusal.status}: {refusal.json['error']}. {refusal}")
            page = f"<!doctype html><title>Sign in</title><p>{said}".encode()
            return Answer(refusal.status, page, {"Content-Type": "text/html; charset=utf-8"})

    def _token(self, request: Request) -> Answer:
        return Answer.of(self._authority.token(_fields(request), _basic(request.headers)))

    def _revoke(self, request: Request) -> Answer:
        self._authority.revoke_token(_fields(request).get("token", ""))
        return Answer.of({})

    def _refusable(self, act: Callable[[], Answer]) -> Answer:
        try:
            return act()
        except Refusal as refusal:
            return Answer.of(refusal.json, refusal.status)

    def _faulty(self, method: str, act: Callable[[], Answer]) -> Answer:
        kind = self._faults.draw(method)
        if kind == "cut_before":
            return Answer(ending=kind)
        if problem := self._faults.problem(kind):
            # The sign-in speaks OAuth and not the JSON of the APIs.
            error = "temporarily_unavailable" if problem.status == 503 else "internal_failure"
            return Answer.of({"error": error, "error_description": problem.message}, problem.status)
        answer = self._refusable(act)
        if kind == "malformed":
            answer.body = answer.body[: len(answer.body) // 2]
        answer.ending = kind
        return answer


def _fields(request: Request) -> dict[str, str]:
    """Of the query and of the form."""
    given = parse_qs(urlsplit(request.target).query)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        given |= parse_qs(request.body.decode("utf-8", "replace"))
    elif content_type.startswith("application/json") and request.body:
        given |= {name: [str(value)] for name, value in json.loads(request.body).items()}
    return {name: values[-1] for name, values in given.items()}


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    name, _, secret = base64.b64decode(token).decode().partition(":")
    return unquote(name), unquote(secret)
