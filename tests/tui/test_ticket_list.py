"""The list of tickets, by keys and mouse, over a desk of made-up tickets."""

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from textual import on
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from core.models import Priority, Sort, Status, Ticket
from core.text import safe_line
from tests.tui.tickets import NOW, ListedTickets, ticket
from tui.pages import Want
from tui.widgets.ticket_list import TicketList
from tui.widgets.ticket_row import TicketPainter, columns_for, fit

HEIGHT = 24
VIEW = HEIGHT - 1


class CountingList(TicketList):
    """Counts the lines it is asked to draw."""

    drawn = 0

    def render_line(self, y: int) -> Strip:
        self.drawn += 1
        return super().render_line(y)


class ListApp(App[None]):
    def __init__(self, source: ListedTickets) -> None:
        super().__init__()
        self.source = source
        self.said: list[object] = []
        self.broken = False

    def compose(self) -> ComposeResult:
        yield CountingList(now=lambda: NOW)

    @property
    def tickets(self) -> CountingList:
        return self.query_one(CountingList)

    def on_mount(self) -> None:
        self.fetch(self.tickets.load())
        self.tickets.focus()

    @on(TicketList.PageWanted)
    def page_wanted(self, message: TicketList.PageWanted) -> None:
        self.fetch(message.want)

    def fetch(self, want: Want) -> None:
        if self.broken:
            self.tickets.fail(want)
        else:
            self.tickets.give(want, self.source.page(want))

    @on(TicketList.Highlighted)
    def note_highlighted(self, message: TicketList.Highlighted) -> None:
        self.said.append(message.ticket and message.ticket.number)

    @on(TicketList.Opened)
    def note_opened(self, message: TicketList.Opened) -> None:
        self.said.append(f"open {message.ticket.number}")

    @on(TicketList.MarksChanged)
    def note_marks(self, message: TicketList.MarksChanged) -> None:
        self.said.append(message.numbers)

    @property
    def number(self) -> int | None:
        return self.tickets.highlighted.number if self.tickets.highlighted else None

    def lines(self) -> list[str]:
        return [self.tickets.render_line(y).text for y in range(self.tickets.size.height)]

    def shown(self) -> list[int]:
        """The numbers of the lines in view."""
        return [int(line.split("#")[1].split()[0]) for line in self.lines()[1:] if "#" in line]


@asynccontextmanager
async def showing(
    *numbers: int, size: tuple[int, int] = (80, HEIGHT)
) -> AsyncIterator[tuple[ListApp, Pilot[None]]]:
    app = ListApp(ListedTickets(*numbers))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def reload(app: ListApp, pilot: Pilot[None]) -> None:
    app.tickets.pages.reload()
    app.tickets.action_move(0)
    await pilot.pause()
    await app.tickets.wait_for_refresh()
    await pilot.pause()


async def test_the_cursor_begins_at_the_top_and_says_where_it_is() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        assert app.said == [50]
        await pilot.press("j", "down", "k")
        await pilot.pause()
        assert app.number == 49
        assert app.said[-1] == 49
        assert app.shown() == list(range(50, 50 - VIEW, -1))


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        (["G"], 1),
        (["end", "k"], 2),
        (["G", "home"], 500),
        (["pagedown"], 500 - VIEW),
        (["ctrl+d"], 500 - VIEW // 2),
        (["pagedown", "pagedown", "pageup"], 500 - VIEW),
        (["pagedown", "ctrl+u"], 500 - VIEW + VIEW // 2),
    ],
)
async def test_keys_go_far(keys: list[str], number: int) -> None:
    async with showing(*range(1, 501)) as (app, pilot):
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        assert app.number == number
        assert number in app.shown()


async def test_a_step_repaints_two_lines() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        app.tickets.drawn = 0
        await pilot.press("j")
        await pilot.pause()
        assert app.tickets.drawn == 2


async def test_a_change_repaints_its_line_alone_and_an_equal_answer_nothing() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        app.tickets.drawn = 0
        was = app.tickets.patch(47, status=Status.RESOLVED)
        await pilot.pause()
        assert app.tickets.drawn == 1
        assert was is not None
        assert "✓r" in app.lines()[4]
        app.tickets.put(was)
        await pilot.pause()
        assert "○o" in app.lines()[4]
        app.tickets.drawn = 0
        await reload(app, pilot)
        assert app.tickets.drawn == 0


