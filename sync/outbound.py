"""Answers that are due become mail, each exactly once.

The daemon may die between sending and noting it. So the Message-ID is chosen when the agent answers, and
before a second attempt the mailbox is asked whether a mail with that id has left.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.desk import Desk
from core.errors import DeskError, StorageFailed, Unreachable
from core.files import LocalFiles
from core.models import Outgoing
from sync.compose import compose
from sync.mailbox import Mailbox, Sent

PATIENCE = timedelta(days=5)
"""How long an answer is tried before its author is told that it does not leave (RFC 5321, 4.5.4.1)."""
_FIRST_WAIT = 15.0
_LONGEST_WAIT = 3600.0
_logger = logging.getLogger("ttydesk.outbound")


@dataclass(frozen=True, slots=True)
class Outbox:
    """What sending needs to know besides the desk."""

    mailbox: Mailbox
    files: LocalFiles
    worker: str
    """Claims are held under this name: the same one whenever this daemon is started again."""
    token_address: bool = False
    """Whether answers ask for replies at an address that names the ticket."""
    mailbox_id: UUID | None = None
    """Only what leaves from this mailbox; None: whatever there is."""


async def send_due(
    desk: Desk, outbox: Outbox, now: Callable[[], datetime], goes_on: Callable[[], bool] = lambda: True
) -> int:
    """Send every answer that is due while `goes_on`; returns how many have left.

    Raises only what is wrong with the desk itself: claims that were not settled are tried again later.
    """
    count = 0
    while goes_on() and (outgoing := await _claim(desk, outbox)):
        sent = await _attempt(desk, outbox, outgoing, now())
        if sent:
            await desk.mark_sent(outgoing.id, sent.provider_id, sent.message_id, sent.thread_id)
            count += 1
    return count


async def _claim(desk: Desk, outbox: Outbox) -> Outgoing | None:
    return await desk.claim_outgoing(outbox.worker, mailbox_id=outbox.mailbox_id)


async def _attempt(desk: Desk, outbox: Outbox, outgoing: Outgoing, now: datetime) -> Sent | None:
    try:
        return await _send(outbox, outgoing, now)
    except DeskError as error:
        wait = _wait(outgoing, error, now)
        _logger.warning(
            "An answer on #%d did not leave (attempt %d, %s): %s",
            outgoing.number,
            outgoing.attempts,
            "given up" if wait is None else f"again in {wait:.0f} s",
            error,
        )
        await desk.mark_failed(outgoing.id, _sentences(error), wait)
        return None


async def _send(outbox: Outbox, outgoing: Outgoing, now: datetime) -> Sent:
    if outgoing.attempts > 1 and (sent := await outbox.mailbox.find_sent(outgoing.message_id)):
        return sent
    raw = await asyncio.to_thread(_compose, outbox, outgoing, now)
    return await outbox.mailbox.send(raw, outgoing.message_id, outgoing.thread_id)


def _compose(outbox: Outbox, outgoing: Outgoing, now: datetime) -> bytes:
    return compose(
        outgoing, lambda sha256: outbox.files.get("attachments", sha256), now, outbox.token_address
    )


def _wait(outgoing: Outgoing, error: DeskError, now: datetime) -> float | None:
    """Seconds until the next attempt; None when there is to be none."""
    is_passing = isinstance(error, StorageFailed | Unreachable)
    if not is_passing or now.astimezone(UTC) - outgoing.created_at > PATIENCE:
        return None
    return min(_FIRST_WAIT * 2.0 ** min(outgoing.attempts - 1, 20), _LONGEST_WAIT)


def _sentences(error: DeskError) -> str:
    return " ".join(filter(None, (str(error), error.hint)))
