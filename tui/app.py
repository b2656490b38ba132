"""The terminal application: connects to the desk, and tells the screens what changed.

It paints its frame before there is a desk to ask; `Connection` finds one meanwhile.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding
from textual.signal import Signal
from textual.worker import Worker, WorkerCancelled

from core.config import Settings
from core.text import safe_line
from tui.connection import Connect, Connection
from tui.screens.desk import DeskScreen
from tui.screens.panes import WIDE
from tui.themes import OURS, VARIABLES, in_few_colours, theme_name
from tui.type_ahead import TypeAheadApp

if TYPE_CHECKING:
    from textual.screen import Screen

    from core.files import Files
    from core.sign_in import SignIn


_WIDTHS = [(0, "-narrow"), (WIDE, "-wide")]
_HEIGHTS = [(0, "-low"), (30, "-high")]


def _clock() -> datetime:
    return datetime.now(UTC).astimezone()


def _size_classes(width: int, height: int) -> list[str]:
    return [
        max((start, name) for start, name in breakpoints if size >= start)[1]
        for size, breakpoints in ((width, _WIDTHS), (height, _HEIGHTS))
    ]


class DeskApp(TypeAheadApp):
    CSS_PATH = ["desk.tcss", "screens/desk.tcss"]
    TITLE = "ttydesk"
    ENABLE_COMMAND_PALETTE = False  # ours is `DeskScreen.action_palette`
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    BINDINGS = [
        Binding("ctrl+q", "quit", "Quit", False, priority=True, id="desk.quit", tooltip="Leave ttydesk"),
    ]

    def __init__(
        self,
        connect: Connect,
        settings: Settings,
        files: "Files | None" = None,
        clock: Callable[[], datetime] = _clock,
        sign_in: "SignIn | None" = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.changed: Signal[frozenset[int]] = Signal(self, "changed")
        """Numbers of tickets that changed, here or anywhere else; none: anything may have."""
        self.moved: Signal[str] = Signal(self, "moved")
        """The connection's state."""
        self.connection = Connection(connect, self.changed.publish, self.moved.publish, sign_in)
        self._files = files
        self._clock = clock
        self._keeper: Worker[None] | None = None
        self._take_theme()

    def _take_theme(self) -> None:
        """Before anything is styled: later, Textual would read all sheets and style all a second time."""
        few = self.no_color or self.console.color_system == "standard"
        for theme in OURS.values():
            self.register_theme(in_few_colours(theme) if few else theme)
        name = theme_name(self.settings.theme)
        self.set_reactive(App.theme, name if name in self.available_themes else OURS["dark"].name)
        dark = self.current_theme.dark
        self.set_classes({f"-theme-{self.theme}", "-dark-mode" if dark else "-light-mode"})
        self.stylesheet.set_variables(self.get_css_variables())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def get_default_screen(self) -> "Screen[object]":
        screen = DeskScreen(
            self.connection, self.changed, self.moved, self.settings, self._files, self._clock
        )
        screen.classes = _size_classes(*self.size)  # else all is styled a second time, for its size
        return screen  # type: ignore[return-value]

    def on_mount(self) -> None:
        if self.settings.keys:
            self.set_keymap(self.settings.keys)
        self.set_window_title("ttydesk")
        self._keeper = self.run_worker(self.connection.keep(), group="connection")
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, self.call_later, self.action_quit)
            signal.signal(signal.SIGHUP, lambda *_: self._leave_without_terminal(loop))

    async def action_quit(self) -> None:
        """At once, but not before what was typed is put away."""
        desk_screen = self.screen_stack[0]
        if isinstance(desk_screen, DeskScreen):
            await desk_screen.keep_all()
        self.exit()

    def _leave_without_terminal(self, loop: asyncio.AbstractEventLoop) -> None:
        """The window was closed, or the line was lost. What is still painted must not fail over that.

        The kernel says SIGCONT right behind SIGHUP, and Textual would take the terminal up again.
        """
        signal.signal(signal.SIGCONT, signal.SIG_IGN)
        with open(os.devnull, "r+") as nowhere:
            for stream in (0, 1, 2):
                os.dup2(nowhere.fileno(), stream)
        loop.call_soon_threadsafe(self.call_later, self.action_quit)

    async def _close_all(self) -> None:
        """Textual takes the screens apart bit by bit; what still works on them would look for the bits."""
        self.workers.cancel_all()
        await super()._close_all()

    async def on_unmount(self) -> None:
        """The desk is closed in order, and the embedded server stopped, before the program ends."""
        if self._keeper is not None:
            if not self._keeper.is_cancelled:
                self._keeper.cancel()
            try:
                await self._keeper.wait()
            except WorkerCancelled:
                return

    def set_window_title(self, text: str) -> None:
        """The title of the terminal's window. `safe_line` leaves nothing that could end the sequence."""
        self.title = safe_line(text, limit=80)
        if self._driver is not None and not self.is_headless:
            self._driver.write(f"\x1b]2;{self.title}\x1b\\")
