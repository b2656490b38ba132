"""What a list of tickets holds of the desk's: a window of rows around what is in view.

The desk lists by keyset, so the list is a walk: from one end, each page begins behind the last ticket of the
one before. A `TicketPages` keeps the rows of one unbroken stretch of that walk and, of what it has walked
through, a place every hundred rows (key and cursor), from which any stretch can be fetched again. Every
answer is spliced in by its keys: it says what lies between its start and its last ticket, whatever was there
before. So a ticket is never shown twice and none is passed over, whatever changes between two pages.

A walk from the far end (`G`) is the same walk in the desk's reverse order, shown upside down.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from core.models import Priority, Sort, Ticket, TicketPage

PAGE = 100
"""Tickets in an ordinary page."""

FIRST_PAGE = 60
"""Enough for one screen: the first thing an agent waits for."""

LARGEST_PAGE = 800
AHEAD = 80
"""A page is asked for when what is in view comes within this many rows of what is not here."""

KEPT = 300
"""Rows kept on each side of the view when the window has outgrown its bound."""

MOST_ROWS = 1200

Key = tuple[int, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = 1 << 62
_RANKS = {priority: rank for rank, priority in enumerate(Priority)}


@dataclass(slots=True)
class Place:
    """A point of the walk: behind the ticket that has this key."""

    key: Key
    after: str | None
    row: int
    """Tickets before it; what others change meanwhile may make it a little wrong."""


@dataclass(frozen=True, eq=False, slots=True)
class Want:
    """A page that is needed: `sort`, `reverse`, `limit` and `after` are for `Desk.list_tickets`."""

    sort: Sort
    reverse: bool
    limit: int
    after: str | None
    kind: Literal["start", "stretch", "before", "after"]
    start: Place
    from_end: bool
    reach: Key = ()
    """The answer is too short to be of use when it ends before this."""


@dataclass(slots=True)
class Row:
    key: Key
    """Where the desk listed it; stays when the ticket is changed in place."""

    ticket: Ticket


def key_of(ticket: Ticket, sort: Sort, reverse: bool) -> Key:
    """Ascends in the order in which the desk lists."""
    key: Key
    if sort is Sort.LATEST:
        key = (-_microseconds(ticket.last_message_at), -ticket.number)
    elif sort is Sort.UPDATED:
        key = (-_microseconds(ticket.updated_at), -ticket.number)
    elif sort is Sort.CREATED:
        key = (-_microseconds(ticket.created_at), -ticket.number)
    elif sort is Sort.PRIORITY:
        key = (-_RANKS[ticket.priority], -_microseconds(ticket.updated_at), -ticket.number)
    elif sort is Sort.WAITING:
        since = ticket.waiting_since
        key = (_microseconds(since) if since else _NEVER, ticket.number)
    else:
        key = (-ticket.number,)
    return tuple(-part for part in key) if reverse else key


class TicketPages:
    """Rows are counted from the top of the list as shown, `len(pages)` of them as far as is known."""

    def __init__(self) -> None:
        self.sort = Sort.LATEST
        self.reverse = False
        self.from_end = False
        self.loaded = False
        """An answer has come: only then is an empty list empty."""
        self._rows: list[Row] = []
        self._index: dict[int, int] | None = {}
        self._skipped = 0
        self._beyond = 0
        self._complete = False
        self._start = Place((), None, 0)
        self._end: Place | None = None
        self._places = [self._start]
        self._asked: Want | None = None
        self._again: Want | None = None
        self._gap_asked = (-1, -1)
        self._pending: tuple[Sort, bool, bool] | None = None
        self._stale = False
        self._held: dict[int, dict[str, Any]] = {}

    def __len__(self) -> int:
        """All rows seen, those let go of included, and one more while the end is not known."""
        return self._known + self._open_end

    @property
    def _known(self) -> int:
        return self._skipped + len(self._rows) + self._beyond

    @property
    def _open_end(self) -> int:
        return int(self.loaded and not self._complete)

    @property
    def complete(self) -> bool:
        """Whether the far end of the walk was seen."""
        return self._complete

    def ticket(self, row: int) -> Ticket | None:
        """None where the row is not in the window."""
        place = self._turned(row) - self._skipped
        return self._rows[place].ticket if 0 <= place < len(self._rows) else None

    def row_of(self, number: int) -> int | None:
        place = self._places_by_number().get(number)
        return None if place is None else self._turned(place + self._skipped)

    def nearest(self, row: int) -> int | None:
        """The row of the window that is nearest to `row`."""
        if not self._rows:
            return None
        walked = min(max(self._turned(row), self._skipped), self._skipped + len(self._rows) - 1)
        return self._turned(walked)

    def numbers(self, first: int, last: int) -> list[int]:
        """The tickets of the rows from `first` to `last`, both included, in either order."""
        rows = range(min(first, last), max(first, last) + 1)
        return [ticket.number for row in rows if (ticket := self.ticket(row))]

    # What is wanted

    def load(self, sort: Sort, reverse: bool, from_end: bool = False) -> None:
        """Begin another walk; the rows of the old one stay until its first page is here."""
        self._pending = (sort, reverse, from_end)
        self._asked = self._again = None
        self._held.clear()

    def turn(self, from_end: bool) -> bool:
        """Begin at the other end, unless that end is here already. Says whether a page is needed for it."""
        whole = self._complete and self._end is None
        if not self._pending and (self._start.after is None if from_end == self.from_end else whole):
            return False
        sort, reverse, _ = self._pending or (self.sort, self.reverse, False)
        self._pending = (sort, reverse, from_end)
        self._asked = self._again = None
        return True

    def reload(self) -> None:
        """What is here may be out of date."""
        self._stale = True

    def want(self, top: int, bottom: int, keep: int | None = None) -> Want | None:
        """What to fetch next while the rows from `top` to `bottom` are in view; one page at a time.

        A reload reaches as far as the ticket `keep` was.
        """
        if self._asked:
            return None
        top, bottom = sorted((self._turned(top), self._turned(bottom)))
        self._asked, self._again = self._again or self._next_want(top, bottom, keep), None
        return self._asked

    def _next_want(self, top: int, bottom: int, keep: int | None) -> Want | None:
        if self._pending:
            sort, reverse, from_end = self._pending
            start = Place((), None, 0)
            return Want(sort, reverse != from_end, FIRST_PAGE, None, "start", start, from_end)
        if not self.loaded:
            return None
        if self._stale:
            return self._stretch(top, bottom, keep)
        first, last = self._skipped, self._skipped + len(self._rows)
        if (bottom < first and self._start.after) or (top > last and self._end):
            return self._gap(top, bottom)
        if bottom + AHEAD >= last and self._end:
            return self._asking("after", self._end, PAGE)
        if top - AHEAD < first and self._start.after:
            before = self._places[bisect_right(self._places, self._start.key, key=_key) - 2]
            limit = max(PAGE, first - before.row + AHEAD)
            return self._asking("before", before, limit, self._start.key)
        return None

    def _gap(self, top: int, bottom: int) -> Want | None:
        """For a view that left the window; not twice for one view, should the counts of rows be wrong."""
        if self._gap_asked == (top, bottom):
            return None
        self._gap_asked = (top, bottom)
        return self._stretch(top, bottom, None)

    def _stretch(self, top: int, bottom: int, keep: int | None) -> Want:
        start = self._places[max(bisect_right(self._places, top - AHEAD, key=_row) - 1, 0)]
        place = self._places_by_number().get(keep) if keep is not None else None
        reach = () if place is None else self._rows[place].key
        return self._asking("stretch", start, max(PAGE, bottom + AHEAD - start.row), reach)

    def _asking(
        self, kind: Literal["stretch", "before", "after"], start: Place, limit: int, reach: Key = ()
    ) -> Want:
        walk = self.reverse != self.from_end
        limit = min(limit, LARGEST_PAGE)
        return Want(self.sort, walk, limit, start.after, kind, start, self.from_end, reach)

    # What has come

    def fail(self, want: Want) -> None:
        """No answer will come; the same is wanted again when `want` is next called."""
        if want is self._asked:
            self._asked = None

    def give(self, want: Want, page: TicketPage) -> bool:
        """Take an answer in; False when it is not waited for any more, or too short and asked for anew."""
        if want is not self._asked:
            return False
        self._asked = None
        rows = [Row(key_of(one, want.sort, want.reverse), self._patched(one)) for one in page.tickets]
        end = Place(rows[-1].key, page.next, want.start.row + len(rows)) if rows and page.next else None
        if end and end.key < want.reach and want.limit < LARGEST_PAGE:
            self._again = replace(want, limit=min(2 * want.limit, LARGEST_PAGE))
            return False
        self._index = None
        if want.kind == "start":
            self._begin(want)
        if want.kind == "after":
            self._append(rows, end)
        elif want.kind == "before" and (end is None or end.key >= want.reach):
            self._prepend(want.start, [row for row in rows if row.key <= self._start.key])
        else:
            self._replace(want.start, rows, end)
        if end is None:
            self._complete = self._complete or want.kind != "before"
        else:
            self._remember(end)
        return True

    def _begin(self, want: Want) -> None:
        self.sort, self.from_end, self.loaded = want.sort, want.from_end, True
        self.reverse = want.reverse != want.from_end
        self._pending = None
        self._places = [want.start]
        self._skipped = self._beyond = 0
        self._rows = []
        self._complete = False

    def _replace(self, start: Place, rows: list[Row], end: Place | None) -> None:
        known = self._known
        self._rows, self._start, self._end = rows, start, end
        self._skipped = start.row
        self._beyond = max(0, known - start.row - len(rows)) if end else 0
        self._stale = False

    def _append(self, rows: list[Row], end: Place | None) -> None:
        self._drop(rows)
        self._rows += rows
        self._end = end
        self._beyond = max(0, self._beyond - len(rows)) if end else 0
        if end:
            end.row = self._skipped + len(self._rows)

    def _prepend(self, start: Place, rows: list[Row]) -> None:
        self._drop(rows)
        grown = len(rows) - (self._skipped - start.row)
        for place in self._places:
            if place.key > start.key:
                place.row += grown
        self._rows = rows + self._rows
        self._start = start
        self._skipped = start.row

    def _drop(self, rows: Iterable[Row]) -> None:
        """Take out what is listed at another place by now."""
        numbers = {row.ticket.number for row in rows}
        self._rows = [row for row in self._rows if row.ticket.number not in numbers]

    def _remember(self, place: Place) -> None:
        at = bisect_right(self._places, place.key, key=_key)
        behind = self._places[at].row if at < len(self._places) else _NEVER
        if min(place.row - self._places[at - 1].row, behind - place.row) >= FIRST_PAGE // 2:
            self._places.insert(at, place)
        self._order_rows(at)

    def _order_rows(self, at: int) -> None:
        """Rows of places ascend; where one was put right, those behind it may have to give way."""
        for before, place in zip(self._places[at - 1 :], self._places[at:], strict=False):
            if place.row > before.row:
                break
            place.row = before.row + 1

    def trim(self, top: int, bottom: int) -> None:
        """Let go of rows far from those in view when there are too many."""
        if len(self._rows) <= MOST_ROWS:
            return
        top, bottom = sorted((self._turned(top), self._turned(bottom)))
        self._index = None
        start = self._places[max(bisect_right(self._places, top - KEPT, key=_row) - 1, 0)]
        if start.key > self._start.key:
            cut = bisect_right(self._rows, start.key, key=lambda row: row.key)
            del self._rows[:cut]
            self._skipped += cut
            start.row = self._skipped
            self._start = start
        at = bisect_right(self._places, bottom + KEPT, key=_row)
        if at < len(self._places) and (self._end is None or self._places[at].key < self._end.key):
            end = self._places[at]
            cut = bisect_right(self._rows, end.key, key=lambda row: row.key)
            self._beyond += len(self._rows) - cut
            del self._rows[cut:]
            self._end = end
            end.row = self._skipped + cut

    # Changes of single tickets

    def patch(self, number: int, **fields: Any) -> Ticket | None:
        """Change a ticket before the desk has; gives it as it was, None when it is not in the window.

        Pages that come meanwhile may not know of it yet: the change is laid over them until `put`.
        """
        place = self._places_by_number().get(number)
        if place is None:
            return None
        self._held[number] = self._held.get(number, {}) | fields
        was = self._rows[place].ticket
        self._rows[place].ticket = was.model_copy(update=fields)
        return was

    def put(self, *tickets: Ticket) -> None:
        """Show tickets as they are, each at its place in the list; the next reload moves it."""
        places = self._places_by_number()
        for ticket in tickets:
            self._held.pop(ticket.number, None)
            if (place := places.get(ticket.number)) is not None:
                self._rows[place].ticket = ticket

    def _patched(self, ticket: Ticket) -> Ticket:
        fields = self._held.get(ticket.number)
        return ticket.model_copy(update=fields) if fields else ticket

    def _turned(self, row: int) -> int:
        """From rows as shown to places in the walk, and back."""
        return len(self) - 1 - row if self.from_end else row

    def _places_by_number(self) -> dict[int, int]:
        if self._index is None:
            self._index = {row.ticket.number: place for place, row in enumerate(self._rows)}
        return self._index


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


_key: Callable[[Place], Key] = lambda place: place.key  # noqa: E731
_row: Callable[[Place], int] = lambda place: place.row  # noqa: E731
