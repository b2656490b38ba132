"""The end of the terminal: whatever is under way then ends with it, and quietly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.worker import WorkerState

from core.desk import Desk
from tests.tui.conftest import Play
from tests.tui.test_desk import some_tickets


class SlowDesk:
    """The real desk, whose answers are kept back while `slow` is set."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.slow = False
        self.asked = 0
        self.answer = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._desk, name)
        return call if not self.slow else lambda *values: self._kept_back(call, values)

    async def _kept_back(self, call: Any, values: Any) -> Any:
        self.asked += 1
        answer = await call(*values)
        await self.answer.wait()
        return answer


async def test_what_is_under_way_ends_before_the_screen_is_taken_apart(
    play: Play, service: Desk, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some_tickets(service, 3)
    slow = SlowDesk(desk)
    drawn: list[object] = []

    @asynccontextmanager
    async def connect() -> AsyncIterator[Any]:
        yield slow

    async with play(connect=connect) as stage:
        screen = stage.desk_screen
        await stage.sees("Lamp 2")
        await stage.until(lambda: screen.me and screen.views.counts and screen.conversation)
        slow.slow = True
        screen.tickets_changed(frozenset())
        screen.count()
        screen.look_at_mailboxes()
        await stage.until(lambda: slow.asked >= 4)
        take_apart = screen._message_loop_exit

        async def answered_too_late() -> None:
            for name in ("paint_conversation", "list_arrived"):
                monkeypatch.setattr(screen, name, lambda *values: drawn.append(values))
            slow.answer.set()
            await take_apart()

        monkeypatch.setattr(screen, "_message_loop_exit", answered_too_late)
    assert not drawn


async def test_nothing_is_begun_once_the_app_has_ended(play: Play) -> None:
    async with play() as stage:
        screen = stage.desk_screen
    with stage.app._context():
        assert screen.look_at_mailboxes().state is WorkerState.PENDING
