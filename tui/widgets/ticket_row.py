"""One ticket as one line: which columns fit a width, and what stands in them.

Everything a customer wrote passes through `safe_line` here. Widths are in terminal cells, not in characters.
Status and priority are a sign and a letter each, so that they can be told apart without colours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from core.models import Priority, Sort, Status, Ticket
from core.text import relative_time, safe_line

STATUS_SIGNS = {Status.OPEN: "○o", Status.PENDING: "◔p", Status.RESOLVED: "✓r", Status.CLOSED: "■c"}
PRIORITY_SIGNS = {Priority.HIGH: "▲h", Priority.MEDIUM: "  ", Priority.LOW: "▽l"}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    title: str
    width: int
    """Cells, without the blank that goes before."""
    right: bool = False


def columns_for(width: int, digits: int = 4) -> list[Column]:
    """The columns of a line of `width` cells; the subject takes what is left."""
    left = [Column("number", "#", digits + 1, right=True)]
    if width >= 48:
        left.append(Column("age", "Age", 6, right=True))
    if width >= 36:
        left.append(Column("requester", "From", min(max(width // 5, 8), 24)))
    right = [Column("status", "St", 2), Column("priority", "Pr", 2)]
    if width >= 110:
        right.append(Column("assignee", "Assigned", 14))
    if width >= 120:
        right += [Column("messages", "Msgs", 4, right=True), Column("attachments", "Files", 5, right=True)]
    taken = 3 + sum(column.width + 1 for column in left + right)
    return [*left, Column("subject", "Subject", max(width - taken, 1)), *right]


def fit(text: str, width: int, right: bool = False) -> str:
    """Safe text in exactly `width` cells; what is cut ends in an ellipsis."""
    cells = len(text) if text.isascii() else cell_len(text)
    if cells > width:
        return set_cell_size(text, width - 1) + "…"
    blank = " " * (width - cells)
    return blank + text if right else text + blank


def age_of(ticket: Ticket, sort: Sort, now: datetime) -> str:
    """How long ago, of the time by which the list is ordered."""
    if sort is Sort.CREATED:
        then = ticket.created_at
    elif sort is Sort.WAITING:
        if ticket.waiting_since is None:
            return "-"
        then = ticket.waiting_since
    elif sort is Sort.UPDATED:
        then = ticket.updated_at
    else:
        then = ticket.last_message_at
    age = relative_time(then, now)
    return age.replace(" 20", "'") if len(age) > 6 else age


def sign_of(ticket: Ticket) -> str:
    """The first cells of a line: a dot where the customer waits for us."""
    return "•" if ticket.waiting_since else " "


_SHOWN: dict[str, Callable[[Ticket], str]] = {
    "number": lambda ticket: f"#{ticket.number}",
    "requester": lambda ticket: safe_line(ticket.requester_name) or safe_line(ticket.requester_email),
    "subject": lambda ticket: safe_line(ticket.subject) or "(no subject)",
    "status": lambda ticket: STATUS_SIGNS[ticket.status],
    "priority": lambda ticket: PRIORITY_SIGNS[ticket.priority],
    "assignee": lambda ticket: safe_line(ticket.assignee_name or ticket.assignee_email or "-"),
    "messages": lambda ticket: str(ticket.message_count),
    "attachments": lambda ticket: f"+{ticket.attachment_count}" if ticket.attachment_count else "",
}


def shown(column: Column, ticket: Ticket, sort: Sort, now: datetime) -> str:
    text = age_of(ticket, sort, now) if column.name == "age" else _SHOWN[column.name](ticket)
    return fit(text, column.width, column.right)


_AGE_TITLES = {Sort.CREATED: "New", Sort.WAITING: "Wait"}
_ORDERED = {Sort.PRIORITY: "priority", Sort.NUMBER: "number"}


def title(column: Column, sort: Sort, reverse: bool) -> str:
    """The column's name, with an arrow where it is the one the list is ordered by."""
    text = _AGE_TITLES.get(sort, column.title) if column.name == "age" else column.title
    if column.name == _ORDERED.get(sort, "age"):
        text = text[: column.width - 1] + ("▴" if reverse else "▾")
    return fit(text, column.width, column.right)


