"""The window over the desk's pages, against a desk that changes while it is read."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.desk import Desk
from core.models import Priority, Sort, Status, TicketPage
from tests.tui.tickets import NOW, ListedTickets
from tui.pages import FIRST_PAGE, LARGEST_PAGE, MOST_ROWS, PAGE, TicketPages, Want, key_of

VIEW = 30


@dataclass
class Reader:
    """Looks at `VIEW` rows from `top` on, and has every page fetched at once."""

    source: ListedTickets
    pages: TicketPages
    top: int = 0

    def fetch(self) -> int:
        """Answer whatever is wanted until nothing is; how many pages that took."""
        taken = 0
        self.top = max(0, min(self.top, len(self.pages) - VIEW))
        while want := self.want():
            taken += 1
            assert taken < 40, "asks without end"
            known = len(self.pages)
            self.pages.give(want, self.source.page(want))
            if want.from_end:  # rows that came in above move those in view down
                self.top = max(
                    0, len(self.pages) - VIEW if want.kind == "start" else self.top + len(self.pages) - known
                )
        return taken

    def want(self) -> Want | None:
        bottom = self.top + VIEW - 1
        self.pages.trim(self.top, bottom)
        return self.pages.want(self.top, bottom)

    def shown(self) -> list[int | None]:
        rows = range(self.top, min(self.top + VIEW, len(self.pages)))
        return [ticket.number if (ticket := self.pages.ticket(row)) else None for row in rows]


def reader(*numbers: int, sort: Sort = Sort.UPDATED, reverse: bool = False) -> Reader:
    found = Reader(ListedTickets(*numbers), TicketPages())
    found.pages.load(sort, reverse)
    found.fetch()
    return found


def window(pages: TicketPages) -> list[int]:
    return [ticket.number for row in range(len(pages)) if (ticket := pages.ticket(row))]


def test_first_page_is_small_and_the_next_is_fetched_ahead() -> None:
    found = reader(*range(1, 1001))
    assert [(want.limit, want.after is None) for want in found.source.asked] == [
        (FIRST_PAGE, True),
        (PAGE, False),
    ]
    assert found.shown() == list(range(1000, 1000 - VIEW, -1))


def test_an_empty_list_is_empty_only_once_it_was_answered() -> None:
    pages = TicketPages()
    pages.load(Sort.UPDATED, False)
    assert not pages.loaded
    found = reader()
    assert found.pages.loaded and len(found.pages) == 0 and found.pages.nearest(0) is None


@pytest.mark.parametrize("from_end", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_walking_through_a_long_list_shows_it_all_and_holds_little(from_end: bool, reverse: bool) -> None:
    found = reader(*range(1, 5001), reverse=reverse)
    if from_end:
        assert found.pages.turn(from_end=True)
        found.fetch()
    seen: list[int | None] = []
    while True:
        seen += reversed(found.shown()) if from_end else found.shown()
        assert len(window(found.pages)) <= MOST_ROWS + LARGEST_PAGE
        if found.top == 0 if from_end else found.top >= len(found.pages) - VIEW:
            break
        found.top = max(0, found.top - VIEW) if from_end else found.top + VIEW
        found.fetch()
    expected = found.source.listed(reverse=reverse)
    assert list(dict.fromkeys(seen)) == (expected[::-1] if from_end else expected)
    assert found.pages.complete and len(found.pages) == 5000


def test_what_was_let_go_of_is_fetched_again_from_where_it_was() -> None:
    found = reader(*range(1, 5001))
    while not found.pages.complete:
        found.top += 50
        found.fetch()
    assert found.pages.ticket(0) is None
    for top in (2000, 1990, 1500, 4970, 0, 3000):
        found.top = top
        found.fetch()
        assert found.shown() == found.source.listed()[top : top + VIEW], top
    assert len(found.pages) == 5000


def test_new_mail_appears_at_the_top_on_reload() -> None:
    found = reader(*range(1, 501))
    found.source.change(501)
    assert found.shown()[0] == 500
    found.pages.reload()
    found.fetch()
    assert found.shown()[:2] == [501, 500]
    assert found.pages.row_of(500) == 1


def test_a_reload_reaches_as_far_as_the_ticket_under_the_cursor() -> None:
    found = reader(*range(1, 501))
    for number in range(501, 901):
        found.source.change(number)
    found.pages.reload()
    while want := found.pages.want(0, VIEW - 1, keep=490):
        found.pages.give(want, found.source.page(want))
    assert found.pages.row_of(490) == 410


def test_more_new_mail_than_a_page_leaves_no_gap_on_the_way_up() -> None:
    found = reader(*range(1, 3001))
    while found.top < 2500:
        found.top += 50
        found.fetch()
    for number in range(3001, 3301):
        found.source.change(number)
    while found.top > 0:
        found.top -= 20
        found.fetch()
        shown = [number for number in window(found.pages)]
        assert shown == found.source.listed()[found.source.listed().index(shown[0]) :][: len(shown)]
    assert found.shown()[0] == 3300


def test_a_ticket_that_moves_between_two_pages_is_listed_once() -> None:
    found = reader(*range(1, 301))
    moved = found.pages.ticket(5)
    assert moved
    found.source.change(moved.number, updated_at=found.source.tickets[100].updated_at)
    found.top = 180
    found.fetch()
    assert sorted(window(found.pages)) == sorted(set(window(found.pages)))


def test_an_answer_that_comes_late_is_passed_over() -> None:
    found = reader(*range(1, 301))
    found.top = 100
    late = found.want()
    assert late
    found.pages.load(Sort.NUMBER, True)
    assert not found.pages.give(late, found.source.page(late))
    found.top = 0
    found.fetch()
    assert found.shown()[0] == 1


def test_the_old_list_stays_until_the_new_one_is_here() -> None:
    found = reader(*range(1, 301))
    found.pages.load(Sort.NUMBER, True)
    want = found.want()
    assert want and found.shown()[0] == 300 and found.pages.sort is Sort.UPDATED
    found.pages.give(want, found.source.page(want))
    assert found.shown()[0] == 1 and found.pages.sort is Sort.NUMBER


def test_a_page_that_failed_is_wanted_again() -> None:
    pages = TicketPages()
    pages.load(Sort.UPDATED, False)
    want = pages.want(0, VIEW)
    assert want and pages.want(0, VIEW) is None
    pages.fail(want)
    again = pages.want(0, VIEW)
    assert again and again.after is None and not pages.give(want, TicketPage(tickets=[], next=None))


def test_the_end_of_a_list_that_is_here_needs_no_page() -> None:
    found = reader(*range(1, 31))
    assert not found.pages.turn(from_end=True)
    assert not found.pages.turn(from_end=False)
    found = reader(*range(1, 301))
    assert found.pages.turn(from_end=True)
    found.fetch()
    assert found.shown()[-1] == 1
    assert found.pages.turn(from_end=False)


def test_a_patch_shows_at_once_outlives_an_older_page_and_can_be_taken_back() -> None:
    found = reader(*range(1, 11))
    was = found.pages.patch(7, status=Status.RESOLVED)
    found.pages.patch(7, priority=Priority.HIGH)
    assert was and was.status is Status.OPEN
    found.pages.reload()
    found.fetch()
    shown = found.pages.ticket(3)
    assert shown and (shown.status, shown.priority) == (Status.RESOLVED, Priority.HIGH)
    found.pages.put(was)
    found.pages.reload()
    found.fetch()
    assert found.pages.ticket(3) == was
    assert found.pages.patch(999, status=Status.OPEN) is None


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("reverse", [False, True])
def test_every_order_pages_without_gap(sort: Sort, reverse: bool) -> None:
    found = Reader(ListedTickets(*range(1, 401)), TicketPages())
    for number in range(1, 401, 2):
        found.source.change(number, priority=list(Priority)[number % 3], waiting_since=NOW)
    found.pages.load(sort, reverse)
    found.fetch()
    while not found.pages.complete:
        found.top += VIEW
        found.fetch()
    assert window(found.pages) == found.source.listed(sort, reverse)


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("reverse", [False, True])
async def test_keys_order_as_the_desk_does(desk: Desk, service: Desk, sort: Sort, reverse: bool) -> None:
    for number, priority in enumerate([Priority.HIGH, Priority.LOW, Priority.MEDIUM, Priority.HIGH] * 3):
        changes = {"priority": priority} | ({"status": "pending"} if number % 3 else {})
        await desk.create_ticket("kim@example.org", f"Question {number}", "Text", changes=changes)
    page = await desk.list_tickets(sort=sort, reverse=reverse)
    keys = [key_of(one, sort, reverse) for one in page.tickets]
    assert len(keys) == 12
    assert keys == sorted(keys)

    first = await desk.list_tickets(sort=sort, reverse=reverse, limit=5)
    rest = await desk.list_tickets(sort=sort, reverse=reverse, limit=50, after=first.next)
    assert [*first.tickets, *rest.tickets] == page.tickets


CHANGES = st.one_of(
    st.tuples(st.just("scroll"), st.integers(-400, 400)),
    st.tuples(st.just("jump"), st.integers(0, 2000)),
    st.tuples(st.just("turn"), st.booleans()),
    st.tuples(st.just("reload"), st.none()),
    st.tuples(st.just("arrive"), st.integers(1, 150)),
    st.tuples(st.just("touch"), st.integers(1, 900)),
    st.tuples(st.just("leave"), st.integers(1, 900)),
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 900), st.lists(CHANGES, max_size=25))
def test_whatever_happens_a_reload_makes_the_view_true(
    count: int, changes: list[tuple[str, int | bool | None]]
) -> None:
    found = reader(*range(1, count + 1))
    newest = count
    for kind, value in changes:
        number = int(value or 0)
        if kind == "scroll":
            found.top = max(0, found.top + number)
        elif kind == "jump":
            found.top = number
        elif kind == "turn":
            found.pages.turn(from_end=bool(value))
        elif kind == "reload":
            found.pages.reload()
        elif kind == "leave":
            found.source.tickets.pop(number, None)
        else:
            arrived = range(newest + 1, newest + 1 + number) if kind == "arrive" else [number]
            for one in arrived:
                newest += 1
                found.source.change(one, updated_at=NOW.replace(year=2027, microsecond=newest))
        found.fetch()
        assert len(window(found.pages)) == len(set(window(found.pages)))
    found.pages.reload()
    found.fetch()
    shown = window(found.pages)
    listed = found.source.listed()
    place = listed.index(shown[0]) if shown else 0
    assert shown == listed[place : place + len(shown)]
    assert None not in found.shown()[1:-1]
