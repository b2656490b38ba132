"""What wakes the daemon before its next look: Pub/Sub, and whoever calls `Desk.wake_mailbox`.

None of it is trusted: it says that there may be news, and the mailbox's own history says which. So a message
of Pub/Sub is acknowledged once the history up to the point it names is taken in and stored, by whichever
daemon; until then it comes again, also after a crash. Looking goes on all the same, less often.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from core.desk import Desk
from core.errors import Invalid, NotFound
from core.models import Mailbox as Known
from sync.google import Refused
from sync.subscription import Subscription, Told
from sync.supervisor import Round
from sync.worker import elapsed

_AGAIN_SECONDS = 60.0
"""After an error that somebody has to mend."""
_HEARS_SECONDS = 180.0
"""A pull ends after 90 seconds at most: after two that did not, Pub/Sub is not relied on."""
_STORED_SECONDS = 0.5
"""How often to ask whether what was told is stored."""
_IDLE_SECONDS = 30.0
_MOST = 1_000
_logger = logging.getLogger("ttydesk.wake")


class Listener:
    """`ring` wakes the mailbox of an address; whether it is one that this daemon works on."""

    def __init__(
        self,
        desk: Desk,
        subscription: Subscription,
        ring: Callable[[str], bool],
        clock: Callable[[], float] = elapsed,
    ) -> None:
        self.bell = asyncio.Event()
        self._desk = desk
        self._subscription = subscription
        self._ring = ring
        self._clock = clock
        self._heard_at = float("-inf")
        self._open: dict[str, Told] = {}
        """What is not acknowledged yet."""

    @property
    def hears(self) -> bool:
        """Whether Pub/Sub works, so that whoever is told need not ask every few seconds."""
        return self._clock() - self._heard_at < _HEARS_SECONDS

    async def listen(self) -> Round:
        """Wake whom something is told of. Raises what passes by itself."""
        if len(self._open) >= _MOST:  # their mailboxes cannot be read: looking is all that helps
            return Round(_IDLE_SECONDS)
        began = self._clock()
        try:
            told = await self._subscription.pull()
        except (NotFound, Refused, Invalid) as error:
            return Round(_AGAIN_SECONDS, " ".join(filter(None, (str(error), error.hint))))
        self._heard_at = self._clock()
        for one in told:
            self._open[one.id] = one
        for address in {one.address for one in told if one.address}:
            if not self._ring(address):
                await self._desk.wake_mailbox(address)
        if told:
            self.bell.set()
        is_hasty = not told and self._heard_at - began < 1
        return Round(1.0 if is_hasty else 0.0)

    async def acknowledge(self) -> Round:
        """What is stored by now, and what is about none of our mailboxes."""
        if not self._open:
            return Round(_IDLE_SECONDS)
        reached = _reached(await self._desk.list_mailboxes())
        done = [one for one in self._open.values() if one.history_id <= reached.get(one.address, 2**64)]
        if done:
            await self._subscription.acknowledge([one.ticket for one in done])
            _logger.debug("%d notifications acknowledged.", len(done))
        for one in done:
            self._forget(one)
        return Round(_STORED_SECONDS if self._open else _IDLE_SECONDS)

    def _forget(self, done: Told) -> None:
        """Unless it came once more meanwhile: then the new ticket is to be given, too."""
        if self._open.get(done.id) == done:
            del self._open[done.id]

    def break_off(self) -> None:
        self._subscription.break_off()

    async def close(self) -> None:
        await self._subscription.close()


def _reached(known: Sequence[Known]) -> dict[str, int]:
    """How far the history of each of our mailboxes is stored, by address."""
    from sync.gmail import Cursor

    connected = [one for one in known if one.connected and one.kind == "gmail"]
    return {one.address: Cursor.parse(one.cursor).history_id if one.cursor else 0 for one in connected}
