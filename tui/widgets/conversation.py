"""The conversation pane: one widget that draws the lines of a thread itself.

One widget for each message would cost milliseconds a message to mount and lay out; lines cost
microseconds, so that opening a long thread is one repaint.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from core.models import Conversation
from tui.widgets.thread import Entry, Line, Thread, is_foldable, lay_out

_STYLES = (
    "text", "text-link", "faint", "quoted", "incoming", "incoming-name", "outgoing", "outgoing-name",
    "note", "note-name", "note-text", "note-text-link", "file", "trouble", "mark",
)  # fmt: skip


class ConversationPane(ScrollView, can_focus=True):
    DEFAULT_CSS = """
    ConversationPane {
        height: 1fr; scrollbar-size-vertical: 1; scrollbar-gutter: stable; background: $background;
        & > .thread--text { color: $foreground; background: $background; }
        & > .thread--text-link { color: $primary; background: $background; text-style: underline; }
        & > .thread--faint { color: $text-muted; background: $background; }
        & > .thread--quoted { color: $text-muted; background: $background; text-style: italic; }
        & > .thread--incoming { color: $primary; background: $background; }
        & > .thread--incoming-name { color: $primary; background: $background; text-style: bold; }
        & > .thread--outgoing { color: $success; background: $background; }
        & > .thread--outgoing-name { color: $success; background: $background; text-style: bold; }
        & > .thread--note { color: $note; background: $note-ground; }
        & > .thread--note-name { color: $note; background: $note-ground; text-style: bold; }
        & > .thread--note-text { color: $foreground; background: $note-ground; }
        & > .thread--note-text-link { color: $primary; background: $note-ground; text-style: underline; }
        & > .thread--file { color: $accent; background: $background; }
        & > .thread--trouble { color: $error; background: $background; text-style: bold; }
        & > .thread--mark { color: $foreground; background: $background; text-style: bold; }
    }
    """
    COMPONENT_CLASSES = {f"thread--{name}" for name in _STYLES}
    BINDINGS = [
        Binding("j,down", "move(1)", "Down", show=False, id="thread.down", tooltip="One line down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="thread.up", tooltip="One line up"),
        Binding("ctrl+d", "half(1)", "Half page down", show=False, id="thread.half-down"),
        Binding("ctrl+u", "half(-1)", "Half page up", show=False, id="thread.half-up"),
        Binding("pagedown,space", "page_down", "Page down", show=False, id="thread.page-down"),
        Binding("pageup,backspace", "page_up", "Page up", show=False, id="thread.page-up"),
        Binding("home", "first", "Top", show=False, id="thread.first", tooltip="To the oldest message"),
        Binding("G,end", "last", "End", show=False, id="thread.last", tooltip="To the newest message"),
        Binding(
            "right_square_bracket", "step(1)", "Next message", show=False,
            id="thread.next", tooltip="To the next message",
        ),
        Binding(
            "left_square_bracket", "step(-1)", "Previous message", show=False,
            id="thread.previous", tooltip="To the message before",
        ),
        Binding(
            "semicolon", "fold", "Quotes", show=False,
            id="thread.fold", tooltip="Show or hide quotes and signatures",
        ),
        Binding(
            "left_curly_bracket", "earlier", "Earlier", show=False,
            id="thread.earlier", tooltip="Load earlier messages",
        ),
    ]  # fmt: skip

    @dataclass
    class EarlierWanted(Message):
        """The agent wants to see the messages that were left out."""

    def __init__(self, now: datetime, id: str | None = None) -> None:
        super().__init__(id=id)
        self.now = now
        self.conversation: Conversation | None = None
        self._thread = Thread()
        self._unfolded: frozenset[UUID] = frozenset()
        self._current = 0
        self._style_of: dict[str, Style] = {}
        self._width = 0
        self._end: int | None = None
        """Where the end was when it was last gone to."""

    @property
    def current(self) -> Entry | None:
        """The message or note that keys are about."""
        entries = self._thread.entries
        return entries[min(self._current, len(entries) - 1)] if entries else None

    def show(self, conversation: Conversation | None, now: datetime) -> None:
        """Another ticket begins at its newest message; the same ticket stays where it is read.

        Whoever reads the newest message is taken along to a newer one.
        """
        old, self.conversation, self.now = self.conversation, conversation, now
        same = old is not None and conversation is not None and old.ticket.id == conversation.ticket.id
        if not same:
            self._unfolded = frozenset()
        before, current = self._thread, self.current
        self._lay_out()
        place = self._thread.place_of(current.id) if same and current else None
        at_end = current is not None and current is before.entries[-1]
        if place is None or (at_end and place < len(self._thread.entries) - 1):
            self._current = max(len(self._thread.entries) - 1, 0)
            self._to_current()
        else:
            moved = self._thread.starts[place] - before.starts[min(self._current, len(before.starts) - 1)]
            self._current = place
            self.scroll_to(y=self.scroll_offset.y + moved, animate=False, force=True, immediate=True)

    def repaint_ages(self, now: datetime) -> None:
        self.now = now
        self._lay_out()

    @property
    def _room(self) -> int:
        """Cells for a line: all but the mark before it and the scroll bar behind it.

        Before it was ever seen it is taken to be as wide as the terminal, as on a narrow one it will be.
        """
        return max((self.container_size.width or self.app.size.width) - 2, 20)

    def _lay_out(self) -> None:
        self._width = self._room
        if self.conversation is None:
            self._thread = Thread()
        else:
            self._thread = lay_out(self.conversation, self._width, self._unfolded, self.now)
        self.virtual_size = Size(self._width, len(self._thread.lines))
        self.refresh()

    def _to_current(self) -> None:
        if self._thread.starts:
            start = self._thread.starts[min(self._current, len(self._thread.starts) - 1)]
            self.scroll_to(y=start, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        if self.conversation is not None and self._width != self._room:
            self._lay_out()
            self._to_current()
        elif self.scroll_offset.y == self._end:  # a field that opens below takes room from it
            self._to_end()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Nothing looks different with the focus here; Textual would look up every style anew."""

    def notify_style_update(self) -> None:
        self._style_of.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        index = scroll_y + y
        width = self.size.width
        if index >= len(self._thread.lines):
            return Strip.blank(width, self._style("text"))
        line = self._thread.lines[index]
        strip = self._strip(line, index).adjust_cell_length(width, self._style(line.ground))
        return strip.crop(scroll_x, scroll_x + width).apply_offsets(scroll_x, index)

    def _strip(self, line: Line, index: int) -> Strip:
        if (selection := self.text_selection) and (span := selection.get_span(index)) is not None:
            return self._selected_strip(line, *span)
        segments = [Segment(" ", self._style("text"))]
        spans = line.spans
        starts = self._thread.starts
        if starts and index == starts[min(self._current, len(starts) - 1)] and len(starts) > 1:
            segments = [Segment("▶", self._style("mark"))]
        segments += [Segment(span.text, self._style(span.style)) for span in spans]
        return Strip(segments)

    def _selected_strip(self, line: Line, start: int, end: int) -> Strip:
        from rich.text import Text

        text = Text(" ", no_wrap=True, end="")
        for span in line.spans:
            text.append(span.text, self._style(span.style))
        chosen = self.screen.get_component_rich_style("screen--selection")
        text.stylize(chosen, start, len(text.plain) if end < 0 else end)
        return Strip(text.render(self.app.console))

    def _style(self, name: str) -> Style:
        if (style := self._style_of.get(name)) is None:
            style = self._style_of[name] = self.get_component_rich_style(f"thread--{name}")
        return style

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = "\n".join(" " + "".join(span.text for span in line.spans) for line in self._thread.lines)
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    def action_move(self, lines: int) -> None:
        self.scroll_relative(y=lines, animate=False, force=True, immediate=True)
        self._follow_scroll()

    def action_half(self, direction: int) -> None:
        self.action_move(direction * max(self.size.height // 2, 1))

    def action_page_down(self) -> None:
        self.action_move(max(self.size.height - 2, 1))

    def action_page_up(self) -> None:
        self.action_move(-max(self.size.height - 2, 1))

    def action_first(self) -> None:
        self.scroll_to(y=0, animate=False, force=True, immediate=True)
        self._set_current(0)

    def action_last(self) -> None:
        self._to_end()
        self._set_current(len(self._thread.entries) - 1)

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)
        self._end = self.scroll_offset.y

    def action_step(self, step: int) -> None:
        self._set_current(self._current + step)
        self._to_current()

    def action_fold(self) -> None:
        """The current message first; where it has nothing folded, all of them."""
        entry = self.current
        if entry is None:
            return
        ids = {entry.id}
        if not is_foldable(entry):
            ids = {one.id for one in self._thread.entries}
        self._unfolded = self._unfolded - ids if ids <= self._unfolded else self._unfolded | ids
        self._lay_out()
        self._to_current()

    def action_earlier(self) -> None:
        if self.conversation is not None and self.conversation.earlier:
            self.post_message(self.EarlierWanted())

    def _follow_scroll(self) -> None:
        """Whatever is at the top is the current one; at the very end it is the newest."""
        if self.scroll_offset.y >= self.max_scroll_y:
            last_start = self._thread.starts[-1] if self._thread.starts else 0
            if last_start >= self.scroll_offset.y:
                self._set_current(len(self._thread.entries) - 1)
                return
        self._set_current(self._thread.entry_at(self.scroll_offset.y))

    def _set_current(self, index: int) -> None:
        index = min(max(index, 0), max(len(self._thread.entries) - 1, 0))
        if index != self._current:
            self._current = index
            self.refresh()
