"""What every command of the desk screen stands on: its panes, the desk, and how trouble is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual.reactive import Reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from core.config import Settings
from core.desk import Desk
from core.errors import DeskError
from core.models import Conversation, Ticket
from core.text import safe_line
from tui.connection import LOST, Connection, sentence
from tui.drafts import DraftFolder
from tui.history import History
from tui.shelf import Shelf
from tui.widgets.conversation import ConversationPane
from tui.widgets.ground import Ground
from tui.widgets.status_line import StatusLine
from tui.widgets.ticket_facts import TicketFacts
from tui.widgets.ticket_list import TicketList
from tui.widgets.view_bar import ViewBar

if TYPE_CHECKING:
    from core.files import Files
    from tui.widgets.composer import Composer


WIDE = 110
"""Columns from which on list and conversation stand side by side."""
_PARTS_TELL = 0.002


class Panes(Ground, Screen[None]):
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """As Textual has it, but without painting the whole screen each time: who has the focus and who had it
    paint themselves, and the layout that an opened ticket needs would have to wait for that painting."""

    @cached_property
    def views(self) -> ViewBar:
        return self.query_one(ViewBar)

    @cached_property
    def search_trouble(self) -> Static:
        return self.query_one("#search-trouble", Static)

    @cached_property
    def banner(self) -> Static:
        return self.query_one("#banner", Static)

    @cached_property
    def tickets(self) -> TicketList:
        return self.query_one(TicketList)

    @cached_property
    def facts(self) -> TicketFacts:
        return self.query_one(TicketFacts)

    @cached_property
    def thread(self) -> ConversationPane:
        return self.query_one(ConversationPane)

    @cached_property
    def no_ticket(self) -> Static:
        return self.query_one("#no-ticket", Static)

    @cached_property
    def status(self) -> StatusLine:
        return self.query_one(StatusLine)

    def __init__(
        self,
        connection: Connection,
        changed: "Signal[frozenset[int]]",
        moved: "Signal[str]",
        settings: Settings,
        files: "Files | None",
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self.connection = connection
        self.changed = changed
        self.moved = moved
        self.settings = settings
        self.files = files
        self.clock = clock
        self.history = History()
        self.shelf = Shelf()
        self.drafts = DraftFolder(settings.home / "drafts")
        self.unsent: set[tuple[int, str]] = set()
        """Ticket and kind of every draft with something in it."""
        self.shown_number: int | None = None
        """The ticket in the conversation pane."""
        self.composer: Composer | None = None
        self._is_styled = False
        self._curtain: Timer | None = None
        self.reading = False
        """Whether the agent has opened a ticket, rather than looking at its preview."""

    def drop_curtain(self, seconds: float) -> None:
        """Paint nothing, for so long at most, of what is only half there: with the rest, all is painted once.

        Not with Textual's `batch_update`: when the terminal changes its size meanwhile, it never ends.
        """
        self._curtain = self._curtain or self.set_timer(seconds, self.lift_curtain)

    def lift_curtain(self) -> None:
        """What is ready is painted as soon as all parts have said what changed in them: not at Textual's
        next frame, which comes sixty times a second."""
        if self._curtain:
            self._curtain.stop()
            self._curtain = None
            self.set_timer(_PARTS_TELL, self._paint_now)

    def _paint_now(self) -> None:
        self._on_timer_update()
        self._compositor_refresh()

    def _on_timer_update(self) -> None:
        """Textual's frame: it lays out what changed, and has it painted."""
        if self._curtain:
            self._update_timer.pause()
        else:
            super()._on_timer_update()

    def _compositor_refresh(self) -> None:
        """Textual's painting; it keeps what was not painted for the next time."""
        if not self._curtain:
            super()._compositor_refresh()

    def update_node_styles(self, animate: bool = True) -> None:
        """Not when it first comes to the front: all on it was styled when it was mounted, just then."""
        if self._is_styled:
            super().update_node_styles(animate)
        self._is_styled = self._is_styled or self.is_mounted

    def run_worker(self, *work: Any, **kinds: Any) -> Worker[Any]:
        """Nothing is begun any more once the app ends, and the screen with it."""
        kinds["start"] = kinds.get("start", True) and self.app.is_running
        return super().run_worker(*work, **kinds)

    @property
    def desk(self) -> Desk:
        """Raises `Unreachable` or `SignedOut` while there is none."""
        return self.connection.desk

    @property
    def conversation(self) -> Conversation | None:
        return self.thread.conversation

    @property
    def writing(self) -> bool:
        return self.composer is not None and self.composer.display

    def read(self, reading: bool) -> None:
        self.reading = reading
        self.fold(self.size.width)

    def fold(self, width: int) -> None:
        """On a narrow screen list and conversation take turns.

        Not by a class of the screen: for that Textual looks up every style of everything on it anew,
        which takes longer than all the rest of opening a ticket.
        """
        self.query_one("#list-pane").display = width >= WIDE or not self.reading
        self.query_one("#ticket-pane").display = width >= WIDE or self.reading

    @property
    def wide(self) -> bool:
        return self.size.width >= WIDE

    @property
    def target(self) -> Ticket | None:
        """The one ticket that a command is about: the open one, else the one under the cursor."""
        if self.reading and self.facts.ticket is not None:
            return self.facts.ticket
        return self.tickets.highlighted

    @property
    def targets(self) -> list[int]:
        """Numbers of all tickets that a command is about."""
        if self.tickets.marks:
            return sorted(self.tickets.marks)
        return [self.target.number] if self.target else []

    @contextmanager
    def told(self) -> Iterator[None]:
        """The door where an error of the desk becomes a sentence for the agent."""
        try:
            yield
        except DeskError as error:
            self.tell_error(error)

    def tell_error(self, error: DeskError) -> None:
        if isinstance(error, LOST):
            self.connection.doubt(error)
        self.notify(sentence(error), title="Not done", severity="error", timeout=8, markup=False)

    def tell(self, words: str) -> None:
        """Say in the status line what was just done; `words` may hold outside text."""
        self.status.say(note=safe_line(words, limit=200))

    def paint_unsent(self) -> None:
        self.status.say(unsent=len(self.unsent))

    def paint_ticket(self, ticket: Ticket) -> None:
        """Show a ticket as it is now, wherever it stands."""
        self.tickets.put(ticket)
        if self.facts.ticket is not None and self.facts.ticket.number == ticket.number:
            self.facts.ticket = ticket

    def patch_ticket(self, number: int, **fields: object) -> Ticket | None:
        """Show a change before the desk answers; returns the ticket as it was, None if it is not here."""
        before = self.tickets.patch(number, **fields)
        if self.facts.ticket is not None and self.facts.ticket.number == number:
            before = before or self.facts.ticket
            self.facts.ticket = self.facts.ticket.model_copy(update=fields)
        return before
