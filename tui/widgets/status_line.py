"""The line that says where the agent is and how the desk is doing."""

from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from tui.widgets.wrap import cropped

_AWAY = {
    "connecting": "connecting…",
    "lost": "NOT CONNECTED, trying again",
    "signed out": "NOT SIGNED IN",
}


@dataclass(frozen=True)
class State:
    """What the line says; texts are safe to show."""

    place: str = ""
    """The view, the search, and where in it: "Open · 3 of 170"."""
    marked: int = 0
    unsent: int = 0
    connection: str = "connecting"
    """connecting, connected, lost or signed out."""
    mail: str = ""
    """How long ago the mailbox was read, or why it was not."""
    mail_trouble: bool = False
    note: str = ""
    """What was just done; it stands there until the next thing."""


class StatusLine(Widget):
    DEFAULT_CSS = """
    StatusLine {
        height: 1; padding: 0 1; background: $panel; color: $text-muted;
        & > .status--bad { color: $error; text-style: bold; }
        & > .status--good { color: $success; }
        & > .status--marked { color: $accent; text-style: bold; }
        & > .status--place { color: $foreground; }
    }
    """
    COMPONENT_CLASSES = {"status--bad", "status--good", "status--marked", "status--place"}
    state: reactive[State] = reactive(State())

    def say(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]

    def render(self) -> Text:
        """Where there is too little room, what is well and needs no looking at goes first."""
        width = max(self.content_size.width, 20)
        left = self._left()
        for brief in (False, True):
            right = self._right(brief)
            if cell_len(left.plain) + cell_len(right.plain) + 2 <= width:
                break
        left.truncate(max(width - cell_len(right.plain) - 2, 10), overflow="ellipsis")
        gap = width - cell_len(left.plain) - cell_len(right.plain)
        line = left.append(" " * max(gap, 1)).append_text(right)
        line.truncate(width, overflow="crop")
        return line

    def _left(self) -> Text:
        state = self.state
        line = Text(state.place, self._style("place"), no_wrap=True)
        if state.marked:
            line.append("   ").append(f"{state.marked} marked", self._style("marked"))
        if state.note:
            line.append("   ").append(cropped(state.note, 200))
        return line

    def _right(self, brief: bool) -> Text:
        state = self.state
        line = Text(no_wrap=True)
        if state.unsent:
            line.append(f"{state.unsent} unsent   ", self._style("marked"))
        if state.connection != "connected":
            kind = "marked" if state.connection == "connecting" else "bad"
            return line.append(f"○ {_AWAY[state.connection]}", self._style(kind))
        if state.mail and (state.mail_trouble or not brief):
            style = self._style("bad") if state.mail_trouble else Style()
            line.append(f"{state.mail}   ", style)
        line.append("●", self._style("good"))
        return line if brief else line.append(" connected")

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"status--{name}", partial=True)
