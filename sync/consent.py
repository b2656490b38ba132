"""Asking for permission: the OAuth flow for installed apps (RFC 8252) with PKCE (RFC 7636).

The browser comes back to a loopback address of this machine. Over SSH it cannot: then the agent copies the
address it ended at and pastes it here, which may be done at any time while the browser is waited for.
"""

import os
import select
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from core.errors import Forbidden, Invalid, Unreachable
from sync.auth import Grant

MODIFY = "https://www.googleapis.com/auth/gmail.modify"
PUBSUB = "https://www.googleapis.com/auth/pubsub"
REASONS = {
    MODIFY: "read new mail, send answers, and show a ticket's status as a label",
    PUBSUB: "hear of new mail at once, from your Pub/Sub subscription",
}
"""What each permission is asked for."""

_PATIENCE = 600.0
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>ttydesk</title>"
    "<body style='font-family: system-ui; margin: 4rem auto; max-width: 36rem'><h1>{}</h1><p>{}</p>"
)


@dataclass(frozen=True)
class Request:
    """What is asked for, and of whom."""

    client: Mapping[str, Mapping[str, Any]]
    """Google's JSON of the OAuth client."""
    scopes: Sequence[str]
    redirect_uri: str = "http://127.0.0.1:0/"
    """A loopback address; port 0 takes any that is free, which Google allows for desktop apps."""
    hint: str = ""
    """The address whose mailbox is meant."""


def ask_consent(
    request: Request, show: Callable[[str], None], browse: Callable[[str], bool], pasted: IO[str] | None
) -> tuple[str, Grant]:
    """Ask, wait for the answer, and trade it for a token: (the access token, the grant without address).

    `show` gets the address to open, `browse` opens it if it can, and on `pasted` the address at which the
    browser ended may come. Raises Forbidden when it was refused or allowed in part.
    """
    from google_auth_oauthlib.flow import InstalledAppFlow

    listener = _listen(request.redirect_uri)
    flow = None
    try:
        flow = InstalledAppFlow.from_client_config(dict(request.client), list(request.scopes))
        flow.redirect_uri = _redirect_uri(request.redirect_uri, listener)
        more = {"login_hint": request.hint} if request.hint else {}
        address, state = flow.authorization_url(access_type="offline", prompt="consent", **more)
        if listener is not None:
            listener.state = state
        show(address)
        browse(address)
        answer = _wait(listener, pasted)
        return _trade(flow, _code(answer, state), request)
    finally:
        if listener is not None:
            listener.server_close()
        if flow is not None:
            flow.oauth2session.close()


