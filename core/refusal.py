"""What an answer of a hosted database means that is no result: the same errors as through Postgres.

It may be from the database itself, from PostgREST before it (codes PGRSTnnn), from Supabase's gateway, or
from whatever lies between here and there, which knows neither and often answers with a page of HTML.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from core.errors import (
    Conflict,
    DeskError,
    Forbidden,
    Invalid,
    NotFound,
    SignedOut,
    StorageFailed,
    Unreachable,
    from_code,
)

LONGEST_PAUSE = 10.0
"""In seconds. Who is told to come back later than that is not made to wait."""

SIGN_IN = "Sign in with: ttydesk login"
_KEYS = (
    "Look at supabase.publishable_key and supabase.secret_key; ttydesk config show says where they are set."
)
_URL = "Look at supabase.url; Supabase shows it under Project Settings, API."
_BUCKET = "An admin makes one: ttydesk db migrate"
_PASSING_CODES = ("08", "533", "57P", "PGRST000", "PGRST001", "PGRST002", "PGRST003")
"""The database has no place or is being started: the same call may work in a moment."""
_PASSING = {408, 429, 502, 503, 504, *range(520, 528), 530}
_PAUSED = 540
_TOO_MUCH = {413, 414, 431}


class Refused(Exception):
    """A call that came to nothing: the error to raise, and whether, and how soon, it is worth another try."""

    def __init__(
        self, error: DeskError, again: bool = False, after: float = 0.0, by_desk: bool = False
    ) -> None:
        """`by_desk`: an operation of ours refused it, so whoever called was let in."""
        super().__init__(str(error))
        self.error = error
        self.by_desk = by_desk
        self.again = again and after <= LONGEST_PAUSE
        self.after = after


def refusal(function: str, status: int, headers: Mapping[str, str], content: bytes) -> Refused:
    """`status` may be one of success: an answer that is not JSON is none of the database."""
    said = _read(content)
    code = said.get("code")
    if status >= 300 and isinstance(code, str) and len(code) >= 5:
        return _from_database(function, code, said)
    return _from_elsewhere(status, _pause(headers), str(said.get("message", "")))


def key_refused() -> Forbidden:
    return Forbidden("The Supabase project does not accept the key.", hint=_KEYS)


def _from_database(function: str, code: str, said: Mapping[str, Any]) -> Refused:
    again = code.startswith(_PASSING_CODES)
    if code.startswith("PGRST"):
        return Refused(_from_postgrest(function, code, str(said.get("message") or code)), again)
    error = from_code(code, str(said.get("message") or ""), said.get("hint"))
    return Refused(error, again, by_desk=code.startswith("PT"))


def _from_postgrest(function: str, code: str, message: str) -> DeskError:
    said = message.rstrip(".")
    if code in ("PGRST202", "PGRST203"):
        return NotFound(
            f"The database has no operation {function}.", hint="Bring it up to date: ttydesk db migrate."
        )
    if code == "PGRST303":
        return SignedOut(f"You are no longer signed in ({said}).", hint=SIGN_IN)
    if code in ("PGRST301", "PGRST302"):
        return SignedOut(f"You are not signed in ({said}).", hint=SIGN_IN)
    if code == "PGRST106":
        return Conflict(
            "The Supabase project does not serve the schema public.",
            hint="Add it to the exposed schemas: Project Settings, Data API.",
        )
    if code.startswith("PGRST0"):
        return Unreachable(f"The database cannot be reached: {said}.")
    kind = Invalid if code.startswith("PGRST1") else DeskError
    return kind(f"The hosted database did not understand the call of {function}: {said} ({code}).")


def _from_elsewhere(status: int, after: float, message: str) -> Refused:
    if status in _PASSING:
        return _busy(status, after)
    if status == _PAUSED:
        return Refused(
            Unreachable("The Supabase project is paused.", hint="Restore it in Supabase's dashboard.")
        )
    if status == 401:
        no_key = "api key" in message.lower()
        return Refused(key_refused() if no_key else SignedOut(hint=SIGN_IN))
    if status == 403:
        said = "Something between here and the database refused the call."
        return Refused(Forbidden(said, hint="A firewall or a proxy does that; ask who runs your network."))
    if status in _TOO_MUCH:
        return Refused(Invalid("That was too much for one call.", hint="Take less at once."))
    if 300 <= status < 500:
        return Refused(NotFound(f"There is no Supabase at the address (status {status}).", hint=_URL))
    if status < 300:
        said = "The database cannot be reached: something on the way answered in its place."
        return Refused(
            Unreachable(said, hint="Networks that ask to sign in first do that; so do wrong addresses.")
        )
    return Refused(Unreachable(f"The database cannot be reached: its server failed (status {status})."))


def _busy(status: int, after: float) -> Refused:
    if status == 429:
        said = "The database is asked more often than Supabase allows."
    else:
        said = f"The database cannot be reached: its server is not there (status {status})."
    hint = f"Try again in {after:.0f} seconds." if after else None
    return Refused(Unreachable(said, hint=hint), True, after)


def _read(content: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _pause(headers: Mapping[str, str]) -> float:
    """The seconds that Retry-After asks for (RFC 9110, 10.2.3: a number, or a date); 0 without one."""
    wanted = headers.get("retry-after", "")
    if wanted.isdecimal():
        return float(wanted)
    try:
        until = parsedate_to_datetime(wanted)
    except ValueError:
        return 0.0
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def storage_refusal(status: int, headers: Mapping[str, str], content: bytes) -> Refused:
    """The same for Supabase Storage, which answers 400 and says the status it means inside."""
    said = _read(content)
    meant = str(said.get("statusCode", status))
    status = int(meant) if meant.isdecimal() else status
    message = str(said.get("message", "")).lower()
    if not said:
        return _from_elsewhere(status, _pause(headers), "")
    if status == 404 and "bucket" in message:
        return Refused(NotFound("The Supabase project has no place for files yet.", hint=_BUCKET))
    if status == 404:
        return Refused(NotFound("The file is missing."))
    if status == 409:
        return Refused(Conflict("The file is there already."))
    if status in (401, 403) and re.search(r"jwt|jws|token|signature|exp", message):
        return Refused(SignedOut(hint=SIGN_IN))
    if status in (401, 403):
        return Refused(Forbidden("You may not do that with files of this desk."))
    if status == 413:
        said_so = "The file is larger than the Supabase project takes."
        return Refused(StorageFailed(said_so, hint="Its limit is set under Storage, Settings."))
    return _from_elsewhere(status, _pause(headers), message)
