"""The agent's screen: the list, the conversation, and the answer being written below it.

On a wide screen list and conversation stand side by side; on a narrow one they take turns.
The commands are in the classes it is made of.
"""

import inspect

from textual import work
from textual.app import ComposeResult
from textual.events import Resize
from textual.widgets import Input, Static

from core.errors import DeskError, SignedOut
from tui.keys import DESK_KEYS
from tui.screens.menu import Choice, Menu
from tui.screens.writing import Writing
from tui.widgets.conversation import ConversationPane
from tui.widgets.ground import Column, Row
from tui.widgets.key_line import KeyLine
from tui.widgets.status_line import StatusLine
from tui.widgets.ticket_facts import TicketFacts
from tui.widgets.ticket_list import TicketList
from tui.widgets.view_bar import ViewBar

_GO = (
    Choice("first", "top of the list", "g"),
    Choice("unassigned", "unassigned", "u"),
    Choice("mine", "mine", "m"),
    Choice("open", "open", "o"),
    Choice("pending", "pending", "p"),
    Choice("resolved", "resolved", "r"),
    Choice("all", "all", "a"),
    Choice("quarantine", "quarantine", "q"),
    Choice("spam", "spam", "!"),
)
_CHORD_PAUSE = 0.3

NO_TICKET = "No ticket is chosen.\n\nMove with j and k in the list;\nenter opens what is under the cursor."


class DeskScreen(Writing):
    _was_asked = False
    recent: list[str] = []
    """Commands of the palette, the newest first."""

    AUTO_FOCUS = "TicketList"
    BINDINGS = DESK_KEYS

    def compose(self) -> ComposeResult:
        yield ViewBar()
        with Row(id="panes"):
            with Column(id="list-pane"):
                yield Static(id="search-trouble", markup=False)
                yield Static(id="banner", markup=False)
                yield TicketList(now=self.clock)
            with Column(id="ticket-pane"):
                yield TicketFacts(self.clock())
                yield ConversationPane(self.clock())
                yield Static(NO_TICKET, id="no-ticket", markup=False)
        yield StatusLine()
        yield KeyLine()

    def on_mount(self) -> None:
        self.start_changing()
        self.show_nothing()
        self.start_browsing()
        self.start_writing()
        if self.connection.state != "connecting":  # it was quicker than the screen
            self.connection_moved(self.connection.state)
        if self.connection.has_desk:
            self.tickets_changed(frozenset())
        self.set_interval(1, self.repaint_times)

    def on_resize(self, event: Resize) -> None:
        self.fold(event.size.width)

    def repaint_times(self) -> None:
        """Ages grow by themselves; a running grace period counts down."""
        now = self.clock()
        conversation = self.conversation
        leaving = conversation is not None and any(
            one.dispatch is not None and one.dispatch.not_before > self.thread.now
            for one in conversation.messages
        )
        if leaving or (now - self.thread.now).total_seconds() >= 30:
            self.thread.repaint_ages(now)
            self.facts.now = now
            self.facts.refresh()

    @work(group="menus")
    async def action_go(self) -> None:
        chosen = await self.app.push_screen_wait(Menu("Go to", _GO, delay=_CHORD_PAUSE))
        if chosen == "first":
            if self.thread.has_focus:
                self.thread.action_first()
            else:
                self.tickets.action_first()
        elif chosen is not None:
            self.action_view(chosen)

    def action_back(self) -> None:
        """One step back. It never quits and never drops what was typed."""
        if self.command_box.display:
            self.close_command()
        elif self.reading:
            self.leave_ticket()
        elif not self.leave_search():
            self.set_focus(self.tickets)

    def action_leave(self) -> None:
        if self.reading:
            self.leave_ticket()
        else:
            self.leave_desk()

    @work(group="menus")
    async def leave_desk(self) -> None:
        """With unsent drafts only after a question; they are kept in any case."""
        from tui.screens.confirm import Confirm

        if self.unsent or (self.writing and self.composer is not None and self.composer.has_text):
            await self.keep_all()
            count = len(self.unsent)
            words = f"{count} draft{'s are' if count > 1 else ' is'} not sent. They stay where they are."
            choices = [Choice("quit", "quit", "y")]
            if await self.app.push_screen_wait(Confirm("Quit?", words, choices)) is None:
                return
        await self.app.run_action("quit")

    def action_help(self) -> None:
        from tui.screens.help import Help, listed_keys

        self.app.push_screen(Help(listed_keys(self.app, self)))

    @work(group="menus")
    async def action_palette(self) -> None:
        """Every command, with its key, those used last first."""
        from tui.commands import entries
        from tui.screens.picker import Picker

        listed = {entry.words: entry for entry in entries(self)}
        order = [words for words in self.recent if words in listed]
        order += [words for words in listed if words not in order]
        choices = [Choice(words, words, listed[words].key) for words in order]
        chosen = await self.app.push_screen_wait(Picker("Commands", choices, empty="No command fits."))
        if chosen is not None:
            self.recent = [chosen, *(words for words in self.recent if words != chosen)][:8]
            with self.told():
                ran = listed[chosen].run()
                if inspect.isawaitable(ran):
                    await ran

    def connection_moved(self, state: str) -> None:
        """Who is not signed in is asked at once, and then whenever a command was refused for it."""
        super().connection_moved(state)
        if state == "signed out" and not self._was_asked:
            self.action_login()
        self._was_asked = state == "signed out"

    def tell_error(self, error: DeskError) -> None:
        if isinstance(error, SignedOut) and self.connection.sign_in is not None:
            self.connection.doubt(error)
            self.action_login()
        else:
            super().tell_error(error)

    @work(group="sign-in")
    async def action_login(self) -> None:
        """In a window above everything: what is being written stays where it is."""
        from tui.screens.sign_in import SignInScreen

        sign_in = self.connection.sign_in
        if sign_in is None:
            self.tell("This desk has no sign-in.")
            return
        is_open = any(isinstance(one, SignInScreen) for one in self.app.screen_stack)
        if not is_open and await self.app.push_screen_wait(SignInScreen(sign_in)):
            self.connection.connect_now()

    def action_theme(self) -> None:
        from tui.themes import OURS

        self.app.theme = OURS["light" if self.app.current_theme.dark else "dark"].name

    def action_refresh_all(self) -> None:
        self.tickets_changed(frozenset())
        self.tell("Fetching everything anew.")

    async def action_command(self) -> None:
        await self.mount_lines()
        self.command_box.display = True
        field = self.command_box.field
        field.value = ""
        if field.suggester is None:
            from tui.commands import suggester

            field.suggester = suggester()
        self.set_focus(field)

    def close_command(self) -> None:
        self.command_box.display = False
        self.set_focus(self.thread if self.reading else self.tickets)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        if message.input.id != "command":
            return
        from tui.commands import run

        self.close_command()
        with self.told():
            run(self, message.value)