PARTS = (
    *(*Status, *Priority),
    *("header", "row", "quiet", "strong", "waiting", "cursor", "blurred", "marked", "empty"),
)
"""Whatever has a style of its own."""

_STYLES = dict.fromkeys(("number", "age", "assignee", "messages", "attachments"), "quiet")
_MOST_STRIPS = 4000


class TicketPainter:
    """Lines ready to paint, kept while they stay as they are.

    `style` gives the style of a part by its name; `clear` when what it gives has changed.
    """

    def __init__(self, style: Callable[[str], Style], now: Callable[[], datetime]) -> None:
        self._now = now
        self._style_of = style
        self._styles: dict[str, Style] = {}
        self._strips: dict[tuple[int, str, bool, Sort], tuple[Ticket, Strip]] = {}
        self.width = 0
        self._digits = 4
        self._columns: list[Column] = []

    def clear(self) -> None:
        self._styles.clear()
        self._strips.clear()

    def resize(self, width: int) -> None:
        """Also makes all ages new."""
        self.width, self._columns = width, columns_for(width, self._digits)
        self._strips.clear()

    def make_room(self, tickets: Sequence[Ticket]) -> bool:
        """Widen the column of numbers for these tickets; says whether that changed anything."""
        digits = max((len(str(ticket.number)) for ticket in tickets), default=0)
        if digits <= self._digits:
            return False
        self._digits = digits
        self.resize(self.width)
        return True

    def line(self, ticket: Ticket, cursor: str, marked: bool, sort: Sort) -> Strip:
        """`cursor` is the name of the cursor's style where it stands on the line, else empty."""
        key = (ticket.number, cursor, marked, sort)
        kept = self._strips.get(key)
        if kept is None or kept[0] is not ticket:
            if len(self._strips) >= _MOST_STRIPS:
                self._strips.clear()
            kept = self._strips[key] = (ticket, self._drawn(ticket, cursor, marked, sort))
        return kept[1]

    def header(self, sort: Sort, reverse: bool) -> Strip:
        text = "  " + "".join(f" {title(column, sort, reverse)}" for column in self._columns)
        return self._one("header", text)

    def message(self, text: str, y: int, height: int) -> Strip:
        """Line `y` of a text in the middle of `height` lines."""
        room = max(min(self.width - 4, 60), 1)
        lines = [line for part in text.split("\n") for line in wrap(part, room) or [""]]
        place = y - (height - len(lines)) // 3
        line = lines[place] if 0 <= place < len(lines) else ""
        return self._one("empty", line.center(self.width))

    def unknown(self, expected: bool) -> Strip:
        """A row that is not here yet, or none at all."""
        return self._one("empty", "   …" if expected else "")

    def _one(self, style: str, text: str) -> Strip:
        return Strip([Segment(fit(text, self.width), self._style(style))], self.width)

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            self._styles[name] = self._style_of(name)
        return self._styles[name]

    def _drawn(self, ticket: Ticket, cursor: str, marked: bool, sort: Sort) -> Strip:
        now = self._now()
        cells = [(("▌" if cursor else " ") + ("x" if marked else sign_of(ticket)), "waiting")]
        for column in self._columns:
            cells.append((f" {shown(column, ticket, sort, now)}", self._part(column.name, ticket)))
        if cursor or marked:
            return self._one(cursor or "marked", "".join(text for text, _ in cells))
        segments = [Segment(text, self._style(part)) for text, part in cells]
        strip = Strip(Segment.simplify(segments))
        return strip.adjust_cell_length(self.width, self._style("row"))

    def _part(self, column: str, ticket: Ticket) -> str:
        """The name of the style of a column."""
        if column == "status":
            return ticket.status
        if column == "priority":
            return ticket.priority
        if column == "subject" and ticket.waiting_since:
            return "strong"
        return _STYLES.get(column, "row")
