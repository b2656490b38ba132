"""The port to a place where mail comes in and goes out; each kind of mailbox implements it.

Whoever implements it must know one thing: nothing is ever deleted, and everything may be asked twice. What
is new is a guess that may repeat itself, because the ledger decides what was taken in; a mail that is sent
twice under one Message-ID must leave once.

Errors are those of core.errors. `StorageFailed` and `Unreachable` pass by and are tried again; any other
DeskError from `send` is a refusal of that one mail. `Unsure` alone says that the mail may have left.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.errors import Unreachable


class Unsure(Unreachable):
    """Sending broke off, and nobody knows whether the mail left."""


@dataclass(frozen=True, slots=True)
class News:
    """What a mailbox has that may not have been taken in; its own names of the mails, oldest first."""

    fresh: Sequence[str] = ()
    """Take these in."""
    perhaps: Sequence[str] = ()
    """Take these in unless the ledger has them."""
    cursor: str | None = None
    """Give it to `news` the next time, once all of them are settled; its form is the mailbox's own."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail as the mailbox holds it."""

    raw: bytes
    received_at: datetime | None
    """When the mailbox got it; None when it does not say."""
    thread_id: str | None = None
    """The provider's own name for the conversation."""
    is_sent: bool = False
    """It left from this mailbox: an answer that was written elsewhere."""
    is_spam: bool = False
    ignore: str = ""
    """Why no ticket is to be made of it, a sentence."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail that left."""

    provider_id: str
    message_id: str | None = None
    """Only where the provider gave it another Message-ID than ours."""
    thread_id: str | None = None
    """The provider's own name for the conversation."""


class Mailbox(Protocol):
    """`poll_seconds`: how long to wait between two looks when nothing says that there is something.

    `settling_seconds`: how long a mail may still turn up as sent after an attempt that broke off.
    """

    poll_seconds: float
    settling_seconds: float

    async def ready(self) -> None:
        """Raises Unreachable while nothing could be sent, so that answers stay where they are."""
        ...

    async def news(self, cursor: str | None) -> News:
        """What came since `cursor`; everything there is, without one. Cheap when nothing did."""
        ...

    def expect(self, provider_ids: Sequence[str]) -> None:
        """These are fetched next, in this order: who fetches from afar may bring several at once."""
        ...

    async def fetch(self, provider_id: str) -> Arrival | None:
        """The mail; None when it is gone from the mailbox."""
        ...

    async def settle(self, provider_id: str) -> None:
        """The mail is in the ledger: the mailbox may show it as taken in."""
        ...

    async def send(
        self,
        raw: bytes,
        message_id: str,
        thread_id: str | None = None,
        last_moment: Callable[[], None] = lambda: None,
    ) -> Sent:
        """Send it into the conversation, or do nothing when a mail with this Message-ID has left already.

        `last_moment` is called in whatever thread, just before the mail can no longer be held back, and
        raises when it must not leave: another daemon may be sending it.
        """
        ...

    async def find_sent(self, message_id: str, since: datetime) -> Sent | None:
        """What left under our Message-ID; None when nothing did. It cannot have left before `since`."""
        ...

    async def label(self, wanted: Mapping[str, str | None], among: Sequence[str]) -> Sequence[str]:
        """Put beside each conversation its label on it, and take the others of `among` off.

        Returns the conversations that are done with; the others are to be asked for again.
        """
        ...

    async def listed(self, since: datetime | None = None) -> Sequence[str]:
        """All it has that came since then, or without a time, since it is asked for; changes nothing."""
        ...

    def cut(self) -> None:
        """What is being sent at this moment is cut off, as if the line had broken."""
        ...

    def break_off(self, sending: bool = False) -> None:
        """The daemon ends: what is being fetched is given up, and with `sending`, what is being sent, too."""
        ...

    async def close(self) -> None: ...
