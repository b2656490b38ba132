"""The list of tickets: draws its rows itself and asks for pages as they scroll into view.

It knows no desk. Its screen fetches the page that `load` gives, and each that `PageWanted` names:

        page = await self.desk.list_tickets(self.filter, want.sort, want.reverse, want.limit, want.after)
        self.tickets.give(want, page)    # an answer that is no longer waited for is passed over
        self.tickets.fail(want)          # or: it will be asked for again at the next move or reload

What has no place in a page of its own: `g g` is a chord and so the screen's, which calls `action_first`.
`Highlighted` comes after the cursor's move was painted; what is costly in answering it wants a pause besides.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from core.models import Sort, Ticket, TicketPage
from tui.marks import Marks
from tui.pages import TicketPages, Want
from tui.widgets.ticket_row import PARTS, TicketPainter

_HEADER = 1
_RELOAD_PAUSE = 0.25
_AGES_PAUSE = 30.0


def _key(keys: str, action: str, name: str, id: str, tooltip: str = "", show: bool = False) -> Binding:
    """With priority: without, it would first bubble up to the app, through everything the list lies in."""
    return Binding(keys, action, name, show, priority=True, id=f"list.{id}", tooltip=tooltip)


class TicketList(ScrollView, can_focus=True):
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ticket-list--{part}" for part in PARTS}
    DEFAULT_CSS = """
    TicketList {
        background: $surface;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;

        & > .ticket-list--header { color: $text-muted; background: $panel; }
        & > .ticket-list--low { color: $text-muted; }
        & > .ticket-list--quiet, & > .ticket-list--empty, & > .ticket-list--closed { color: $text-muted; }
        & > .ticket-list--strong { text-style: bold; }
        & > .ticket-list--waiting { color: $text-accent; }
        & > .ticket-list--marked { background: $secondary-muted; }
        & > .ticket-list--blurred { background: $block-cursor-blurred-background; }
        & > .ticket-list--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
        & > .ticket-list--open { color: $text-primary; }
        & > .ticket-list--pending { color: $text-warning; }
        & > .ticket-list--resolved { color: $text-success; }
        & > .ticket-list--high { color: $text-error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        _key("j,down", "move(1)", "Next", "next", "The next ticket"),
        _key("k,up", "move(-1)", "Previous", "previous"),
        _key("pagedown,ctrl+f", "page(1.0)", "Page down", "page_down"),
        _key("pageup,ctrl+b", "page(-1.0)", "Page up", "page_up"),
        _key("ctrl+d", "page(0.5)", "Half a page down", "half_page_down"),
        _key("ctrl+u", "page(-0.5)", "Half a page up", "half_page_up"),
        _key("home", "first", "First", "first", "The first ticket (also g g)"),
        _key("G,end", "last", "Last", "last", "The last ticket"),
        _key("enter,o", "open", "Open", "open", "Read the ticket", show=True),
        _key("x,space", "mark", "Mark", "mark", "Mark it, for a command on several", show=True),
        _key("V", "range", "Mark a range", "range", "Mark up to the cursor"),
        Binding("escape", "unmark", "Drop marks", show=False, id="list.unmark"),
    ]

    empty: reactive[str] = reactive("No tickets.")
    """What the list says while it has no rows: what is missing, and what to do."""

    @dataclass
    class PageWanted(Message):
        want: Want

    @dataclass
    class Highlighted(Message):
        ticket: Ticket | None
        """None when the list has become empty."""

    @dataclass
    class Opened(Message):
        ticket: Ticket

    @dataclass
    class MarksChanged(Message):
        numbers: frozenset[int]

    def __init__(
        self, *, id: str | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__(id=id)
        self.pages = TicketPages()
        self._marks = Marks(lambda numbers: self.post_message(self.MarksChanged(numbers)))
        self._row = 0
        self._number: int | None = None
        self._keep: int | None = None
        self._told: int | None = None
        self._telling = False
        self._reload_due = False
        self._rest: Timer | None = None
        self._painter = TicketPainter(lambda part: self.get_component_rich_style(f"ticket-list--{part}"), now)

    # For the screen

    def load(self, sort: Sort = Sort.LATEST, reverse: bool = False, keep: int | None = None) -> Want:
        """Begin a new list (a view, a search, an order); the old one stays until the first page is here.

        That page is the one to fetch now: as a message it would come after all that a new screen has to do.
        The cursor goes to the ticket `keep` if that is on the first page.
        """
        self._keep = keep
        self._marks.clear()
        self.pages.load(sort, reverse)
        want = self._next_want()
        assert want is not None  # nothing of a new list was asked for yet
        return want

    def reload(self) -> None:
        """Something changed somewhere: fetch again what is in view, a few times a second at most."""
        if self._rest is None:
            self._rest = self.set_timer(_RELOAD_PAUSE, self._end_rest)
            self.pages.reload()
            self._ask()
        else:
            self._reload_due = True

    def give(self, want: Want, page: TicketPage) -> None:
        """Take in the page that was wanted; one that is no longer waited for is passed over."""
        rows = len(self.pages)
        with self._repainting():
            taken = self.pages.give(want, page)
            if (taken and self._painter.make_room(page.tickets)) or want.kind == "start":
                self.refresh()
            if taken and want.kind == "start":
                self._number, self._keep = self._keep, None
                self._settle(len(self.pages) - 1 if want.from_end else 0)
            elif taken:
                self._settle(self._row + (len(self.pages) - rows if self.pages.from_end else 0))
        self._ask()

    def fail(self, want: Want) -> None:
        """The page cannot be had now; it is asked for again at the next move or reload."""
        self.pages.fail(want)

    def patch(self, number: int, **fields: Any) -> Ticket | None:
        """Paint a change at once. Gives the ticket as it was, for `put`; None when it is not here."""
        with self._repainting():
            return self.pages.patch(number, **fields)

    def put(self, *tickets: Ticket) -> None:
        """Paint tickets as the desk has them; ends what `patch` held."""
        with self._repainting():
            self.pages.put(*tickets)

    @property
    def highlighted(self) -> Ticket | None:
        return self.pages.ticket(self._row) if len(self.pages) else None

    @property
    def marks(self) -> frozenset[int]:
        return self._marks.all

    @property
    def selection(self) -> list[int]:
        """The tickets a command is about: the marked ones, else the one under the cursor."""
        if self._marks:
            return sorted(self._marks.all)
        return [self._number] if self._number is not None else []

    def clear_marks(self) -> None:
        with self._repainting():
            self._marks.clear()

    # What keys and the mouse do

    def action_move(self, rows: int) -> None:
        self._go(self._row + rows)

    def action_page(self, part: float) -> None:
        rows = max(int(self._view * abs(part)), 1)
        self._go(self._row + (rows if part > 0 else -rows))

    def action_first(self) -> None:
        self._go_to_end(from_end=False)

    def action_last(self) -> None:
        self._go_to_end(from_end=True)

    def action_open(self) -> None:
        if ticket := self.highlighted:
            self.post_message(self.Opened(ticket))

    def action_mark(self) -> None:
        """Mark or unmark and go on; an open range becomes marks instead."""
        if self._number is not None:
            with self._repainting():
                rows = 1 if self._marks.range_from is None else 0
                self._marks.toggle(self._number)
                self._go(self._row + rows)

    def action_range(self) -> None:
        if self._number is not None:
            with self._repainting():
                self._marks.toggle_range(self._number)

    def action_unmark(self) -> None:
        with self._repainting():
            self._marks.drop()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the screen's where there is nothing to drop."""
        return bool(self._marks) if action == "unmark" else True

    @on(events.Click)
    def click_row(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if (
            place
            and place.y >= _HEADER
            and self.pages.ticket(row := place.y - _HEADER + self.scroll_offset.y)
        ):
            self._go(row)
            if event.chain == 2:
                self.action_open()

    # The cursor

    @property
    def _view(self) -> int:
        """Rows in view."""
        return max(self.size.height - _HEADER, 1)

    @property
    def _width(self) -> int:
        """Cells of a line, the scroll bar's not among them."""
        return self.size.width - self.scrollbar_size_vertical

    def _go(self, row: int) -> None:
        found = self.pages.nearest(row)
        if found is None or found == self._row:
            self._ask()
            return
        old, self._row = self._row, found
        ticket = self.highlighted
        self._number = ticket.number if ticket else None
        if self._marks.range_from is not None:
            self._stretch_range(old)
        width, top = self.size.width, self.scroll_offset.y - _HEADER
        self.refresh(Region(0, old - top, width, 1), Region(0, found - top, width, 1))
        self._show_cursor()
        self._tell_highlighted()
        self._ask()

    def _go_to_end(self, from_end: bool) -> None:
        if self.pages.turn(from_end):
            if self._marks.range_from is not None:
                self._marks.end_range()
            self._ask()
        else:
            self._go(len(self.pages) if from_end else 0)

    def _settle(self, row: int) -> None:
        """After pages came: the cursor stays on its ticket, else goes to `row`; the view stays with it."""
        top, old = round(self.scroll_y), self._row
        self.virtual_size = Size(1, len(self.pages) + _HEADER)
        found = self.pages.row_of(self._number) if self._number is not None else None
        if found is None:
            found = self.pages.nearest(row)
        self._row = found or 0
        ticket = self.highlighted
        self._number = ticket.number if ticket else None
        self._show_cursor(top + self._row - old if top or self.pages.from_end else 0)
        self._tell_highlighted()
        if not ticket:
            self.refresh()

    def _show_cursor(self, top: int | None = None) -> None:
        """Scroll so that the cursor is in view, with `top` as first row if that can be."""
        top = round(self.scroll_y) if top is None else top
        top = max(min(top, self._row), self._row - self._view + 1, 0)
        if top != self.scroll_y:
            self.scroll_to(y=top, animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The cursor comes along when the wheel or the scroll bar moves the view."""
        super().watch_scroll_y(old_value, new_value)
        top = round(new_value)
        row = min(max(self._row, top), top + self._view - 1)
        if row != self._row:
            self._go(row)
        self._ask()

    def _stretch_range(self, old: int) -> None:
        anchor = self.pages.row_of(self._marks.range_from or 0)
        numbers = self.pages.numbers(old if anchor is None else anchor, self._row)
        with self._repainting():
            self._marks.stretch_range(numbers, whole=anchor is not None)

    def _tell_highlighted(self) -> None:
        if self._number != self._told and not self._telling:
            self._telling = True
            self.call_after_refresh(self._post_highlighted)

    def _post_highlighted(self) -> None:
        self._telling = False
        if self._number != self._told:
            self._told = self._number
            self.post_message(self.Highlighted(self.highlighted))

    def watch_has_focus(self, has_focus: bool) -> None:
        """Only the cursor looks different; Textual would look up every style anew, for milliseconds."""

    def _ask(self) -> None:
        if want := self._next_want():
            self.post_message(self.PageWanted(want))

    def _next_want(self) -> Want | None:
        top = round(self.scroll_y)
        bottom = top + self._view - 1
        self.pages.trim(top, bottom)
        return self.pages.want(top, bottom, self._number)

    def _end_rest(self) -> None:
        self._rest = None
        if self._reload_due:
            self._reload_due = False
            self.reload()

    # Drawing

    def on_mount(self) -> None:
        super().on_mount()  # type: ignore[no-untyped-call]
        self.set_interval(_AGES_PAUSE, self._repaint_all)

    def on_resize(self) -> None:
        self._repaint_all()
        if len(self.pages):
            self._show_cursor()
        self._ask()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.clear()

    def _repaint_all(self) -> None:
        self._painter.resize(self._width)
        self.refresh()

    def _lines(self) -> list[tuple[Ticket | None, bool, bool]]:
        """What each line in view shows."""
        pages, marks, top = self.pages, self._marks, self.scroll_offset.y
        shown = [(row, pages.ticket(row)) for row in range(top, top + self._view)]
        return [
            (ticket, row == self._row, ticket.number in marks if ticket else row < len(pages))
            for row, ticket in shown
        ]

    @contextmanager
    def _repainting(self) -> Iterator[None]:
        """Repaint the lines that show something else afterwards."""
        before, width = self._lines(), self.size.width
        yield
        changed = [y for y, (old, new) in enumerate(zip(before, self._lines(), strict=False)) if old != new]
        if changed:
            self.refresh(*(Region(0, y + _HEADER, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        pages = self.pages
        if self._painter.width != self._width:
            self._painter.resize(self._width)
        if y < _HEADER:
            return self._painter.header(pages.sort, pages.reverse)
        if not len(pages):
            return self._painter.message(self.empty, y - _HEADER, self._view)
        row = y - _HEADER + self.scroll_offset.y
        ticket = pages.ticket(row)
        if ticket is None:
            return self._painter.unknown(row < len(pages))
        cursor = "" if row != self._row else "cursor" if self.has_focus else "blurred"
        return self._painter.line(ticket, cursor, ticket.number in self._marks, pages.sort)