async def test_the_wheel_takes_the_cursor_along() -> None:
    async with showing(*range(1, 501)) as (app, pilot):
        app.tickets.scroll_to(y=100, animate=False)
        await pilot.pause()
        assert app.number == 400
        assert app.said[-1] == 400
        app.tickets.scroll_to(y=50, animate=False)
        await pilot.pause()
        assert app.number == 500 - 50 - VIEW + 1


async def test_a_click_moves_and_a_double_click_opens() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        await pilot.click(TicketList, offset=(10, 4))
        assert app.number == 47
        await pilot.click(TicketList, offset=(10, 6), times=2)
        await pilot.click(TicketList, offset=(10, 0), times=2)
        assert app.said[-1] == "open 45" or app.said[-2:] == ["open 45", 45]


async def test_enter_opens_what_is_under_the_cursor() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        await pilot.press("j", "enter")
        await pilot.pause()
        assert "open 49" in app.said


async def test_new_mail_comes_in_above_and_the_cursor_stays_on_its_ticket() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        await pilot.press("j", "j")
        app.source.change(51)
        app.source.change(52)
        await reload(app, pilot)
        assert app.number == 48
        assert app.shown()[:3] == [52, 51, 50]
        assert app.lines()[5].startswith("▌")


async def test_a_view_that_was_scrolled_stays_on_what_it_shows() -> None:
    async with showing(*range(1, 501)) as (app, pilot):
        await pilot.press("pagedown", "pagedown", "k")
        await pilot.pause()
        before = app.shown()
        for number in range(501, 511):
            app.source.change(number)
        await reload(app, pilot)
        assert app.shown() == before


async def test_when_the_ticket_under_the_cursor_leaves_the_next_one_has_it() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        await pilot.press("j", "j")
        del app.source.tickets[48]
        await reload(app, pilot)
        assert app.number == 47
        assert app.said[-1] == 47


async def test_the_last_ticket_leaves_an_empty_list_that_says_so() -> None:
    async with showing(1) as (app, pilot):
        app.tickets.empty = "Nothing here.\nPress g a for all."
        app.source.tickets.clear()
        await reload(app, pilot)
        assert app.said[-1] is None
        assert app.number is None and app.tickets.selection == []
        text = "\n".join(app.lines())
        assert "Nothing here." in text and "Press g a for all." in text
        await pilot.press("j", "G", "enter", "x", "V", "escape", "pagedown")


async def test_a_failed_page_is_asked_for_again_on_the_next_move() -> None:
    async with showing(*range(1, 501)) as (app, pilot):
        app.broken = True
        await pilot.press(*["pagedown"] * 12)
        await pilot.pause()
        assert app.number is not None and app.number > 300
        app.broken = False
        await pilot.press(*["pagedown"] * 12)
        await pilot.pause()
        await pilot.press(*["pagedown"] * 12)
        await pilot.pause()
        assert app.number is not None and app.number < 300


async def test_reloads_rest_between_two() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        asked = len(app.source.asked)
        for _ in range(10):
            app.tickets.reload()
        await pilot.pause()
        assert len(app.source.asked) == asked + 1


async def test_x_marks_and_the_selection_is_what_is_marked() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        assert app.tickets.selection == [50]
        await pilot.press("x", "x", "j", "x")
        assert app.tickets.marks == {50, 49, 47}
        assert app.tickets.selection == [47, 49, 50]
        assert [line[1] for line in app.lines()[1:5]] == ["x", "x", " ", "x"]
        await pilot.press("k", "x")
        assert app.tickets.marks == {50, 49}
        assert frozenset({50, 49}) in app.said


async def test_a_range_follows_the_cursor_both_ways() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        await pilot.press("j", "j", "V", "j", "j", "k")
        assert app.tickets.marks == {48, 47}
        await pilot.press("k", "k")
        assert app.tickets.marks == {49, 48}
        await pilot.press("V", "j", "j", "j")
        assert app.tickets.marks == {49, 48}


async def test_escape_drops_the_range_first_then_the_marks_then_is_not_the_lists() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        await pilot.press("x", "V", "j", "escape")
        assert app.tickets.marks == {50}
        await pilot.press("escape")
        assert app.tickets.marks == frozenset()
        assert app.tickets.check_action("unmark", ()) is False


