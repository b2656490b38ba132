"""Why Google gives no token any more: its refusal, with what is known here, as a sentence and a remedy."""

from datetime import datetime, timedelta

from sync.auth import Grant
from sync.doctor_call import Answer
from sync.doctor_finding import Verdict, failed, span, warning

PUBLISH = (
    "Publish the app (Google's console, Google Auth Platform, Audience; or make it Internal there, where the "
    "mailbox belongs to your Workspace)"
)
_TESTING = (timedelta(days=6, hours=12), timedelta(days=7, hours=12))
"""How long a permission of an app in testing mode is used that was used to its end."""

_CLIENT = {
    "invalid_client": "Google does not know the OAuth client by this id and secret",
    "deleted_client": "The OAuth client was deleted",
    "unauthorized_client": "The token was given to another OAuth client",
}
_POLICY = {
    "admin_policy_enforced": "The administrator of the organisation does not allow the app",
    "org_internal": "The app is only for accounts of its own organisation",
    "access_denied": "Google does not allow it for this account",
}


def why_refused(answer: Answer, grant: Grant, last_read: datetime | None, now: datetime) -> Verdict:
    """`last_read` is when the mailbox was last read, which it can only be with a permission."""
    connect = f"ttydesk gmail connect --address {grant.address}"
    code = str(answer.json.get("error", ""))
    said = str(answer.json.get("error_description") or "").strip().rstrip(".")[:200]
    if code == "invalid_grant":
        return _ended(answer, said, grant, last_read, now)
    if code in _CLIENT:
        return failed(
            f"{_CLIENT[code]} ({code}).",
            f"See Google's console (Google Auth Platform, Clients), set id and secret, then: {connect}",
        )
    if code in _POLICY:
        return failed(
            f"{_POLICY[code]} ({code}).",
            f"They can trust it in the Admin console, Security, API controls; then: {connect}",
        )
    if answer.status >= 500 or answer.status == 429:
        return warning(
            f"Google's sign-in is not well at the moment ({answer.status}).", "Look again in a minute."
        )
    return failed(f"Google gives no token ({code or answer.status}{': ' if said else ''}{said}).", connect)


def _ended(answer: Answer, said: str, grant: Grant, last_read: datetime | None, now: datetime) -> Verdict:
    connect = f"ttydesk gmail connect --address {grant.address}"
    if answer.json.get("error_subtype") == "invalid_rapt":
        return failed(
            "The organisation asks for a new sign-in after some hours, and they are over (invalid_rapt).",
            f"An administrator can exempt the app (Security, Session control). Until then: {connect}",
        )
    if grant.expires_at and grant.expires_at <= now:
        return failed(
            f"The permission ended {span(now - grant.expires_at)} ago, as it does for an app in testing mode "
            "(invalid_grant).",
            f"{PUBLISH}; then: {connect}",
        )
    used = last_read - grant.granted_at if last_read else timedelta(0)
    if _TESTING[0] <= used <= _TESTING[1]:
        return failed(
            "The permission ended 7 days after it was given, which is what an app in testing mode gets "
            "(invalid_grant).",
            f"{PUBLISH}; then: {connect}",
        )
    return failed(
        f"Google no longer takes the permission (invalid_grant{': ' if said else ''}{said}).",
        "It was taken back (myaccount.google.com/connections), the password was changed, it was not used for "
        "six months, more than 100 newer ones were given, or the app is in testing mode (7 days). "
        f"Get a new one: {connect}",
    )