class _Answer(BaseHTTPRequestHandler):
    """The one page that the browser comes back to."""

    timeout = 3.0
    """Seconds: browsers open connections in advance on which they say nothing."""
    server: "_Listener"

    def do_GET(self) -> None:
        given = parse_qs(urlsplit(self.path).query)
        if "state" not in given:
            self.send_error(404)  # the browser's wish for an icon
            return
        if given["state"] != [self.server.state] or not {"code", "error"} & given.keys():
            self._show(400, "This is not the page", "It belongs to another attempt. Look for a newer one.")
            return
        if "code" in given:
            words = ("Back to the terminal", "ttydesk goes on there. You can close this window.")
        else:
            words = ("Nothing was allowed", "You can close this window and go back to the terminal.")
        self.server.answer = f"http://127.0.0.1{self.path}"
        self._show(200, *words)

    def _show(self, status: int, *words: str) -> None:
        page = _PAGE.format(*words).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the path holds the code."""


class _Listener(HTTPServer):
    state = ""
    """Of this attempt; what comes with another one, or with none, is no answer to it."""
    answer: str | None = None


def _listen(redirect_uri: str) -> _Listener | None:
    """None where the browser does not come back to this machine, so that its answer must be pasted."""
    parts = urlsplit(redirect_uri)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost"):
        return None
    try:
        return _Listener((parts.hostname, parts.port or 0), _Answer)
    except OSError as error:
        raise Unreachable(
            f"Port {parts.port} of this machine is taken: {(error.strerror or str(error)).lower()}.",
            hint="Choose another in GOOGLE_REDIRECT_URI.",
        ) from None


def _redirect_uri(wanted: str, listener: _Listener | None) -> str:
    if listener is None:
        return wanted
    parts = urlsplit(wanted)
    return f"http://{parts.hostname}:{listener.server_address[1]}{parts.path or '/'}"


def _wait(listener: _Listener | None, pasted: IO[str] | None) -> str:
    sources: list[Any] = [source for source in (listener, pasted) if source is not None]
    typed = b""
    while True:
        ready = select.select(sources, [], [], _PATIENCE)[0] if sources else []
        if not ready:
            raise Unreachable("No answer came from the browser.", hint="Start again: ttydesk gmail connect")
        if listener is not None and listener in ready:
            listener.handle_request()
            if listener.answer:
                return listener.answer
        if pasted is not None and pasted in ready:
            # Not by readline: what it reads ahead, select does not know of.
            piece = os.read(pasted.fileno(), 65536)
            typed += piece
            if line := next(
                filter(None, map(bytes.strip, typed.split(b"\n")[: -1 if piece else None])), None
            ):
                return line.decode(errors="replace")
            if not piece:  # closed: only the browser can answer now
                sources.remove(pasted)


def _code(answer: str, state: str) -> str:
    """The code out of an address, or what was pasted, when it is the bare code."""
    if "://" not in answer:
        return answer
    given = parse_qs(urlsplit(answer).query)
    if given.get("error"):
        raise Forbidden("Google did not allow it: it was refused in the browser.")
    if not given.get("code"):
        raise Invalid("That address holds no code.", hint="Copy all of it, from http to the end.")
    if given.get("state") != [state]:
        raise Invalid("That answer belongs to another attempt.", hint="Start again: ttydesk gmail connect")
    return given["code"][0]


def _trade(flow: Any, code: str, request: Request) -> tuple[str, Grant]:
    from oauthlib.oauth2 import OAuth2Error
    from requests import RequestException

    # Oauthlib takes fewer scopes than were asked for as a fault of the server; we name what is missing.
    os.environ.setdefault("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    try:
        token = flow.fetch_token(code=code, include_client_id=True)
    except OAuth2Error as error:
        raise Forbidden(
            f"Google did not take the code: {error.error}.", hint="Start again: ttydesk gmail connect"
        ) from None
    except RequestException as error:
        raise Unreachable(f"Google does not answer ({type(error).__name__}).") from None
    granted = token.get("scope") or request.scopes
    granted = tuple(granted.split() if isinstance(granted, str) else granted)
    missing = [scope for scope in request.scopes if scope not in granted]
    if missing:
        raise Forbidden(
            f"Not everything was allowed. Without it ttydesk cannot {', nor '.join(map(_reason, missing))}.",
            hint="Start again and tick all boxes: ttydesk gmail connect",
        )
    if not token.get("refresh_token"):
        raise Forbidden(
            "Google gave no lasting permission.",
            hint="Remove ttydesk at myaccount.google.com/permissions and start again.",
        )
    inner = next(iter(request.client.values()))
    now = datetime.now(UTC)
    grant = Grant(
        address=request.hint,
        client_id=inner["client_id"],
        client_secret=SecretStr(inner["client_secret"]),
        refresh_token=SecretStr(token["refresh_token"]),
        token_uri=flow.client_config["token_uri"],
        scopes=granted,
        granted_at=now,
        expires_at=end_of(token, now),
    )
    return token["access_token"], grant


def _reason(scope: str) -> str:
    return REASONS.get(scope, scope)


def end_of(token: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the refresh token ends, by an answer of Google's token address; None where it names no end."""
    seconds = token.get("refresh_token_expires_in")
    return now + timedelta(seconds=seconds) if isinstance(seconds, int) else None
