"""The terminal on a real database, driven by keys."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from core.config import Settings
from core.desk import Desk
from core.files import LocalFiles
from tui.app import DeskApp
from tui.connection import Connect
from tui.screens.desk import DeskScreen

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
WIDE, NARROW = (160, 48), (80, 24)


@dataclass
class Stage:
    app: DeskApp
    pilot: Pilot[None]

    @property
    def desk_screen(self) -> DeskScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, DeskScreen)
        return screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def write(self, text: str) -> None:
        await self.pilot.press(*("space" if char == " " else char for char in text))

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for what workers and the database bring; fails with what is on the screen."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"It did not come to that. On the screen:\n{self.text()}")

    async def sees(self, words: str) -> None:
        await self.until(lambda: words in self.text())

    def text(self) -> str:
        """The whole screen as it is painted now."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def toasts(self) -> str:
        return "\n".join(str(one.message) for one in self.app._notifications)


Play = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture(autouse=True)
def all_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever terminal the tests are started from."""
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, agent="ada@example.com", grace_seconds=30)


@pytest.fixture
def play(desk: Desk, settings: Settings) -> Play:
    """Opens the terminal as ada@example.com, and waits until its list is there."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Desk]:
        yield desk

    @asynccontextmanager
    async def start(
        size: tuple[int, int] = WIDE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        connect: Connect = opened,
        settings: Settings = settings,
    ) -> AsyncIterator[Stage]:
        app = DeskApp(connect, settings, LocalFiles(settings.home / "files"), clock)
        async with app.run_test(size=size, notifications=True) as pilot:
            stage = Stage(app, pilot)
            if connect is opened:
                screen = stage.desk_screen
                await stage.until(lambda: screen.tickets.pages.loaded and screen.me and screen.views.counts)
            yield stage

    return start
