"""A page of text to look at: a raw mail, the history of a ticket, why a message is where it is."""

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from core.text import safe_text

LONGEST = 200_000
"""Characters shown of a text; nobody scrolls through more."""


class Reader(ModalScreen[None]):
    CSS_PATH = "dialog.tcss"
    BINDINGS = [
        Binding("escape,q,enter", "leave", "Close", id="reader.leave"),
        Binding("j,down", "move(1)", "Down", show=False, id="reader.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="reader.up"),
        Binding("space,pagedown,ctrl+d", "page(1)", "Page down", show=False, id="reader.page-down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="reader.page-up"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        rest = len(text) - LONGEST
        more = f"\n\n… and {rest} characters more." if rest > 0 else ""
        self._text = safe_text(text[:LONGEST]) + more

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Text(self._title)
            box.border_subtitle = Text("j k to move, esc to close")
            with VerticalScroll():
                yield Static(Text(self._text), id="text")

    def action_move(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_page(self, direction: int) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_relative(y=direction * max(scroll.size.height - 2, 1), animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)
