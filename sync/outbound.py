"""Answers that are due become mail, each exactly once.

The daemon may die between sending and noting it, and a line may be cut before the answer comes. So the
Message-ID is chosen when the agent answers, and after an attempt of which nobody knows the end the mailbox is
asked whether a mail with that id has left: at once, and again when it can no longer turn up. Only then it is
sent again.

It may also sleep, or be cut off, and wake when another daemon has taken its work. Whoever sends holds a claim
that ends by itself. It is renewed just before the mail leaves, the mail leaves soon after that or not at all,
and its way to the provider is cut before the claim can end: no other asks or sends earlier than that.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from core.desk import Desk
from core.errors import DeskError, StorageFailed, Unreachable
from core.files import Files
from core.models import Outgoing
from core.portal_link import Entrance, new_link
from sync.compose import compose
from sync.mailbox import Mailbox, Sent, Unsure
from sync.worker import elapsed

CLAIM_SECONDS = 120.0
"""How long an answer is ours alone, from the last renewal of the claim on."""
_LEAVES_WITHIN = 40.0
"""Seconds from the renewal until the mail must have begun to leave."""
_RENEWED_EVERY = 15.0
_CUT_AFTER = 100.0
"""Seconds from the last renewal until a mail that is still on its way is cut off."""
PATIENCE = timedelta(days=5)
"""How long an answer is tried before its author is told that it does not leave (RFC 5321, 4.5.4.1)."""
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 3600.0
_LOOK_SECONDS = 30.0
LETTER_SECONDS = 86400.0
"""How long a link is good that somebody asked for; the letter says so."""
_LOOKED_FOR = "An attempt to send it broke off. It is looked for before it is sent again."
_logger = logging.getLogger("ttydesk.outbound")


@dataclass(frozen=True, slots=True)
class Outbox:
    """What sending needs to know besides the desk."""

    mailbox: Mailbox
    files: Files
    worker: str
    """Claims are held under this name: the same one whenever this daemon is started again."""
    token_address: bool = False
    """Whether answers ask for replies at an address that names the ticket."""
    mailbox_id: UUID | None = None
    """Only what leaves from this mailbox; None: whatever there is."""
    entrance: Entrance | None = None
    """To the portal; None: there is none."""
    clock: Callable[[], float] = elapsed


class Taken(Unreachable):
    """Another daemon sends this answer, or has sent it."""


class _Claim:
    """The right to send one answer, for as long as it was renewed in time."""

    def __init__(self, desk: Desk, outbox: Outbox, outgoing: Outgoing) -> None:
        self._desk, self._outbox, self._outgoing = desk, outbox, outgoing
        self._renewed_at = float("-inf")

    @property
    def age(self) -> float:
        return self._outbox.clock() - self._renewed_at

    async def renew(self) -> None:
        asked_at, mail = self._outbox.clock(), self._outgoing
        held = await self._desk.hold_outgoing(mail.id, self._outbox.worker, mail.attempts, CLAIM_SECONDS)
        if not held:
            raise Taken
        self._renewed_at = asked_at

    def last_moment(self) -> None:
        if self.age > _LEAVES_WITHIN:
            raise Taken("Getting ready to send it took too long.")

    async def keep(self) -> None:
        """While the mail is on its way."""
        while True:
            await asyncio.sleep(_RENEWED_EVERY)
            try:
                await self.renew()
            except DeskError as error:
                if isinstance(error, Taken) or self.age + _RENEWED_EVERY > _CUT_AFTER:
                    self._outbox.mailbox.cut()
                    return


async def send_due(
    desk: Desk, outbox: Outbox, now: Callable[[], datetime], goes_on: Callable[[], bool] = lambda: True
) -> int:
    """Send every answer that is due while `goes_on`; returns how many have left.

    Raises only what is wrong with the desk itself: claims that were not settled are tried again later.
    """
    count = 0
    while goes_on():
        begun = now()
        outgoing = await desk.claim_outgoing(outbox.worker, CLAIM_SECONDS, outbox.mailbox_id)
        if outgoing is None:
            break
        if sent := await _attempt(desk, outbox, outgoing, begun, now):
            await desk.mark_sent(outgoing.id, sent.provider_id, sent.message_id, sent.thread_id)
            count += 1
    return count


async def _attempt(
    desk: Desk, outbox: Outbox, outgoing: Outgoing, begun: datetime, now: Callable[[], datetime]
) -> Sent | None:
    unsure, settling = outgoing.unsure_seconds, outbox.mailbox.settling_seconds
    wait: float | None
    try:
        if unsure is not None and (sent := await _find(outbox, outgoing)):
            return sent
        if unsure is None or unsure >= settling:
            unsure = None
            return await _send(desk, outbox, outgoing, begun)
        wait, problem = min(settling - unsure, _LOOK_SECONDS), _LOOKED_FOR
    except DeskError as error:
        unsure = 0.0 if isinstance(error, Unsure) else unsure
        wait, problem = _wait(outgoing, error, now()), _sentences(error)
    _logger.warning(
        "An answer on %s did not leave (attempt %d, %s): %s",
        f"#{outgoing.number}" if outgoing.number else "no ticket",
        outgoing.attempts,
        "given up" if wait is None else f"again in {wait:.0f} s",
        problem,
        extra={"ticket": outgoing.number, "attempt": outgoing.attempts, "again_seconds": wait},
    )
    await desk.mark_failed(outgoing.id, problem, wait, outgoing.attempts, unsure)
    return None


async def _find(outbox: Outbox, outgoing: Outgoing) -> Sent | None:
    return await outbox.mailbox.find_sent(outgoing.message_id, outgoing.created_at)


async def _send(desk: Desk, outbox: Outbox, outgoing: Outgoing, begun: datetime) -> Sent:
    portal = await _portal(desk, outbox, outgoing)
    raw = await asyncio.to_thread(_compose, outbox, outgoing, begun, portal)
    claim = _Claim(desk, outbox, outgoing)
    await claim.renew()
    keeping = asyncio.create_task(claim.keep())
    try:
        return await outbox.mailbox.send(raw, outgoing.message_id, outgoing.thread_id, claim.last_moment)
    finally:
        keeping.cancel()


async def _portal(desk: Desk, outbox: Outbox, outgoing: Outgoing) -> str | None:
    """What the mail shows of the portal. Nobody knows a link once it was made, so each attempt has one."""
    entrance = outbox.entrance
    if entrance is None or not (entrance.in_answers or outgoing.number is None):
        return None
    if outgoing.portal_email is None:
        return entrance.url
    link, seconds = new_link(entrance), entrance.seconds if outgoing.number else LETTER_SECONDS
    try:
        await desk.create_portal_link(outgoing.portal_email, link.sha256, seconds, outgoing.id)
    except DeskError as error:  # their tickets have turned out to be spam, perhaps
        if outgoing.number is None or isinstance(error, StorageFailed | Unreachable):
            raise
        return entrance.url  # an answer leaves also without a link
    return link.url


def _compose(outbox: Outbox, outgoing: Outgoing, now: datetime, portal: str | None) -> bytes:
    read = partial(outbox.files.get, "attachments")
    return compose(outgoing, read, now, outbox.token_address, portal)


def _wait(outgoing: Outgoing, error: DeskError, now: datetime) -> float | None:
    """Seconds until the next attempt; None when there is to be none."""
    is_passing = isinstance(error, StorageFailed | Unreachable)
    if not is_passing or now.astimezone(UTC) - outgoing.created_at > PATIENCE:
        return None
    return min(_FIRST_WAIT * 2.0 ** min(outgoing.attempts - 1, 20), _LONGEST_WAIT)


def _sentences(error: DeskError) -> str:
    return " ".join(filter(None, (str(error), error.hint)))
