"""Mails that could not be taken in: why, and what is in them. Nothing is lost here, only held."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from core.errors import DeskError, NotFound
from core.models import Counts, RawMail
from core.text import relative_time, safe_line
from tui.connection import Connection, sentence
from tui.screens.reader import Reader
from tui.widgets.key_line import KeyLine
from tui.widgets.thread import size_words
from tui.widgets.view_bar import VIEWS, ViewBar

if TYPE_CHECKING:
    from core.files import Files

EMPTY = (
    "The quarantine is empty.\n\nA mail that cannot be read or stored is held here with the reason,"
    " so that none is ever lost.\nPress esc to go back."
)
HOW_TO_RETRY = "Once the cause is mended: ttydesk mail quarantine retry {id}"


class QuarantineScreen(Screen[None]):
    CSS_PATH = "quarantine.tcss"
    BINDINGS = [
        Binding("escape,q", "back", "Back", id="quarantine.back", tooltip="Back to the tickets"),
        Binding("enter,o", "open", "Look at it", id="quarantine.open", tooltip="The mail as it came"),
        Binding("j", "move(1)", "Down", show=False, id="quarantine.down"),
        Binding("k", "move(-1)", "Up", show=False, id="quarantine.up"),
        Binding("y", "copy", "Copy command", id="quarantine.copy", tooltip="Copy the retry command"),
        *(
            Binding(str(key), f"view('{view}')", view.capitalize(), show=False, id=f"view.{view}")
            for key, view in enumerate(VIEWS, start=1) if view != "quarantine"
        ),
    ]  # fmt: skip

    views = getters.query_one(ViewBar)
    mails_list = getters.query_one(OptionList)
    detail = getters.query_one("#detail", Static)
    nothing = getters.query_one("#nothing", Static)

    def __init__(
        self,
        connection: Connection,
        changed: "Signal[frozenset[int]]",
        files: "Files | None",
        counts: Counts | None,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self.connection, self.changed, self.files, self.clock = connection, changed, files, clock
        self._counts = counts
        self.mails: list[RawMail] = []

    def compose(self) -> ComposeResult:
        yield ViewBar()
        yield OptionList()
        yield Static("Fetching…", id="nothing", markup=False)
        yield Static(id="detail", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        self.views.current = "quarantine"
        self.views.counts = self._counts
        self.changed.subscribe(self, lambda numbers: self.fetch())
        self.fetch()

    @work(exclusive=True, group="quarantine")
    async def fetch(self) -> None:
        try:
            self.mails = await self.connection.desk.list_raw_mails(quarantined=True)
        except DeskError as error:
            self._show_nothing(f"The quarantine could not be fetched.\n\n{sentence(error)}")
            return
        keep = self.mails_list.highlighted or 0
        self.mails_list.clear_options()
        self.mails_list.add_options(map(self._option, self.mails))
        if not self.mails:
            self._show_nothing(EMPTY)
            return
        self.set_class(False, "-nothing")
        self.mails_list.highlighted = min(keep, len(self.mails) - 1)
        self.mails_list.focus()

    def _show_nothing(self, words: str) -> None:
        self.nothing.update(words)
        self.set_class(True, "-nothing")

    def _option(self, mail: RawMail) -> Option:
        age = relative_time(mail.received_at, self.clock())
        line = Text(f"{age:>6}  ", "dim", no_wrap=True, overflow="ellipsis")
        sender = safe_line(mail.sender, limit=24) or "sender unknown"
        line.append(f"{sender:<26}", "not dim").append(
            safe_line(mail.subject, limit=100) or "(no subject)", "not dim"
        )
        return Option(line)

    @on(OptionList.OptionHighlighted)
    def show_detail(self, message: OptionList.OptionHighlighted) -> None:
        mail = self.mails[message.option_index]
        text = Text()
        text.append("Held because: ", "bold").append(safe_line(mail.reason) + "\n")
        text.append(
            f"Mail {mail.id}, {size_words(mail.size)}, received {mail.received_at:%Y-%m-%d %H:%M} UTC\n"
        )
        for source in mail.sources[:3]:
            text.append(f"from {safe_line(source, limit=150)}\n")
        self.detail.update(text.append("\n" + HOW_TO_RETRY.format(id=mail.id), "bold"))

    @property
    def current(self) -> RawMail | None:
        index = self.mails_list.highlighted
        return self.mails[index] if index is not None and index < len(self.mails) else None

    @on(OptionList.OptionSelected)
    @work(group="menus")
    async def action_open(self) -> None:
        """The raw mail, made safe; behind it what went wrong in detail."""
        mail = self.current
        if mail is None:
            return
        try:
            if self.files is None:
                raise NotFound("The raw mails are not kept on this machine.")
            raw = await asyncio.to_thread(self.files.get, "raw", mail.sha256)
        except DeskError as error:
            self.notify(sentence(error), severity="error", markup=False)
            return
        text = raw[:400_000].decode("utf-8", errors="replace")
        detail = f"{mail.reason}\n\n{mail.detail}\n\n{'─' * 40}\n\n" if mail.detail else f"{mail.reason}\n\n"
        await self.app.push_screen_wait(Reader(f"Mail {mail.id} as it came", detail + text))

    def action_move(self, rows: int) -> None:
        (self.mails_list.action_cursor_down if rows > 0 else self.mails_list.action_cursor_up)()

    def action_copy(self) -> None:
        if self.current is not None:
            self.app.copy_to_clipboard(f"ttydesk mail quarantine retry {self.current.id}")
            self.notify("Copied the command.", markup=False)

    def action_back(self) -> None:
        self.dismiss()

    def action_view(self, view: str) -> None:
        self.dismiss()
        self.app.call_later(self.app.run_action, f"screen.view('{view}')")

    @on(ViewBar.Chosen)
    def view_clicked(self, message: ViewBar.Chosen) -> None:
        if message.view != "quarantine":
            self.action_view(message.view)
