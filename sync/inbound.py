"""A raw mail becomes a line in the ledger, and with it a message on a ticket.

Bytes are stored before anything is made of them, and a mail that cannot be understood, or that the database
refuses, is set aside with its bytes and the reason. What is not the mail's fault (the disk, the database)
is raised: nothing is settled then, and taking the same mail in again later is always safe.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from core.desk import Desk
from core.errors import Conflict, DeskError, StorageFailed, Unreachable
from core.models import Outcome, RawMail, Received
from sync.reading import Intake, prepare
from sync.receiving import Origin

__all__ = ["Intake", "receive", "retry", "settle"]

_TRIES = 3


async def receive(
    desk: Desk, intake: Intake, raw: bytes, origin: Origin | None = None, now: datetime | None = None
) -> Received:
    """Take one mail in; the answer comes when it is safe."""
    at = now or datetime.now(UTC)
    (mail,) = await asyncio.to_thread(prepare, intake, [(raw, origin or Origin())], at)
    return await settle(desk, mail)


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
    keys = ("raw", "mailbox_id", "provider_id", "arrived_at", "gmail_thread_id", "sent", "spam", "ignore",
            "portal_links")  # fmt: skip
    reason = {"reason": f"The database refused it: {error}", "detail": f"{type(error).__name__} {error.code}"}
    return {**{key: mail[key] for key in keys}, "quarantine": reason}


def _origin(raw_mail: RawMail) -> Origin:
    way = raw_mail.delivery
    if way is None:
        return Origin(received_at=raw_mail.received_at)
    return Origin(
        way.mailbox_id,
        way.provider_id,
        way.received_at or raw_mail.received_at,
        thread_id=way.thread_id,
        is_sent=way.sent,
        is_spam=way.spam,
    )


async def retry(desk: Desk, intake: Intake, raw_mail: RawMail) -> Received:
    """Read a mail in quarantine again; it stays there when that fails again."""
    raw = await asyncio.to_thread(intake.files.get, "raw", raw_mail.sha256)
    received = await receive(desk, intake, raw, _origin(raw_mail))
    if received.outcome is Outcome.DUPLICATE and received.number is None:
        still = await desk.show_raw_mail(raw_mail.id)
        return received.model_copy(update={"outcome": still.outcome, "reason": still.reason})
    return received
