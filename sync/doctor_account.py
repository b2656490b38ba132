"""A Gmail mailbox as the doctor sees it: what is known of it here, and what Google says of it.

Each thing is asked for once. The check that asks first tells of a failure; those behind it, which need the
same, cannot tell. The access token is the doctor's own, so a daemon that works meanwhile notices nothing.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from core.errors import StorageFailed
from core.models import Mailbox
from sync.auth import Grant, TokenStore, token_store
from sync.consent import PUBSUB, end_of
from sync.doctor_call import SECONDS, Answer, Line, Refusal
from sync.doctor_finding import Result, Told, Verdict, unknown
from sync.doctor_refusal import why_refused
from sync.doctor_state import State
from sync.google import Access, Google
from sync.quota import Quota

_Known = TypeVar("_Known")


@dataclass(frozen=True, slots=True)
class SignedIn:
    token: str = field(repr=False)
    scopes: frozenset[str]
    expires_at: datetime | None
    """When Google ends the permission by itself."""


@dataclass(slots=True)
class Account:
    """For one thread; close it."""

    state: State
    known: Mailbox
    now: Callable[[], datetime]
    seconds: float = SECONDS
    line: Line = field(init=False)
    _answers: dict[str, Any] = field(default_factory=dict)
    _closing: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.line = Line(self.now, self.seconds)

    def close(self) -> None:
        self._closing.close()

    @property
    def place(self) -> str:
        """Where its token lies."""
        return self._store().place

    def grant(self) -> Grant | None:
        """Raises StorageFailed where it is there and cannot be used."""
        return self._once("its token", lambda: self._store().load(self.known.address))

    @property
    def listener(self) -> str | None:
        """The mailbox whose permission reaches Pub/Sub: of several here the first, as the daemon takes it."""
        for known in self.state.mailboxes:
            if known.kind == "gmail":
                grant = self._grant_of(known.address)
                if grant is not None and PUBSUB in grant.scopes:
                    return known.address
        return None

    @property
    def tells_of_pubsub(self) -> bool:
        """Whether Pub/Sub is looked at for this mailbox: one is enough, and others need no right to it."""
        first = next(known.address for known in self.state.mailboxes if known.kind == "gmail")
        return self.known.address == (self.listener or first)

    def _grant_of(self, address: str) -> Grant | None:
        try:
            return self._store().load(address)
        except StorageFailed:
            return None

    def grant_at_hand(self) -> Grant | None:
        """For a check that can do without, after `grant` was asked for."""
        found = self._answers.get("its token")
        return found if isinstance(found, Grant) else None

    def signed_in(self) -> SignedIn:
        return self._once("a sign-in", self._sign_in)

    def profile(self) -> Mapping[str, Any]:
        def ask() -> Mapping[str, Any]:
            return self.call("Gmail API", self.gmail().getProfile(userId="me"), self._google("gmail"))

        return self._once("an answer of Gmail's", ask)

    def gmail(self) -> Any:
        """The client library's users()."""
        return self._google("gmail").service.users()

    def pubsub(self) -> Any:
        """The client library's projects()."""
        return self._google("pubsub").service.projects()

    def ask_gmail(self, request: Any) -> Mapping[str, Any]:
        """Once Gmail has said anything at all. Raises Refusal."""
        self.profile()
        return self.line.call(request, self._google("gmail").http)

    def ask_pubsub(self, request: Any) -> Mapping[str, Any]:
        """Raises Refusal."""
        return self.line.call(request, self._google("pubsub").http)

    def call(self, api: str, request: Any, google: Google) -> Mapping[str, Any]:
        """Where any refusal is the verdict."""
        try:
            return self.line.call(request, google.http)
        except Refusal as refusal:
            raise Told(refusal.verdict(api)) from None

    def _sign_in(self) -> SignedIn:
        grant = self.grant()
        if grant is None:
            raise Told(unknown("It takes its token to tell."))
        answer = self.line.post(
            grant.token_uri,
            {
                "grant_type": "refresh_token",
                "refresh_token": grant.refresh_token.get_secret_value(),
                "client_id": grant.client_id,
                "client_secret": grant.client_secret.get_secret_value(),
            },
        )
        return self._read(grant, answer)

    def _read(self, grant: Grant, answer: Answer) -> SignedIn:
        token = answer.json.get("access_token")
        if answer.status != 200 or not isinstance(token, str):
            raise Told(why_refused(answer, grant, self.known.synced_at, self.state.now))
        written = answer.json.get("scope")
        scopes = written.split() if isinstance(written, str) else grant.scopes
        return SignedIn(token, frozenset(scopes), end_of(answer.json, self.state.now) or grant.expires_at)

    def _google(self, service: str) -> Google:
        signed_in = self.signed_in()
        if service not in self._answers:
            grant, google = self.grant(), self.state.settings.google
            assert grant is not None
            found = Google(
                Access(grant, signed_in.token),
                Quota(),
                service,
                (google.pubsub_root if service == "pubsub" else None) or google.api_root,
                timeout=self.seconds,
            )
            self._closing.callback(found.close)
            self._answers[service] = found
        opened: Google = self._answers[service]
        return opened

    def _store(self) -> TokenStore:
        return token_store(self.state.settings.home, self.state.settings.tokens)

    def _once(self, what: str, ask: Callable[[], _Known]) -> _Known:
        if what not in self._answers:
            self._answers[what] = missing = _Missing(unknown(f"It takes {what} to tell."))
            try:
                self._answers[what] = ask()
            except Told as told:
                if told.verdict.result is Result.UNKNOWN:  # for a reason that holds for the others too
                    missing.verdict = told.verdict
                raise
        found = self._answers[what]
        if isinstance(found, _Missing):
            raise Told(found.verdict)
        known: _Known = found
        return known


@dataclass(slots=True)
class _Missing:
    """In the place of what was asked for and did not come."""

    verdict: Verdict
