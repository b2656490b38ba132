"""A raw mail is stored, read and judged: all that is done with it before the desk is asked.

This runs in the processes that read an archive, too, and imports only what they need.
"""

import hashlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.errors import StorageFailed
from core.files import Files
from sync.parse import parse_mail
from sync.parsed import ParsedMail
from sync.receiving import Origin, Verdict, as_received, quoted_links, without_content
from sync.source import Entry, Skipped

Batch = Sequence[Entry]
Prepared = list[dict[str, Any] | Skipped]
"""Mails as the desk takes them, and files that could not be read."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What taking mail in needs to know besides the desk; goes to other processes as it is."""

    files: Files
    addresses: frozenset[str] = frozenset()
    """The desk's own addresses."""
    size_limit: int = 50 * 1024 * 1024
    """Bytes; the attachments of larger mails are only named."""


def lies_elsewhere(parsed: ParsedMail, raw: bytes, origin: Origin, intake: Intake) -> str:
    """A draft, a chat, a mail in the bin: the mailbox says so."""
    return origin.ignore


def is_empty(parsed: ParsedMail, raw: bytes, origin: Origin, intake: Intake) -> str:
    return "The mail is empty." if not raw.strip() else ""


def is_no_mail(parsed: ParsedMail, raw: bytes, origin: Origin, intake: Intake) -> str:
    return "" if parsed.is_mail else "This is not a mail: it does not begin with the fields of one."


def is_our_answer(parsed: ParsedMail, raw: bytes, origin: Origin, intake: Intake) -> str:
    """Our answers carry a field of their own; one that others sent is from somebody else's desk.

    In an archive it is no loop, but what we wrote once. Among what a mailbox sent it is none either: the
    database knows which answer it is, or takes it for one of an earlier desk.
    """
    is_ours = (
        not origin.is_history
        and not origin.is_sent
        and parsed.loop
        and parsed.sender
        and parsed.sender.email.lower() in intake.addresses
    )
    return "An answer of this desk came back to it." if is_ours else ""


Check = Callable[[ParsedMail, bytes, Origin, Intake], str]
"""A sentence where the check holds, or nothing."""

CHECKS: tuple[tuple[Check, Literal["quarantine", "ignore"]], ...] = (
    (lies_elsewhere, "ignore"),
    (is_empty, "quarantine"),
    (is_no_mail, "quarantine"),
    (is_our_answer, "ignore"),
)
"""In this order, and the first that holds decides. What needs to know other mails (copies, answers of ours
that come back, which ticket a mail is about) is decided by the database.
"""


def judge(parsed: ParsedMail, raw: bytes, origin: Origin, intake: Intake) -> Verdict:
    for check, outcome in CHECKS:
        if reason := check(parsed, raw, origin, intake):
            return Verdict(quarantine=reason) if outcome == "quarantine" else Verdict(ignore=reason)
    return Verdict()


def prepare(intake: Intake, mails: Sequence[tuple[bytes, Origin]], now: datetime) -> list[dict[str, Any]]:
    """Store and understand mails; returns what `Desk.receive_mail` takes. Then all of it is on the disk."""
    intake.files.put_many("raw", (raw for raw, _ in mails))
    prepared = []
    attachments: list[bytes] = []
    for raw, origin in mails:
        mail, contents = understand(intake, raw, origin, now)
        prepared.append(mail)
        attachments += contents
    intake.files.put_many("attachments", attachments)
    return prepared


def understand(
    intake: Intake, raw: bytes, origin: Origin, now: datetime
) -> tuple[dict[str, Any], list[bytes]]:
    """The mail for the desk, and the attachments to store."""
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        parsed = parse_mail(raw)
        verdict = judge(parsed, raw, origin, intake)
        keep = len(raw) <= intake.size_limit
        mail = as_received(parsed, sha256, len(raw), origin, verdict, keep, now)
        mail["portal_links"] = quoted_links(raw, parsed)
    except Exception:  # noqa: BLE001  a fault in reading one mail must not stop the next
        verdict = Verdict(quarantine="Reading this mail failed.", detail=traceback.format_exc())
        mail = without_content(sha256, len(raw), origin, verdict)
        return {**mail, "portal_links": quoted_links(raw)}, []
    return mail, [one.content for one in parsed.attachments] if keep else []


def prepare_batch(intake: Intake, batch: Batch, now: datetime) -> Prepared:
    """Read each mail, and prepare it."""
    mails: list[tuple[bytes, Origin]] = []
    skipped: list[Skipped] = []
    for entry in batch:
        try:
            mails.append((entry.read(), Origin(is_history=True)))
        except StorageFailed as error:
            skipped.append(Skipped(entry.path, str(error)))
    return [*skipped, *prepare(intake, mails, now)]


def end_with_parent() -> None:
    """A reader leaves interrupts to its parent, and does not outlive it, however the parent ends."""
    from multiprocessing.connection import wait

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()
