"""Checks of a desk at Supabase: its keys, and the sign-in of whoever works on this machine.

Whether the project answers, and is of this version, the check of the database has found out.
"""

from core.errors import DeskError
from sync.doctor_finding import Checks, Verdict, failed, ok, warning
from sync.doctor_state import State

_KEYS = "Supabase shows them under Project Settings, API Keys; ttydesk init sets them."


def keys_fit(state: State) -> Verdict | None:
    hosted = state.settings.supabase
    if not hosted.url:
        return None
    if not hosted.publishable_key:
        return failed("The project's publishable key is not set: nobody can sign in here.", _KEYS)
    from core.hosted import check_keys

    secret = hosted.secret_key.get_secret_value() if hosted.secret_key else None
    try:
        check_keys(hosted.url, hosted.publishable_key.get_secret_value(), secret)
    except DeskError as error:
        return failed(str(error), error.hint or _KEYS)
    if secret and state.daemon is None:
        return warning(
            "The secret key lies on this machine, where no daemon works; it opens everything.",
            "Where none shall: ttydesk init supabase --forget-secret-key (or out of the environment)",
        )
    return ok(
        f"This machine holds the publishable key{' and, for the daemon, the secret one' * bool(secret)}."
    )


def somebody_is_signed_in(state: State) -> Verdict | None:
    hosted = state.settings.supabase
    if not hosted.url or not hosted.publishable_key or hosted.access_token:
        return None
    if isinstance(state.signed_in, DeskError):
        return failed(str(state.signed_in), state.signed_in.hint or "Sign in with: ttydesk login")
    if state.signed_in:
        return ok(f"{state.signed_in} has signed in here.")
    if hosted.secret_key:
        return None  # the machine of the daemon needs nobody
    return failed("Nobody has signed in here.", "Sign in with: ttydesk login")


HOSTED: Checks[State] = (("keys", keys_fit), ("sign-in", somebody_is_signed_in))
