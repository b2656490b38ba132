"""The way to the desk as long as the terminal is open: found, lost, and found again.

Screens ask `desk` anew for each call and never keep it. While there is none it raises
`Unreachable` or `SignedOut`, which every command catches and shows anyway.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from core.desk import Desk
from core.errors import DeskError, SignedOut, Unreachable
from core.text import safe_line

if TYPE_CHECKING:
    from core.sign_in import SignIn

Connect = Callable[[], AbstractAsyncContextManager[Desk]]

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_SIGNED_OUT_PAUSE = 30.0
"""Somebody may sign in from elsewhere on this machine."""

LOST = (Unreachable, SignedOut)
"""Errors after which there is no desk to ask until the connection has found it again."""


class Connection:
    def __init__(
        self,
        connect: Connect,
        changed: Callable[[frozenset[int]], None],
        moved: Callable[[str], None],
        sign_in: "SignIn | None" = None,
    ) -> None:
        """`changed` hears numbers of changed tickets (none: anything may have), `moved` the state."""
        self.sign_in = sign_in
        """Where the agent signs in; None where nobody does."""
        self._connect = connect
        self._changed = changed
        self._moved = moved
        self._desk: Desk | None = None
        self._following: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self.state = "connecting"
        """connecting, connected, lost, or signed out, where the agent can sign in again."""
        self.trouble = ""
        """Why it is lost, and what to do; safe to show."""

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            kind = SignedOut if self.state == "signed out" else Unreachable
            raise kind(self.trouble or "The database is not reached yet.")
        return self._desk

    @property
    def has_desk(self) -> bool:
        return self._desk is not None

    async def keep(self) -> None:
        """Connect, follow, and begin again whenever that ends; until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._connect() as desk:
                    cursor = await self._greet(desk)
                    pause = _FIRST_PAUSE
                    await self._follow(desk, cursor)
            except DeskError as error:
                self._lose(error)
            await self._rest(_SIGNED_OUT_PAUSE if self.state == "signed out" else pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _greet(self, desk: Desk) -> str:
        """From where to follow it, once it has answered. The first time, what the screen shows is asked for
        meanwhile, for it may be far away; later only then, so that one that is away is asked one thing."""
        first = self.state == "connecting"
        if first:
            self._desk = desk
            self._changed(frozenset())
        cursor = (await desk.events_since()).cursor
        self._become("connected", desk)
        if not first:
            self._changed(frozenset())
        return cursor

    def connect_now(self) -> None:
        """What stood in the way is said to be gone."""
        self._wanted.set()

    async def _rest(self, seconds: float) -> None:
        sleeping = asyncio.ensure_future(asyncio.sleep(seconds))
        waking = asyncio.ensure_future(self._wanted.wait())
        try:
            await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()
            self._wanted.clear()

    def doubt(self, error: DeskError) -> None:
        """A call did not get through, or is not let through: say so at once and connect anew."""
        if self._desk is not None and self._following is not None:
            self._lose(error)
            self._following.cancel()

    def _lose(self, error: DeskError) -> None:
        signed_out = isinstance(error, SignedOut) and self.sign_in is not None
        self._become("signed out" if signed_out else "lost", None, error)

    async def _follow(self, desk: Desk, cursor: str) -> None:
        self._following = asyncio.create_task(self._tell_changes(desk, cursor))
        try:
            await self._following
        except asyncio.CancelledError:
            keeper = asyncio.current_task()
            if keeper is not None and keeper.cancelling():  # the terminal ends, not just the connection
                self._following.cancel()
                raise

    async def _tell_changes(self, desk: Desk, cursor: str) -> None:
        async for events in desk.follow(cursor):
            numbers = frozenset(event.number for event in events if event.number is not None)
            self._changed(numbers)

    def _become(self, state: str, desk: Desk | None, error: DeskError | None = None) -> None:
        self._desk = desk
        self.state = state
        self.trouble = ""
        if error:  # of signing in, the hint tells what to type in a shell
            self.trouble = safe_line(str(error)) if state == "signed out" else sentence(error)
        self._moved(state)


def sentence(error: DeskError) -> str:
    """What went wrong and what to do about it, safe to show."""
    return safe_line(f"{error} {error.hint or ''}", limit=600)
