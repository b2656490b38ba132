"""Google's permission for a mailbox may end by itself: that is told two days before mail stops.

Only that of an app in testing mode does, after seven days; the answer that brought it said so.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.config import Settings
from sync.auth import Grant, token_store
from sync.supervisor import Round

_AHEAD = timedelta(days=2)
_LOOK_SECONDS = 300.0


def ends_soon(grant: Grant, now: datetime) -> tuple[str, str] | None:
    """What is about to happen, and what to do; None while there is time, and when it has happened."""
    if grant.expires_at is None or not now < grant.expires_at <= now + _AHEAD:
        return None
    day = grant.expires_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return (
        f"Google's permission ends by itself on {day}, because the app there is in testing mode.",
        f"Before that: ttydesk gmail connect --address {grant.address}. How to make it last: docs/gmail.md.",
    )


@dataclass(frozen=True, slots=True)
class Expiry:
    settings: Settings
    address: str
    now: Callable[[], datetime]

    async def look(self) -> Round:
        """A part of the daemon: the permission as it is kept by now, so that a new one ends the warning."""
        store = token_store(self.settings.home, self.settings.tokens)
        grant = await asyncio.to_thread(store.load, self.address)
        soon = ends_soon(grant, self.now()) if grant else None
        return Round(_LOOK_SECONDS, " ".join(soon) if soon else None)
