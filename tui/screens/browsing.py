"""The list of the desk screen: views, search, order, and what changes by itself."""

import asyncio
import re
from dataclasses import dataclass
from functools import cached_property

from textual import on, work
from textual.timer import Timer
from textual.widgets import Input

from core.errors import DeskError, Invalid
from core.models import Sort, TicketFilter
from core.query import VIEWS, parse_query
from core.text import relative_time, safe_line
from tui.connection import LOST, sentence
from tui.pages import Want
from tui.screens.menu import Choice, Menu
from tui.screens.panes import Panes
from tui.widgets.entry_line import EntryLine
from tui.widgets.ticket_list import TicketList
from tui.widgets.view_bar import ViewBar

_COUNT_PAUSE = 0.3
_FIRST_LIST = 0.12
"""Seconds that the first painting waits for the list."""
_STALE_MAIL = 120
_WHY = re.compile(r"[:.;](?=\s|$)")

EMPTY = {
    "unassigned": "Every ticket has somebody who works on it.",
    "mine": "Nothing is assigned to you. Press g u for what nobody has taken yet.",
    "open": "No open tickets. Well done.",
    "pending": "No ticket waits for a customer's answer.",
    "resolved": "Nothing has been resolved yet.",
    "spam": "There is no spam.",
    "all": (
        "There are no tickets yet.\n\n"
        "Mail becomes tickets: connect a mailbox at Gmail with\n"
        "“ttydesk gmail connect”, or deliver into the Maildir;\n"
        "then run “ttydesk sync”. Old mail comes in with\n"
        "“ttydesk mail import PATH”.\n\n"
        "Only looking around?\n“ttydesk demo” shows a desk in full swing."
    ),
}
_SORTS = (
    Choice("latest", "newest message", "m"),
    Choice("updated", "last changed", "u"),
    Choice("created", "newest ticket", "c"),
    Choice("priority", "priority", "p"),
    Choice("waiting", "waiting longest", "w"),
    Choice("number", "number", "n"),
)
_EXAMPLES = "words, “a phrase”, status:open, assignee:me, from:kim@example.com"


def _in_short(problem: str) -> str:
    """What is wrong, without why: “ttydesk gmail status” and “ttydesk sync status” say all of it."""
    return safe_line(_WHY.split(problem, maxsplit=1)[0], limit=60)


@dataclass(frozen=True)
class Query:
    view: str = "open"
    """Where the agent came from, and goes back to."""
    text: str | None = None
    """What was searched for; None: the view itself."""


