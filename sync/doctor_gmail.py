"""Checks of a Gmail mailbox: whether the API answers, whose it is, how far it was read, who tells of news."""

from datetime import timedelta

from core.errors import Invalid
from sync.doctor_account import Account
from sync.doctor_call import Refusal
from sync.doctor_finding import Checks, Told, Verdict, failed, ok, span, unknown, warning
from sync.doctor_mailbox import mail_is_accounted_for, mail_is_read
from sync.doctor_pubsub import gmail_may_publish, names_are_right, subscription_can_be_read
from sync.doctor_sign_in import (
    client_is_set,
    clock_is_right,
    google_lets_us_in,
    permission_lasts,
    scopes_suffice,
    token_is_there,
)
from sync.gmail import Cursor

_OLD = timedelta(days=3)
"""Ids of the history are good for about a week, sometimes for less."""
_WATCH_SOON = timedelta(days=2)
"""A watch lasts a week and is renewed daily: one with so little left was not."""


def gmail_answers(account: Account) -> Verdict:
    profile = account.profile()
    return ok(f"The Gmail API answers: {profile.get('messagesTotal', 'some')} mails.")


def address_is_its_own(account: Account) -> Verdict:
    theirs = str(account.profile().get("emailAddress", ""))
    if theirs.lower() == account.known.address:
        return ok("Gmail calls the mailbox by the same address.")
    return warning(
        f"Gmail calls this mailbox {theirs}: it may replace the sender of answers by that address.",
        f"Add {account.known.address} in Gmail (Settings, Accounts, Send mail as), or connect {theirs}.",
    )


def history_is_known(account: Account) -> Verdict:
    """Whether the daemon can go on where it stopped."""
    if account.known.cursor is None:
        return unknown("Nothing was read yet.", "The daemon does it: ttydesk sync")
    try:
        cursor = Cursor.parse(account.known.cursor)
    except Invalid as error:
        raise Told(failed(str(error), "docs/run.md tells how to get a desk back from a backup.")) from None
    age = account.state.now - cursor.taken_at
    history = account.gmail().history()
    try:
        account.ask_gmail(history.list(userId="me", startHistoryId=str(cursor.history_id), maxResults=1))
    except Refusal as refusal:
        if refusal.status != 404:
            return refusal.verdict("Gmail API")
        return warning(
            f"Gmail no longer knows the place up to which it was read {span(age)} ago.",
            "ttydesk sync lists what came since and goes on; ttydesk mail verify shows that none is missing.",
        )
    if age > _OLD:
        return warning(
            f"It was read up to a place that is {span(age)} old; Gmail forgets such after about a week.",
            "Let the daemon read it: ttydesk sync",
        )
    return ok(f"It was read up to {span(age)} ago, and Gmail still knows that place.")


def somebody_tells_of_news(account: Account) -> Verdict:
    google, until = account.state.settings.google, account.known.watched_until
    if not google.topic and until is None:
        return ok(f"Gmail is asked every {google.poll_seconds:g} seconds; no topic is set.")
    asked = f"it is asked every {google.poll_seconds:g} seconds all the same"
    if until is None:
        return warning(
            f"A topic is set, but Gmail does not tell of new mail; {asked}.", "ttydesk gmail watch"
        )
    left = until - account.state.now
    advice = "The daemon renews it daily: does it run? At once: ttydesk gmail watch"
    if left <= timedelta(0):
        return warning(f"Gmail stopped telling of new mail {span(left)} ago; {asked}.", advice)
    if left <= _WATCH_SOON:
        return warning(f"Gmail tells of new mail for {span(left)} more, and nobody has renewed it.", advice)
    return ok(f"Gmail tells of new mail for {span(left)} more; the daemon renews it daily.")


CHECKS: Checks[Account] = (
    ("token", token_is_there),
    ("client", client_is_set),
    ("sign-in", google_lets_us_in),
    ("clock", clock_is_right),
    ("scopes", scopes_suffice),
    ("testing mode", permission_lasts),
    ("gmail", gmail_answers),
    ("address", address_is_its_own),
    ("history", history_is_known),
    ("watch", somebody_tells_of_news),
    ("names", names_are_right),
    ("subscription", subscription_can_be_read),
    ("topic", gmail_may_publish),
    ("reading", mail_is_read),
    ("ledger", mail_is_accounted_for),
)
