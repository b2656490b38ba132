"""Google's OAuth: consent, codes, access and refresh tokens.

Nobody clicks: `consent` says what the person in the browser does.
"""

import base64
import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from tests.gmail.clock import Clock
from tests.gmail.problem import Json, unauthenticated

_CODE_SECONDS = 600.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Refusal(Exception):
    """An error of OAuth (RFC 6749, 5.2)."""

    def __init__(self, error: str, description: str, status: int = 400, **more: str) -> None:
        super().__init__(description)
        self.status = status
        self.json: Json = {"error": error, "error_description": description} | more


@dataclass(slots=True)
class Consent:
    """What the person in the browser does."""

    granted: bool = True
    scopes: frozenset[str] | None = None
    """Those that are ticked, of what was asked for; None is all."""
    address: str | None = None
    """Whose account it is; None is the one that login_hint names, or the first."""


@dataclass(frozen=True, slots=True)
class Tokens:
    access_token: str
    refresh_token: str
    scopes: frozenset[str]


@dataclass(slots=True, eq=False)
class Grant:
    address: str
    client_id: str
    scopes: frozenset[str]
    ends_at: float | None
    """When its refresh token ends."""
    refresh_token: str = ""
    is_revoked: bool = False


@dataclass(slots=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    ends_at: float
    is_offline: bool


class Authority:
    """For any number of threads."""

    def __init__(
        self, clock: Clock, addresses: list[str], client: tuple[str, str], redirect_uris: Iterable[str]
    ) -> None:
        self.consent = Consent()
        self.client_id, self.client_secret = client
        self.redirect_uris = set(redirect_uris)
        """Besides loopback addresses, which a desktop app may always use, with any port."""
        self.access_seconds = 3_600.0
        self.refresh_seconds: float | None = None
        """How long refresh tokens last: an app in testing mode has 7 days."""
        self.refuses: Refusal | None = None
        """What whoever comes with a refresh token is told instead of an answer."""
        self.limits_sessions = False
        """Whether the organisation wants the sign-in repeated, as it may where a token reaches its cloud."""
        self.refreshes: Counter[str] = Counter()
        """Access tokens that were got with a refresh token, by address."""
        self.asked: list[dict[str, str]] = []
        """The queries with which the browser came."""
        self._addresses = addresses
        self._clock = clock
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, tuple[Grant, float]] = {}
        self._refresh: dict[str, Grant] = {}
        self._lock = threading.Lock()

    # What tests do

    def grant(self, address: str, scopes: Iterable[str]) -> Tokens:
        """Consent without a browser."""
        with self._lock:
            grant = self._granted(address, frozenset(scopes))
            return Tokens(self._new_access(grant), self._new_refresh(grant), grant.scopes)

    def revoke(self, address: str) -> None:
        """The owner takes back all permissions: tokens of both kinds stop working at once."""
        with self._lock:
            grants = [*self._refresh.values(), *(grant for grant, _ in self._access.values())]
            for grant in grants:
                grant.is_revoked = grant.is_revoked or grant.address == address.lower()

    def expire_access(self, address: str) -> None:
        """Its access tokens stop working; a refresh gets another."""
        with self._lock:
            for token in [
                one for one, (grant, _) in self._access.items() if grant.address == address.lower()
            ]:
                del self._access[token]

    # What the endpoints do

    def check(self, authorization: str) -> Grant:
        """Whose the token of a call is. Raises the Problem 401."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            grant, ends_at = self._access.get(token, (None, 0.0))
            if scheme != "Bearer" or grant is None or grant.is_revoked or ends_at <= self._clock():
                raise unauthenticated()
            return grant

    def authorize(self, query: Mapping[str, str]) -> str:
        """Where the browser is sent after the consent page. Raises Refusal for the page that says no."""
        self.asked.append(dict(query))
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self.client_id:
            raise Refusal("invalid_client", "The OAuth client was not found.", 401)
        if not self._may_return_to(redirect_uri):
            raise Refusal("redirect_uri_mismatch", "The redirect URI does not match those of the client.")
        if query.get("response_type") != "code" or not query.get("scope"):
            raise Refusal("invalid_request", "Missing required parameter: response_type or scope")
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            raise Refusal("invalid_request", "Only S256 is taken here as code_challenge_method.")
        state = {"state": query["state"]} if "state" in query else {}
        if not self.consent.granted:
            return _with_query(redirect_uri, {"error": "access_denied"} | state)
        asked = frozenset(query["scope"].split())
        scopes = asked if self.consent.scopes is None else asked & self.consent.scopes
        hint = query.get("login_hint", "").lower()
        address = self.consent.address or (hint if hint in self._addresses else self._addresses[0])
        code = f"4/0A{secrets.token_urlsafe(40)}"
        with self._lock:
            known = any(one.address == address and not one.is_revoked for one in self._refresh.values())
            # A second consent gives no refresh token unless it is asked for again.
            offline = query.get("access_type") == "offline" and (
                not known or "consent" in query.get("prompt", "")
            )
            grant = self._granted(address, scopes)
            ends_at = self._clock() + _CODE_SECONDS
            self._codes[code] = _Code(grant, redirect_uri, query.get("code_challenge", ""), ends_at, offline)
        return _with_query(redirect_uri, state | {"code": code, "scope": " ".join(sorted(scopes))})

    def token(self, form: Mapping[str, str], basic: tuple[str, str] | None = None) -> Json:
        """The token endpoint. `basic` are client id and secret where they came in a header."""
        client = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if client[0] != self.client_id:
            raise Refusal("invalid_client", "The OAuth client was not found.", 401)
        if client[1] != self.client_secret:
            raise Refusal("invalid_client", "Unauthorized", 401)
        with self._lock:
            if form.get("grant_type") == "authorization_code":
                return self._exchanged(form)
            if form.get("grant_type") == "refresh_token":
                return self._refreshed(form.get("refresh_token", ""))
        raise Refusal("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")

    def revoke_token(self, token: str) -> None:
        """The revoke endpoint: a token of either kind takes the whole grant with it."""
        with self._lock:
            grant = self._refresh.get(token) or self._access.get(token, (None, 0.0))[0]
            if grant is None or grant.is_revoked:
                raise Refusal("invalid_token", "Token expired or revoked")
            grant.is_revoked = True

    def info(self, token: str) -> Json:
        with self._lock:
            grant, ends_at = self._access.get(token, (None, 0.0))
            left = int(ends_at - self._clock())
            if grant is None or grant.is_revoked or left <= 0:
                raise Refusal("invalid_token", "Invalid Value")
            return {
                "azp": grant.client_id, "aud": grant.client_id, "scope": " ".join(sorted(grant.scopes)),
                "exp": str(int(ends_at)), "expires_in": str(left), "email": grant.address,
                "email_verified": "true", "access_type": "offline" if grant.refresh_token else "online",
            }  # fmt: skip

    def _exchanged(self, form: Mapping[str, str]) -> Json:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.ends_at <= self._clock() or code.grant.is_revoked:
            raise Refusal("invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refusal("redirect_uri_mismatch", "Bad Request")
        verifier = form.get("code_verifier", "")
        if code.challenge and _challenge_of(verifier) != code.challenge:
            raise Refusal("invalid_grant", "Invalid code verifier." if verifier else "Missing code verifier.")
        found = self._answer(code.grant)
        if code.is_offline:
            found["refresh_token"] = self._new_refresh(code.grant)
            if code.grant.ends_at is not None:
                found["refresh_token_expires_in"] = int(code.grant.ends_at - self._clock())
        return found

    def _refreshed(self, token: str) -> Json:
        if self.refuses is not None:
            raise self.refuses
        grant = self._refresh.get(token)
        if grant is None:
            raise Refusal("invalid_grant", "Bad Request")
        if grant.is_revoked or (grant.ends_at is not None and grant.ends_at <= self._clock()):
            raise Refusal("invalid_grant", "Token has been expired or revoked.")
        if self.limits_sessions:
            said = "reauth related error (invalid_rapt)"
            raise Refusal("invalid_grant", said, error_subtype="invalid_rapt")
        self.refreshes[grant.address] += 1
        return self._answer(grant)

    def _answer(self, grant: Grant) -> Json:
        return {
            "access_token": self._new_access(grant),
            "expires_in": int(self.access_seconds) - 1,
            "scope": " ".join(sorted(grant.scopes)),
            "token_type": "Bearer",
        }

    def _granted(self, address: str, scopes: frozenset[str]) -> Grant:
        ends_at = None if self.refresh_seconds is None else self._clock() + self.refresh_seconds
        return Grant(address.lower(), self.client_id, scopes, ends_at)

    def _new_access(self, grant: Grant) -> str:
        token = f"ya29.{secrets.token_urlsafe(60)}"
        self._access[token] = (grant, self._clock() + self.access_seconds)
        return token

    def _new_refresh(self, grant: Grant) -> str:
        grant.refresh_token = f"1//0{secrets.token_urlsafe(50)}"
        self._refresh[grant.refresh_token] = grant
        return grant.refresh_token

    def _may_return_to(self, uri: str) -> bool:
        parts = urlsplit(uri)
        return uri in self.redirect_uris or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _with_query(uri: str, more: Mapping[str, str]) -> str:
    parts = urlsplit(uri)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()} | dict(more)
    return urlunsplit(parts._replace(query=urlencode(query)))
