"""The way to the desk as long as the terminal is open: found, lost, and found again.

Screens ask `desk` anew for each call and never keep it. While there is none it raises
`Unreachable`, which every command catches and shows anyway.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from core.desk import Desk
from core.errors import DeskError, Unreachable
from core.text import safe_line

Connect = Callable[[], AbstractAsyncContextManager[Desk]]

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


class Connection:
    def __init__(
        self, connect: Connect, changed: Callable[[frozenset[int]], None], moved: Callable[[str], None]
    ) -> None:
        """`changed` hears numbers of changed tickets (none: anything may have), `moved` the state."""
        self._connect = connect
        self._changed = changed
        self._moved = moved
        self._desk: Desk | None = None
        self._following: asyncio.Task[None] | None = None
        self.state = "connecting"
        """connecting, connected or lost."""
        self.trouble = ""
        """Why it is lost, and what to do; safe to show."""

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            raise Unreachable(self.trouble or "The database is not reached yet.")
        return self._desk

    async def keep(self) -> None:
        """Connect, follow, and begin again whenever that ends; until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._connect() as desk:
                    self._become("connected", desk)
                    pause = _FIRST_PAUSE
                    self._changed(frozenset())
                    await self._follow(desk)
            except DeskError as error:
                self._become("lost", None, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def doubt(self, error: Unreachable) -> None:
        """A call did not get through: say so at once and connect anew."""
        if self._desk is not None and self._following is not None:
            self._become("lost", None, error)
            self._following.cancel()

    async def _follow(self, desk: Desk) -> None:
        self._following = asyncio.create_task(self._tell_changes(desk))
        try:
            await self._following
        except asyncio.CancelledError:
            if self.state != "lost":  # it is the terminal that ends, not the connection
                self._following.cancel()
                raise

    async def _tell_changes(self, desk: Desk) -> None:
        async for events in desk.follow():
            numbers = frozenset(event.number for event in events if event.number is not None)
            self._changed(numbers)

    def _become(self, state: str, desk: Desk | None, error: DeskError | None = None) -> None:
        self._desk = desk
        self.state = state
        self.trouble = sentence(error) if error else ""
        self._moved(state)


def sentence(error: DeskError) -> str:
    """What went wrong and what to do about it, safe to show."""
    return safe_line(f"{error} {error.hint or ''}", limit=600)
