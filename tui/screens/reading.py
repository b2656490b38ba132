"""The conversation of the desk screen: opening a ticket, and what can be done with a message."""

from textual import on, work
from textual.timer import Timer

from core.errors import DeskError, NotFound
from core.models import Conversation, Message, Note
from core.text import safe_line
from tui.screens.browsing import Browsing
from tui.screens.menu import Choice, Menu
from tui.screens.picker import Picker
from tui.widgets.conversation import ConversationPane
from tui.widgets.thread import links
from tui.widgets.ticket_list import TicketList

FIRST_MESSAGES = 50
"""Messages fetched when a ticket is opened; a key fetches the earlier ones."""

_PREVIEW_PAUSE = 0.12
_OPENING = 0.025
"""Seconds that a ticket's painting waits for the conversation: most are here sooner."""


class Reading(Browsing):
    _preview_timer: Timer | None = None
    _limit = FIRST_MESSAGES

    @on(TicketList.Highlighted)
    def cursor_moved(self, message: TicketList.Highlighted) -> None:
        self._rest_soon()

    def _rest_soon(self) -> None:
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview_timer = self.set_timer(_PREVIEW_PAUSE, self.cursor_rests)

    def cursor_rests(self) -> None:
        """Fetch what the agent may open next; on a wide screen show what is under the cursor."""
        self.paint_place()
        ticket = self.tickets.highlighted
        if ticket is None:
            if not self.reading:
                self.show_nothing()
            return
        if self.wide and not self.reading and not self.writing and self.shown_number != ticket.number:
            self.show_number(ticket.number)
        self.fetch_neighbours()

    @work(exclusive=True, group="neighbours")
    async def fetch_neighbours(self) -> None:
        ticket = self.tickets.highlighted
        row = self.tickets.pages.row_of(ticket.number) if ticket else None
        if row is None:
            return
        around = [self.tickets.pages.ticket(one) for one in (row, row + 1, row - 1, row + 2) if one >= 0]
        for number in [one.number for one in around if one is not None]:
            if self.shelf.get(number) is None:
                age = self.shelf.age
                try:
                    self.shelf.put(await self.desk.show_ticket(number, FIRST_MESSAGES), age)
                except DeskError:
                    return  # opening it will say why

    @on(TicketList.Opened)
    def ticket_opened(self, message: TicketList.Opened) -> None:
        self.open_number(message.ticket.number)

    def open_number(self, number: int) -> None:
        """Bring the ticket to the front and give it the keys."""
        if self.writing and self.composer is not None and self.composer.number != number:
            self.put_away()
        self.drop_curtain(_OPENING)
        self._rest_soon()  # what may be opened next is fetched, but not before this one
        self.read(True)
        self.set_focus(self.thread)
        if self.shown_number != number:
            self.show_number(number)
        if self.conversation is not None:
            self.lift_curtain()

    def put_away(self) -> None:
        """Writing overrides it."""
        raise NotImplementedError

    def show_number(self, number: int) -> None:
        self.shown_number = number
        self._limit = FIRST_MESSAGES
        if conversation := self.shelf.get(number):
            self.paint_conversation(conversation)
            return
        ticket = self.tickets.pages.row_of(number)
        self.facts.ticket = self.tickets.pages.ticket(ticket) if ticket is not None else None
        self.thread.show(None, self.clock())
        self.refresh_conversation()

    def refresh_conversation(self) -> None:
        if self.shown_number is not None:
            self.fetch_conversation(self.shown_number)

    @work(exclusive=True, group="conversation")
    async def fetch_conversation(self, number: int) -> None:
        age = self.shelf.age
        try:
            conversation = await self.desk.show_ticket(number, self._limit)
        except DeskError as error:
            if isinstance(error, NotFound) and self.shown_number == number:
                self.leave_ticket()
                self.show_nothing()
            self.tell_error(error)
            return
        self.shelf.put(conversation, age)
        if self.shown_number == number:
            self.paint_conversation(conversation)
            self.lift_curtain()

    def paint_conversation(self, conversation: Conversation) -> None:
        self.no_ticket.display = False
        self.facts.display = self.thread.display = True
        self.facts.now = self.clock()
        self.facts.ticket = conversation.ticket
        self.thread.show(conversation, self.clock())
        for draft in conversation.drafts:
            self.unsent.add((conversation.ticket.number, draft.kind))
        self.paint_unsent()

    def show_nothing(self) -> None:
        self.shown_number = None
        self.facts.ticket = None
        self.thread.show(None, self.clock())
        self.facts.display = self.thread.display = False
        self.no_ticket.display = True

    def leave_ticket(self) -> None:
        if self.reading:
            if self.writing:
                self.put_away()
            self.read(False)
            self.set_focus(self.tickets)

    @on(ConversationPane.EarlierWanted)
    def load_earlier(self) -> None:
        self._limit += 200
        self.refresh_conversation()

    @property
    def current_message(self) -> Message | None:
        """The message the agent looks at; of a note, the newest message."""
        entry = self.thread.current
        if isinstance(entry, Note) or entry is None:
            messages = self.conversation.messages if self.conversation else []
            return messages[-1] if messages else None
        return entry

    @work(group="menus")
    async def action_copy(self) -> None:
        ticket, message = self.target, self.current_message
        if ticket is None:
            return
        found = links(message) if message else []
        values = {"y": f"#{ticket.number}", "a": ticket.requester_email, "s": ticket.subject}
        words = {"y": "ticket number", "a": "requester's address", "s": "subject"}
        if message is not None and self.shown_number == ticket.number:
            values["m"], words["m"] = message.message_id, "Message-ID"
            values["t"], words["t"] = message.content, "text of the message"
        if found:
            values["l"], words["l"] = found[0], f"link {safe_line(found[0], limit=50)}"
        choices = [Choice(key, words[key], key) for key in values]
        chosen = await self.app.push_screen_wait(Menu("Copy", choices, delay=0.25))
        if chosen is not None:
            self.copy(values[chosen], words[chosen])

    def copy(self, text: str, words: str) -> None:
        """To the terminal's clipboard (OSC 52), which also works over SSH."""
        self.app.copy_to_clipboard(text)
        self.tell(f"Copied the {words}.")

    @work(group="menus")
    async def action_links(self) -> None:
        entry = self.thread.current
        found = links(entry) if entry else []
        choices = [Choice(link, safe_line(link, limit=200)) for link in found]
        empty = "This message has no links."
        link = await self.app.push_screen_wait(Picker("Links of this message", choices, empty=empty))
        if link is None:
            return
        # Shown whole before anything is opened: what a link says and where it leads may differ.
        choices = [Choice("copy", "copy it", "y"), Choice("open", "open it in the browser", "o")]
        match await self.app.push_screen_wait(Menu(safe_line(link, limit=70), choices)):
            case "copy":
                self.copy(link, "link")
            case "open":
                import webbrowser

                opened = webbrowser.open(
                    link if "://" in link or link.startswith("mailto:") else f"http://{link}"
                )
                self.tell(
                    "Opened in the browser." if opened else "No browser was found; copy the link instead."
                )

    @work(group="menus")
    async def action_attachments(self) -> None:
        from tui.screens.attachments import handle_attachments

        message = self.current_message
        with self.told():
            await handle_attachments(self, message.attachments if message else [], self.files)

    @work(group="menus")
    async def action_why(self) -> None:
        """By which rule the message is in this ticket."""
        from tui.screens.explain import why_words
        from tui.screens.reader import Reader

        message = self.current_message
        if message is not None:
            with self.told():
                words = why_words(await self.desk.why(message.message_id), message)
                await self.app.push_screen_wait(Reader("Why this message is here", words))

    @work(group="menus")
    async def action_events(self) -> None:
        """What happened to the ticket, and who did it."""
        from tui.screens.explain import event_words
        from tui.screens.reader import Reader

        ticket = self.target
        if ticket is not None:
            with self.told():
                events = await self.desk.list_events(ticket.number)
                words = event_words(events, self.clock())
                await self.app.push_screen_wait(Reader(f"History of #{ticket.number}", words))