async def test_a_range_reaches_across_pages_and_reloads() -> None:
    async with showing(*range(1, 1001)) as (app, pilot):
        await pilot.press("V")
        for _ in range(20):
            await pilot.press("pagedown")
            await pilot.pause()
        await reload(app, pilot)
        await pilot.press("j")
        assert app.number is not None
        assert app.tickets.marks == set(range(app.number, 1001))


async def test_a_new_list_drops_marks_and_goes_where_it_is_told() -> None:
    async with showing(*range(1, 51)) as (app, pilot):
        await pilot.press("x")
        app.fetch(app.tickets.load(Sort.NUMBER, reverse=True, keep=9))
        await pilot.pause()
        assert (app.number, app.tickets.marks) == (9, frozenset())
        assert app.shown()[0] == 1
        assert "▴" in app.lines()[0]


async def test_a_narrower_terminal_keeps_the_cursor_in_view() -> None:
    async with showing(*range(1, 101)) as (app, pilot):
        await pilot.press(*["j"] * 20)
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert app.number in app.shown()
        assert {cell_len(line) for line in app.lines()} == {59}


async def test_the_scroll_bar_covers_no_column() -> None:
    async with showing(*range(1, 101)) as (app, _):
        lines = [strip.text for strip in app.screen._compositor.render_strips()]
        assert lines[0].endswith("St Pr ")


async def test_ages_grow_while_nothing_else_happens() -> None:
    times = iter([NOW, NOW + timedelta(hours=3)])
    now = next(times)
    painter = TicketPainter(lambda name: Style(), lambda: now)
    painter.resize(80)
    one = ticket(1, updated_at=NOW - timedelta(minutes=5))
    assert " 5m " in painter.line(one, "", False, Sort.UPDATED).text
    now = next(times)
    painter.resize(80)
    assert " 3h " in painter.line(one, "", False, Sort.UPDATED).text


def drawn(
    one: Ticket, width: int = 80, sort: Sort = Sort.UPDATED, cursor: bool = False, marked: bool = False
) -> str:
    painter = TicketPainter(lambda name: Style(), lambda: NOW)
    painter.resize(width)
    return painter.line(one, "cursor" if cursor else "", marked, sort).text


@pytest.mark.parametrize("width", [20, 35, 36, 48, 60, 80, 109, 110, 120, 160, 250])
def test_columns_fill_the_line(width: int) -> None:
    assert cell_len(drawn(ticket(123456), width)) == width
    names = [column.name for column in columns_for(width)]
    assert {"number", "subject", "status", "priority"} <= set(names)
    assert ("assignee" in names, "attachments" in names) == (width >= 110, width >= 120)


@given(st.text(), st.text(), st.integers(20, 200), st.booleans())
def test_no_text_moves_a_column_or_prints_a_control(
    subject: str, name: str, width: int, cursor: bool
) -> None:
    line = drawn(ticket(7, subject=subject, requester_name=name, assignee_name=name), width, cursor=cursor)
    assert cell_len(line) == width
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in line)


@given(st.text(), st.integers(1, 40), st.booleans())
def test_fit_takes_the_cells_it_is_given(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(safe_line(text), width, right)) == width


def test_what_is_meant_can_be_read_without_colours() -> None:
    lines = {drawn(ticket(1, status=status, priority=priority)) for status in Status for priority in Priority}
    assert len(lines) == len(Status) * len(Priority)
    for cursor, marked in ((True, False), (False, True), (True, True)):
        assert drawn(ticket(1), cursor=cursor, marked=marked) != drawn(ticket(1))
    assert drawn(ticket(1, waiting_since=NOW))[1] == "•"


def test_the_age_is_that_of_the_order() -> None:
    one = ticket(
        1,
        created_at=NOW - timedelta(days=3),
        updated_at=NOW - timedelta(minutes=3),
        waiting_since=NOW - timedelta(hours=3),
    )
    found = [drawn(one, sort=sort) for sort in (Sort.CREATED, Sort.UPDATED, Sort.WAITING)]
    assert [" 3d " in found[0], " 3m " in found[1], " 3h " in found[2]] == [True] * 3
