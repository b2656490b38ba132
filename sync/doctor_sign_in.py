"""Checks of the permission: its client and token, whether Google takes it, for what, and for how long."""

from datetime import timedelta

from core.errors import DeskError, StorageFailed
from sync.client import find_client
from sync.consent import MODIFY, PUBSUB, REASONS
from sync.doctor_account import Account
from sync.doctor_finding import Told, Verdict, failed, ok, span, unknown, warning
from sync.doctor_refusal import PUBLISH

_ENOUGH = {
    MODIFY: {MODIFY, "https://mail.google.com/"},
    PUBSUB: {PUBSUB, "https://www.googleapis.com/auth/cloud-platform"},
}
"""A permission, and those that hold it."""
_SKEW = 5.0
_MUCH_SKEW = 300.0
_TESTING = timedelta(days=8)
"""A permission older than this is of no app in testing mode."""
_CONSOLE = "Google's console, Google Auth Platform, Clients"


def client_is_set(account: Account) -> Verdict:
    settings, grant = account.state.settings, account.grant_at_hand()
    if not (settings.google.client_id or settings.google.client_file):
        return warning(
            "No OAuth client is set; the permission that is there goes on without it, a new one does not.",
            f"Set google.client_file to the JSON that Google gives for it ({_CONSOLE}).",
        )
    try:
        (client,) = find_client(settings).values()
    except DeskError as error:
        return failed(str(error), error.hint or f"Download it again ({_CONSOLE}).")
    if grant is not None and grant.client_id != client["client_id"]:
        return warning(
            "The permission was given to another OAuth client than the one that is set.",
            f"Should the old one be deleted, the permission ends. To change over: {_connect(account)}",
        )
    return ok("The OAuth client is set.")


def token_is_there(account: Account) -> Verdict:
    known = account.known
    new = _connect(account)
    try:
        grant = account.grant()
    except StorageFailed as error:
        return failed(str(error), error.hint or f"Mend that, or get a new one: {new}")
    if grant is not None:
        return ok(f"Its token lies in {account.place}.")
    if (minder := account.state.minder(known)) is not None:
        raise Told(unknown(f"Its token is on another machine: {minder.host}. Ask the doctor there."))
    return failed(f"There is no token for it in {account.place}.", f"Get one: {new}")


def google_lets_us_in(account: Account) -> Verdict:
    account.signed_in()
    return ok("Google gives access.")


def scopes_suffice(account: Account) -> Verdict:
    granted = account.signed_in().scopes
    # To listen, one of several mailboxes is enough.
    listens = bool(account.state.settings.google.subscription) and account.listener is None
    needed = [MODIFY, *([PUBSUB] if listens else [])]
    missing = [scope for scope in needed if not granted & _ENOUGH[scope]]
    if missing:
        return failed(
            f"It was not allowed to {'; '.join(REASONS[scope] for scope in missing)}.",
            f"Allow it again and tick all boxes: {_connect(account)}",
        )
    return ok("Everything that is needed was allowed.")


def permission_lasts(account: Account) -> Verdict:
    grant, now = account.grant_at_hand(), account.state.now
    ends = grant.expires_at if grant else None
    if ends is None or ends <= now:  # else it can be told without Google, too
        ends = account.signed_in().expires_at
    if ends is None:
        age = now - grant.granted_at if grant else timedelta(0)
        if age > _TESTING:
            return ok(f"The permission is {span(age)} old: the app is not in testing mode.")
        return ok("Google names no end of the permission.")
    advice = f"{PUBLISH}; then, before it ends: {_connect(account)}"
    said = f"The permission ends in {span(ends - now)} ({ends:%Y-%m-%d}): the app is in testing mode."
    return warning(said, advice)


def clock_is_right(account: Account) -> Verdict:
    ahead = account.line.clock_ahead
    if ahead is None:
        return unknown("It takes an answer of Google's to tell.")
    if abs(ahead) < _SKEW:
        return ok("The clock goes as Google's does.")
    said = f"The clock of this machine is {span(timedelta(seconds=ahead))} {'fast' if ahead > 0 else 'slow'}."
    advice = "Let it be set by itself: timedatectl set-ntp true"
    return (failed if abs(ahead) >= _MUCH_SKEW else warning)(said, advice)


def _connect(account: Account) -> str:
    return f"ttydesk gmail connect --address {account.known.address}"
