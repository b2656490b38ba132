"""A raw mail becomes a line in the ledger, and with it a message on a ticket.

Bytes are stored before anything is made of them, and a mail that cannot be understood, or that the database
refuses, is set aside with its bytes and the reason. What is not the mail's fault (the disk, the database)
is raised: nothing is settled then, and taking the same mail in again later is always safe.
"""

import asyncio
import hashlib
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.desk import Desk
from core.errors import Conflict, DeskError, StorageFailed, Unreachable
from core.files import LocalFiles
from core.models import Outcome, RawMail, Received
from sync.parse import parse_mail
from sync.parsed import ParsedMail
from sync.receiving import Origin, Verdict, as_received, without_content

DISK = ThreadPoolExecutor(4, "disk")
"""Writes the bytes of mails while other threads read what is in them."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Intake:
    """What taking mail in needs to know besides the desk; goes to other processes as it is."""

    files: LocalFiles
    addresses: frozenset[str] = frozenset()
    """The desk's own addresses."""
    size_limit: int = 50 * 1024 * 1024
    """Bytes; the attachments of larger mails are only named."""


def is_empty(parsed: ParsedMail, raw: bytes, intake: Intake) -> str:
    return "The mail is empty." if not raw.strip() else ""


def is_no_mail(parsed: ParsedMail, raw: bytes, intake: Intake) -> str:
    return "" if parsed.is_mail else "This is not a mail: it does not begin with the fields of one."


def is_our_answer(parsed: ParsedMail, raw: bytes, intake: Intake) -> str:
    """Our answers carry a field of their own; one that others sent is from somebody else's desk."""
    is_ours = parsed.loop and parsed.sender and parsed.sender.email.lower() in intake.addresses
    return "An answer of this desk came back to it." if is_ours else ""


Check = Callable[[ParsedMail, bytes, Intake], str]
"""A sentence where the check holds, or nothing."""

CHECKS: tuple[tuple[Check, Outcome], ...] = (
    (is_empty, Outcome.QUARANTINED),
    (is_no_mail, Outcome.QUARANTINED),
    (is_our_answer, Outcome.IGNORED),
)
"""In this order, and the first that holds decides. What needs to know other mails (copies, answers of ours
that come back, which ticket a mail is about) is decided by the database.
"""


def judge(parsed: ParsedMail, raw: bytes, intake: Intake) -> Verdict:
    for check, outcome in CHECKS:
        if reason := check(parsed, raw, intake):
            return Verdict(quarantine=reason) if outcome is Outcome.QUARANTINED else Verdict(ignore=reason)
    return Verdict()


def prepare(intake: Intake, raw: bytes, origin: Origin, now: datetime) -> dict[str, Any]:
    """Store and understand a mail; returns what `Desk.receive_mail` takes.

    The bytes go to the disk while they are parsed, and have arrived there when this returns.
    """
    stored = DISK.submit(intake.files.put, "raw", raw)
    try:
        mail, attachments = understand(intake, raw, origin, now)
        intake.files.put_many("attachments", attachments)
    finally:
        stored.result()
    return mail


def understand(
    intake: Intake, raw: bytes, origin: Origin, now: datetime
) -> tuple[dict[str, Any], list[bytes]]:
    """The mail for the desk, and the attachments to store."""
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        parsed = parse_mail(raw)
        keep = len(raw) <= intake.size_limit
        mail = as_received(parsed, sha256, len(raw), origin, judge(parsed, raw, intake), keep, now)
    except Exception:  # noqa: BLE001  a fault in reading one mail must not stop the next
        verdict = Verdict(quarantine="Reading this mail failed.", detail=traceback.format_exc())
        return without_content(sha256, len(raw), origin, verdict), []
    return mail, [one.content for one in parsed.attachments] if keep else []


async def receive(
    desk: Desk, intake: Intake, raw: bytes, origin: Origin | None = None, now: datetime | None = None
) -> Received:
    """Take one mail in; the answer comes when it is safe."""
    at = now or datetime.now(UTC)
    return await settle(desk, await asyncio.to_thread(prepare, intake, raw, origin or Origin(), at))


async def settle(desk: Desk, mail: dict[str, Any]) -> Received:
    """Enter a prepared mail into the ledger, in quarantine when the database refuses it."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await desk.receive_mail(mail)
        except (Unreachable, StorageFailed):
            raise
        except Conflict as error:  # with a mail that is taken in at the same time
            if attempt == _TRIES:
                return await desk.receive_mail(_refused(mail, error))
        except DeskError as error:
            return await desk.receive_mail(_refused(mail, error))
    raise AssertionError("unreachable")


def _refused(mail: dict[str, Any], error: DeskError) -> dict[str, Any]:
    keys = ("raw", "mailbox_id", "provider_id", "ignore")
    reason = {"reason": f"The database refused it: {error}", "detail": f"{type(error).__name__} {error.code}"}
    return {**{key: mail[key] for key in keys}, "quarantine": reason}


async def retry(desk: Desk, intake: Intake, raw_mail: RawMail) -> Received:
    """Read a mail in quarantine again; it stays there when that fails again."""
    raw = await asyncio.to_thread(intake.files.get, "raw", raw_mail.sha256)
    origin = Origin(received_at=raw_mail.received_at)
    received = await receive(desk, intake, raw, origin)
    if received.outcome is Outcome.DUPLICATE and received.number is None:
        still = await desk.show_raw_mail(raw_mail.id)
        return received.model_copy(update={"outcome": still.outcome, "reason": still.reason})
    return received
