"""What Textual itself costs: an app that is nothing but a list drawn by the line API."""

import sys

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

_PLAIN = Style.parse("white on black")
_CURSOR = Style.parse("black on white")


class BareList(ScrollView, can_focus=True):
    BINDINGS = [("j", "move(1)", "Next"), ("k", "first", "First")]
    row = reactive(0, repaint=False)

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.virtual_size = Size(0, rows)

    def action_move(self, rows: int) -> None:
        self.row += rows

    def action_first(self) -> None:
        self.row = 0

    def watch_row(self, old: int, new: int) -> None:
        self.refresh_line(old)
        self.refresh_line(new)
        if new >= self.scroll_offset.y + self.size.height:
            self.scroll_to(y=new - self.size.height + 1, animate=False)

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        text = f"{'▌' if row == self.row else ' '} #{row + 1001} Subject of ticket {row + 1001}"
        style = _CURSOR if row == self.row else _PLAIN
        return Strip([Segment(text.ljust(self.size.width), style)])


class BareApp(App[None]):
    def compose(self) -> ComposeResult:
        yield BareList(int(sys.argv[1]))


if __name__ == "__main__":
    BareApp().run()
