"""Checks of a mailbox that hold for each kind, and those of a Maildir."""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from core.models import Mailbox
from sync.boxes import is_here
from sync.doctor_finding import Checks, Verdict, failed, ok, span, unknown, warning
from sync.doctor_state import State

_LATE = timedelta(minutes=5)
"""The database is told every half minute that a mailbox was read, also when nothing was in it."""
_UNVERIFIED = timedelta(days=3)
_FOLDERS = ("new", "cur", "tmp")


class Watched(Protocol):
    @property
    def state(self) -> State: ...

    @property
    def known(self) -> Mailbox: ...


@dataclass(frozen=True, slots=True)
class Box:
    """A Maildir."""

    state: State
    known: Mailbox


def mail_is_read(box: Watched) -> Verdict | None:
    """What the daemon wrote down when it last looked."""
    known, state = box.known, box.state
    if known.last_error:
        return warning(known.last_error, "It is tried again by itself, once that is mended.")
    if known.synced_at is None:
        return unknown("It was not read yet.", "The daemon does it: ttydesk sync")
    age = state.now - known.synced_at
    said = f"It was last read {span(age)} ago."
    if age <= _LATE:
        return ok(said)
    if state.daemon is None and state.minder(known) is None:
        return warning(said, "No daemon works on it: ttydesk sync")
    return failed(said, "The daemon works, but not on this mailbox: ttydesk sync status")


def mail_is_accounted_for(box: Watched) -> Verdict | None:
    """What came of holding the mailbox against the ledger, which the daemon does daily."""
    known, now = box.known, box.state.now
    if known.verified is None or known.verified_at is None:
        return None  # it was connected a moment ago
    when = f"{span(now - known.verified_at)} ago"
    if known.verified.missing:
        return warning(
            f"{known.verified.missing} mails had not been taken in, which was made good {when}.",
            "ttydesk mail verify looks again; if it happens once more, the daemon's log tells why.",
        )
    if now - known.verified_at > _UNVERIFIED:
        return warning(
            f"It was last held against the ledger {when}, which is to happen daily.",
            "The daemon does it: ttydesk sync. At once: ttydesk mail verify",
        )
    return ok(f"Held against the ledger {when}: {known.verified.sentence}.")


def maildir_can_be_used(box: Box) -> Verdict | None:
    if not is_here(box.state.settings, box.known):
        return None  # another machine has the folder
    folder = box.state.settings.mailbox.maildir
    if not folder.exists() and not box.known.was_looked_at:
        return ok(f"{folder} is made when the daemon begins.")
    missing = [name for name in _FOLDERS if not (folder / name).is_dir()]
    if missing:
        return failed(
            f"{folder} lacks the folder{'s'[: len(missing) != 1]} {', '.join(missing)} of a Maildir.",
            "Is its disk mounted, and mailbox.maildir right?",
        )
    shut = [folder / name for name in _FOLDERS if not os.access(folder / name, os.R_OK | os.W_OK | os.X_OK)]
    if shut:
        return failed(f"You may not read and write in {shut[0]}.", "Its owner has to let you.")
    return ok(f"{folder} can be read and written.")


MAILDIR: Checks[Box] = (
    ("maildir", maildir_can_be_used),
    ("reading", mail_is_read),
    ("ledger", mail_is_accounted_for),
)