class Browsing(Panes):
    query_now = Query()
    filter_now = TicketFilter()
    sort_now = Sort.LATEST
    reverse_now = False
    _count_timer: Timer | None = None
    _narrowing = False

    @cached_property
    def search_box(self) -> EntryLine:
        return EntryLine("/", "search", _EXAMPLES)

    @cached_property
    def command_box(self) -> EntryLine:
        return EntryLine(":", "command")

    def start_browsing(self) -> None:
        self._mounting_lines = asyncio.Lock()
        self.drop_curtain(_FIRST_LIST)
        self.changed.subscribe(self, self.tickets_changed)
        self.moved.subscribe(self, self.connection_moved)
        self.show_banner("Opening the desk…")
        self.views.current = self.query_now.view
        self.set_interval(15, self.look_at_mailboxes)
        self.show_query(self.query_now)

    async def mount_lines(self) -> None:
        """Not with the screen, whose start they would hold up by 20 ms."""
        async with self._mounting_lines:
            if not self.search_box.is_attached:
                await self.query_one("#list-pane").mount(self.search_box, before=0)
                await self.mount(self.command_box, before=self.status)

    def show_query(self, query: Query) -> None:
        """Begin the list anew for a view or a search; an unclear search raises `Invalid`."""
        text = VIEWS[query.view] if query.text is None else query.text
        self.filter_now = parse_query(text, self.clock())
        self.query_now = query
        self.views.current = query.view if query.text is None else ""
        self.fetch_page(self.tickets.load(self.sort_now, self.reverse_now))
        self.paint_place()

    @on(TicketList.PageWanted)
    def page_wanted(self, message: TicketList.PageWanted) -> None:
        self.fetch_page(message.want)

    @work(group="pages")
    async def fetch_page(self, want: Want) -> None:
        try:
            page = await self.desk.list_tickets(
                self.filter_now, want.sort, want.reverse, want.limit, want.after
            )
        except DeskError as error:
            self.tickets.fail(want)
            self.list_failed(error)
        else:
            self.tickets.empty = self._empty_words()
            self.tickets.give(want, page)
            self.show_banner("")
            self.list_arrived()
            self.paint_place()
            self.lift_curtain()

    def list_arrived(self) -> None:
        """Writing overrides it."""
        raise NotImplementedError

    def list_failed(self, error: DeskError) -> None:
        """A list that could not be fetched must not look like an empty one."""
        is_lost = isinstance(error, LOST)
        if is_lost:
            self.connection.doubt(error)
        if self.connection.state not in {"connected", "connecting"} or (
            is_lost and self.connection.state == "connecting"
        ):
            return  # the banner says it, or soon will
        self.show_banner(f"The tickets could not be fetched: {sentence(error)}", trouble=True)

    def show_banner(self, words: str, trouble: bool = False) -> None:
        """A line or two above the list; no words: none."""
        self.banner.update(words)
        self.banner.set_class(trouble, "-trouble")
        self.banner.display = bool(words)

    def _empty_words(self) -> str:
        if self.query_now.text is not None:
            return (
                f"Nothing fits “{safe_line(self.query_now.text, limit=60)}”.\n\n"
                "Press esc to go back, or / to search again.\n"
                "You can write words, “a phrase”, -not, status:open,pending,\n"
                "assignee:me, from:kim@example.com, created:<7d, #1042."
            )
        counts = self.views.counts
        if counts is not None and counts.all == 0:
            return EMPTY["all"]
        return EMPTY[self.query_now.view]

    def tickets_changed(self, numbers: frozenset[int]) -> None:
        """Here or elsewhere: fetch again what is in view, and count."""
        self.shelf.drop(numbers)
        self.tickets.reload()
        if self._count_timer is None:
            self._count_timer = self.set_timer(_COUNT_PAUSE, self._count_soon)
        if self.shown_number is not None and (not numbers or self.shown_number in numbers):
            self.refresh_conversation()

    def refresh_conversation(self) -> None:
        """Reading overrides it."""
        raise NotImplementedError

    def _count_soon(self) -> None:
        self._count_timer = None
        self.count()

    @work(exclusive=True, group="count")
    async def count(self) -> None:
        try:
            counts = await self.desk.count_views()
        except DeskError as error:
            if isinstance(error, LOST):
                self.connection.doubt(error)
            return
        self.views.counts = counts
        self.tickets.empty = self._empty_words()
        self.paint_place()

    @work(exclusive=True, group="mailboxes")
    async def look_at_mailboxes(self) -> None:
        """How fresh the mail is: the daemon notes each round it makes."""
        try:
            known = await self.desk.list_mailboxes()
        except DeskError:
            return  # the connection's own state says it
        mailboxes = [one for one in known if one.connected]
        times = [one.synced_at for one in mailboxes if one.synced_at]
        if troubled := next((one for one in mailboxes if one.last_error), None):
            whose = "mail" if len(mailboxes) == 1 else safe_line(troubled.name, limit=20)
            self.status.say(mail=f"{whose}: {_in_short(troubled.last_error or '')}", mail_trouble=True)
        elif not times:
            self.status.say(mail="no mail read yet", mail_trouble=False)
        else:
            age = (self.clock() - min(times)).total_seconds()
            words = "mail now" if age < 60 else f"mail read {relative_time(min(times), self.clock())} ago"
            self.status.say(mail=words, mail_trouble=age > _STALE_MAIL)

    def connection_moved(self, state: str) -> None:
        self.status.say(connection=state)
        if state == "connected":
            self.show_banner("" if self.tickets.pages.loaded else "Fetching the tickets…")
            self.look_at_mailboxes()
        else:
            what_next = "Sign in with :login" if state == "signed out" else "Trying again…"
            self.show_banner(f"{self.connection.trouble} {what_next}", trouble=True)
            self.lift_curtain()

    def paint_place(self) -> None:
        """Which list this is, and where in it the cursor stands."""
        query = self.query_now
        place = (
            query.view.capitalize() if query.text is None else f"Search: {safe_line(query.text, limit=40)}"
        )
        if ticket := self.tickets.highlighted:
            row = self.tickets.pages.row_of(ticket.number)
            if row is not None and not self.tickets.pages.from_end:
                place += f" · {row + 1} of {self._total()}"
        if self.sort_now is not Sort.LATEST or self.reverse_now:
            words = next(one.words for one in _SORTS if one.value == self.sort_now)
            place += f" · by {words}{', reversed' if self.reverse_now else ''}"
        self.status.say(place=place)

    def _total(self) -> str:
        if self.tickets.pages.complete:
            return str(len(self.tickets.pages))
        counts = self.views.counts
        if counts is None or self.query_now.text is not None:
            return "many"
        count: int = getattr(counts, self.query_now.view)
        return f"{count}+" if count >= counts.limit else str(count)

    @on(TicketList.MarksChanged)
    def paint_marks(self, message: TicketList.MarksChanged) -> None:
        self.status.say(marked=len(message.numbers))

    @on(ViewBar.Chosen)
    def view_clicked(self, message: ViewBar.Chosen) -> None:
        self.action_view(message.view)

    def action_view(self, view: str) -> None:
        if view == "quarantine":
            self.open_quarantine()
            return
        self.close_search()
        self.show_query(Query(view))
        self.leave_ticket()
        self.set_focus(self.tickets)

    def leave_ticket(self) -> None:
        """Reading overrides it."""
        raise NotImplementedError

    def open_quarantine(self) -> None:
        from tui.screens.quarantine import QuarantineScreen

        self.app.push_screen(
            QuarantineScreen(self.connection, self.changed, self.files, self.views.counts, self.clock)
        )

    async def action_search(self, narrow: bool = False) -> None:
        await self.mount_lines()
        text = self.query_now.text if self.query_now.text is not None else VIEWS[self.query_now.view]
        self.search_box.field.value = f"{text} ".lstrip() if narrow else (self.query_now.text or "")
        self.search_box.display = True
        self.set_focus(self.search_box.field)
        self.search_box.field.action_end()

    def close_search(self) -> None:
        self.search_box.display = False
        self.say_about_search("")

    def say_about_search(self, words: str) -> None:
        self.search_trouble.update(words)
        self.search_trouble.display = bool(words)

    @on(Input.Changed, "#search")
    def check_search(self, message: Input.Changed) -> None:
        """Say beside the field what is wrong with a query, while it is written."""
        try:
            parse_query(message.value, self.clock())
        except Invalid as error:
            self.say_about_search(sentence(error))
        else:
            self.say_about_search("")

    @on(Input.Submitted, "#search")
    def take_search(self, message: Input.Submitted) -> None:
        text = message.value.strip()
        try:
            self.show_query(Query(self.query_now.view, text or None))
        except Invalid as error:
            self.say_about_search(sentence(error))
            return
        self.close_search()
        self.leave_ticket()
        self.set_focus(self.tickets)

    def leave_search(self) -> bool:
        """One step back; False when there was nothing to leave."""
        if self.search_box.display:
            self.close_search()
            self.set_focus(self.tickets)
            return True
        if self.query_now.text is not None:
            self.show_query(Query(self.query_now.view))
            return True
        return False

    @work(group="menus")
    async def action_sort(self) -> None:
        """The same order once more turns it around."""
        chosen = await self.app.push_screen_wait(Menu("Order by", _SORTS, self.sort_now))
        if chosen is not None:
            sort = Sort(chosen)
            self.set_sort(sort, not self.reverse_now if sort is self.sort_now else False)

    def set_sort(self, sort: Sort, reverse: bool = False) -> None:
        self.sort_now, self.reverse_now = sort, reverse
        self.fetch_page(self.tickets.load(sort, reverse))
        self.paint_place()
