"""The line on top: the views, how many tickets each holds, and which one is shown."""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from core.models import Counts

VIEWS = ("unassigned", "mine", "open", "pending", "resolved", "all", "quarantine", "spam")
"""In the order of the keys 1 to 8."""
_RARE = ("quarantine", "spam")
"""Not on the line while there is nothing in them."""


class ViewBar(Widget):
    DEFAULT_CSS = """
    ViewBar {
        height: 1; padding: 0 1; background: $panel; color: $text-muted;
        & > .views--current { color: $foreground; text-style: bold underline; }
        & > .views--key { color: $text-disabled; }
        & > .views--count { color: $text-muted; }
    }
    """
    COMPONENT_CLASSES = {"views--current", "views--key", "views--count"}
    current: reactive[str] = reactive("open")
    counts: reactive[Counts | None] = reactive(None)

    @dataclass
    class Chosen(Message):
        view: str

    def render(self) -> Text:
        width = max(self.content_size.width, 20)
        for spare in (0, 1, 2, 3):
            line = self._line(spare)
            if cell_len(line.plain) <= width:
                break
        line.truncate(width, overflow="ellipsis")
        return line

    def _line(self, spare: int) -> Text:
        """The line with less and less on it: no keys, then narrow gaps, then only the current one's count."""
        line = Text(no_wrap=True)
        self._places: list[tuple[int, int, str]] = []
        for key, view in enumerate(VIEWS, start=1):
            count = self._count(view)
            current = view == self.current
            if view in _RARE and not current and count in ("", "0"):
                continue
            start = cell_len(line.plain)
            if spare < 1:
                line.append(f"{key} ", self._style("key"))
            line.append(view.capitalize(), self._style("current") if current else Style())
            if count and (spare < 3 or current):
                line.append(f" {count}", self._style("count"))
            self._places.append((start, cell_len(line.plain), view))
            line.append("  " if spare >= 2 else "   ")
        line.rstrip()
        return line

    def _count(self, view: str) -> str:
        if self.counts is None:
            return ""
        count: int = getattr(self.counts, view)
        return f"{count}+" if count >= self.counts.limit else str(count)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"views--{name}", partial=True)

    def on_click(self, event: Click) -> None:
        place = event.x - 1
        for start, end, view in self._places:
            if start <= place <= end:
                self.post_message(self.Chosen(view))
