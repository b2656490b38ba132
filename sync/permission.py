"""Google's permission for a mailbox: what is asked for, how it stands, and taking it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

from core.config import Settings
from core.errors import DeskError, NotFound, Unreachable
from core.models import Mailbox
from sync.auth import Grant, token_store
from sync.consent import MODIFY, PUBSUB
from sync.google import Access, Google, Refused, Revoked
from sync.quota import Quota
from sync.watch import end_watch

State = Literal["works", "missing", "unreadable", "revoked", "refused", "unknown"]

_TIMEOUT = 30.0
_CONNECT = "ttydesk gmail connect --address"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a permission stands; a problem is a sentence, and so is what to do about it."""

    state: State
    grant: Grant | None = None
    problem: str = ""
    hint: str = ""


def wanted_scopes(settings: Settings) -> list[str]:
    """The least that works: one for all that is done in the mailbox, and one to listen to a subscription."""
    return [MODIFY, *([PUBSUB] if settings.google.subscription else [])]


@contextmanager
def opened(settings: Settings, grant: Grant, token: str | None = None) -> Iterator[Google]:
    """A way to the account for a few calls, each tried once: somebody is waiting for the answer."""
    quota = Quota(settings.google.units_a_minute)
    google = Google(Access(grant, token), quota, root=settings.google.api_root)
    try:
        yield google
    finally:
        google.close()


def profile(google: Google) -> tuple[str, int]:
    """The account's address, and the newest id of its history."""
    request = google.service.users().getProfile(userId="me")
    answer = google.call("getProfile", request, tries=2)
    return str(answer["emailAddress"]).lower(), int(answer["historyId"])


def granted(settings: Settings, known: Mailbox) -> Grant:
    """The permission as it is kept here. Raises NotFound where there is none."""
    grant = token_store(settings.home, settings.tokens).load(known.address)
    if grant is None:
        raise NotFound(
            f"There is no token for {known.address} on this machine.",
            hint=f"Get one with: {_CONNECT} {known.address}",
        )
    return grant


def look(settings: Settings, known: Mailbox) -> Standing:
    """Asks Google whether the permission holds; never raises for what is wrong with it."""
    grant = None
    try:
        grant = granted(settings, known)
        with opened(settings, grant) as google:
            profile(google)
    except DeskError as error:
        return Standing(_state(error, grant), grant, str(error), error.hint or "")
    missing = [scope for scope in wanted_scopes(settings) if scope not in grant.scopes]
    if missing:
        return Standing(
            "works",
            grant,
            "The settings name a Pub/Sub subscription, but Google was not asked to let ttydesk listen to it.",
            f"Allow that too with: {_CONNECT} {known.address}",
        )
    return Standing("works", grant)


def _state(error: DeskError, grant: Grant | None) -> State:
    if grant is None:
        return "missing" if isinstance(error, NotFound) else "unreadable"
    if isinstance(error, Refused):
        return "refused"
    return "revoked" if isinstance(error, Revoked) else "unknown"


def leave(settings: Settings, known: Mailbox, grant: Grant, take_back: bool) -> None:
    """What has to be said to Google before the token is deleted: that nobody listens any more, and, with
    `take_back`, that the permission is not needed."""
    if known.watched_until is not None:
        try:
            with opened(settings, grant) as google:
                end_watch(google)
        except Revoked:
            pass  # with the permission the watch is gone, too
    if take_back:
        revoke(grant)


def revoke(grant: Grant) -> None:
    """Take it back at Google (RFC 7009), which ends what was got with it everywhere.

    One that is gone already is as good. Raises Unreachable when Google does not answer, or does not do it.
    """
    import requests

    address = urljoin(grant.token_uri, "revoke")
    try:
        answer = requests.post(
            address, data={"token": grant.refresh_token.get_secret_value()}, timeout=_TIMEOUT
        )
    except requests.RequestException as error:
        raise Unreachable(f"Google does not answer ({type(error).__name__}).") from None
    if answer.status_code != 200 and "invalid_token" not in answer.text:
        raise Unreachable(f"Google did not take the permission back ({answer.status_code}).")
