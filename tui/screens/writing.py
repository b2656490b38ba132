"""Writing answers and notes on the desk screen. Nothing typed is lost: not to a key, a refusal or a crash."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from textual import work

from core.errors import DeskError
from core.models import Conversation, Direction, Note, Recipients, Ticket
from core.text import safe_line
from tui.connection import LOST
from tui.history import Step
from tui.screens.changing import Changing
from tui.screens.confirm import Confirm
from tui.screens.menu import Choice
from tui.widgets.thread import Entry, entries

if TYPE_CHECKING:
    from tui.widgets.composer import Composer


_WARM_UP_PAUSE = 0.3


class Writing(Changing):
    """The composer's messages are answered by name, so that its editor need not be loaded at the start."""

    _composer_ready = False
    _version_told = False

    def start_writing(self) -> None:
        self.keeping = asyncio.Lock()
        """Drafts are put away one after the other, so that the newest is what stays."""
        self.mounting = asyncio.Lock()
        self.written: dict[tuple[int, str], str] = {}
        """What was typed here, by ticket and kind: newer than what the desk says."""
        self.seen: set[UUID] = set()
        """What stood on the ticket when the agent began to write, or was shown since."""
        self.find_local_drafts()

    def list_arrived(self) -> None:
        """The agent has something to look at: time to make what one types in, before it is asked for."""
        if self.composer is None:
            self.set_timer(_WARM_UP_PAUSE, self._warm_up)

    async def _warm_up(self) -> None:
        await self._mounted_composer()
        await self.mount_lines()

    @work(group="drafts")
    async def find_local_drafts(self) -> None:
        """What an earlier life of this terminal could not give to the database."""
        for number, kind in await asyncio.to_thread(self.drafts.waiting):
            content = await asyncio.to_thread(self.drafts.find, number, kind)
            if content is not None:
                self.written.setdefault((number, kind), content)
                self._note_unsent(number, kind, bool(content.strip()))

    async def action_reply(self) -> None:
        await self.write("reply")

    async def action_note(self) -> None:
        await self.write("note")

    async def write(self, kind: str, number: int | None = None) -> None:
        """Give the keys to the composer at once: what is typed next must not be taken for commands."""
        ticket = self.target
        number = number or (ticket.number if ticket else None)
        if number is None:
            self.tell("There is no ticket here.")
            return
        self.open_number(number)
        composer = await self._mounted_composer()
        shown = self.conversation
        if shown is not None and shown.ticket.number != number:
            shown = None
        self.seen = {entry.id for entry in entries(shown)} if shown else set()
        self._composer_ready = shown is not None
        who = self.facts.ticket or ticket
        people = shown.reply_to if shown else Recipients()
        content = self.written.get((number, kind), _draft(shown, kind))
        composer.begin(kind, number, _who(who) if who else "", people, content)
        composer.display = True
        self.add_class("-writing")
        self.set_focus(composer.area)
        self.call_after_refresh(self.thread.action_last)
        self.prepare(composer, kind, number, content)

    async def _mounted_composer(self) -> "Composer":
        """Made when first needed: its editor takes a moment to load."""
        from tui.widgets.composer import Composer

        async with self.mounting:
            if self.composer is None:
                composer = Composer(id="composer")
                composer.display = False
                await self.query_one("#ticket-pane").mount(composer)
                self.composer = composer
        return self.composer

    @work(exclusive=True, group="writing")
    async def prepare(self, composer: "Composer", kind: str, number: int, content: str) -> None:
        """Fetch what was not at hand: recipients, newer messages, a draft from elsewhere."""
        with self.told():
            conversation = await self.desk.show_ticket(number, self._limit)
            if (composer.number, composer.kind) != (number, kind) or not composer.display:
                return
            self.paint_conversation(conversation)
            self.seen |= {entry.id for entry in entries(conversation)}
            self._composer_ready = True
            composer.meet(_who(conversation.ticket), conversation.reply_to)
            draft = _draft(conversation, kind)
            if draft and (number, kind) not in self.written and draft != content:
                typed = composer.content.removeprefix(content)
                composer.content = f"{draft}{typed}"

    def on_composer_paused(self, message: "Composer.Paused") -> None:
        self.keep_draft(message.number, message.kind, message.content)

    @work(group="drafts")
    async def keep_draft(self, number: int, kind: str, content: str) -> None:
        """Into a file first, then into the database; the file goes when the database has it."""
        self.written[number, kind] = content
        async with self.keeping:
            kept = content if content.strip() else ""
            self._note_unsent(number, kind, bool(kept))
            try:
                await asyncio.to_thread(self.drafts.keep, number, kind, content)
            except OSError as error:
                self.tell(f"The draft could not be written to a file: {error.strerror}")
            try:
                await self.desk.save_draft(number, kind, kept)
            except LOST as error:
                self.connection.doubt(error)
            except DeskError as error:
                self.tell_error(error)
            else:
                await asyncio.to_thread(self.drafts.drop, number, kind, content)
            self.shelf.drop([number])

    def _note_unsent(self, number: int, kind: str, there: bool) -> None:
        if there:
            self.unsent.add((number, kind))
        else:
            self.unsent.discard((number, kind))
        self.paint_unsent()

    async def keep_all(self) -> None:
        """Put away what is being typed, and wait until that is done."""
        composer = self.composer
        if composer is not None and composer.has_text and composer.display:
            self.keep_draft(composer.number, composer.kind, composer.content)
        if keeping := [one for one in self.workers if one.group == "drafts"]:
            await self.workers.wait_for_complete(keeping)

    def on_composer_left(self) -> None:
        composer = self.composer
        if composer is not None:
            words = "Kept as a draft; press r or n to go on." if composer.has_text else ""
            self.put_away()
            self.tell(words)

    def put_away(self) -> None:
        """Close the composer; what was typed is kept."""
        if self.composer is not None:
            self.composer.keep()
            self.composer.display = False
            self.remove_class("-writing")
            self.set_focus(self.thread if self.reading else self.tickets)

    async def on_composer_switched(self, message: "Composer.Switched") -> None:
        if self.composer is not None:
            await self.write(message.kind, self.composer.number)

    def on_composer_editor_wanted(self) -> None:
        from tui.editor import edit

        composer = self.composer
        if composer is not None:
            with self.told(), self.app.suspend():
                composer.content = edit(composer.content, self.settings.editor)
            composer.keep()

    @work(exclusive=True, group="sending")
    async def on_composer_sent(self) -> None:
        """Look for what came meanwhile, then send; on a refusal the text stays where it is."""
        composer = self.composer
        if composer is None or not composer.display:
            return
        if not composer.has_text:
            self.tell("Nothing is written yet.")
            return
        if not self._composer_ready:
            self.tell("The ticket has not been fetched yet; the text is kept.")
            return
        composer.add_class("-busy")
        try:
            with self.told():
                people = composer.recipients() if composer.kind == "reply" else Recipients()
                if await self._nothing_newer(composer.number):
                    await self._send(composer, people)
        finally:
            composer.remove_class("-busy")

    async def _nothing_newer(self, number: int) -> bool:
        """Whether it may leave: nothing came since the agent began, or the agent says so."""
        conversation = await self.desk.show_ticket(number, self._limit)
        newer = [one for one in entries(conversation) if one.id not in self.seen]
        if not newer:
            return True
        self.seen |= {one.id for one in newer}
        self.paint_conversation(conversation)
        self.thread.action_last()
        words = "\n".join(map(_newer_words, newer[-5:]))
        title = "This came while you were writing"
        choices = [Choice("review", "review it first", "r"), Choice("send", "send anyway", "s")]
        return await self.app.push_screen_wait(Confirm(title, words, choices)) == "send"

    async def _send(self, composer: "Composer", people: Recipients) -> None:
        number, kind, content = composer.number, composer.kind, composer.content
        request_id = uuid4()
        async with self.in_order:
            if kind == "note":
                answer = await self.desk.note(number, content, request_id=request_id)
            else:
                answer = await self.desk.reply(
                    number, content, composer.then, people.to, people.cc,
                    grace_seconds=self.settings.grace_seconds, request_id=request_id,
                )  # fmt: skip
        words = f"answer to #{number}" if kind == "reply" else f"note on #{number}"
        self.history.did(Step(words, request_id, (number,), sent=kind == "reply"))
        composer.empty()
        self.put_away()
        await self.forget_draft(number, kind)
        for ticket in answer.tickets:
            self.paint_ticket(ticket)
        leaves = f"The answer leaves in {self.settings.grace_seconds:.0f} s. z takes it back."
        self.tell(leaves if kind == "reply" else "Note added. z undoes it.")
        self.refresh_conversation()

    async def forget_draft(self, number: int, kind: str) -> None:
        """It was sent; a pause saved just before may have come after."""
        async with self.keeping:
            self.written.pop((number, kind), None)
            await asyncio.to_thread(self.drafts.drop, number, kind)
            await self.desk.save_draft(number, kind, "")
        self._note_unsent(number, kind, False)
        self.shelf.drop([number])

    async def reopen_draft(self, number: int) -> None:
        if self.shown_number == number:
            self.refresh_conversation()
        await self.write("reply", number)

    def connection_moved(self, state: str) -> None:
        super().connection_moved(state)
        if state == "connected":
            self.meet()
            self.give_local_drafts()

    @work(group="meet")
    async def meet(self) -> None:
        with self.told():
            self.me = await self.desk.whoami()
            self.agents = await self.desk.list_agents()
            await self.tell_version()

    async def tell_version(self) -> None:
        """Once, and only where others bring the desk up to date."""
        if self._version_told or not self.settings.supabase.url:
            return
        from core.interface import other_program

        desk_version = await self.desk.desk_version()
        self._version_told = True
        if words := await asyncio.to_thread(other_program, desk_version):
            self.tell(words)

    @work(group="drafts")
    async def give_local_drafts(self) -> None:
        """The database is back: give it what was typed meanwhile."""
        for number, kind in await asyncio.to_thread(self.drafts.waiting):
            content = await asyncio.to_thread(self.drafts.find, number, kind)
            if content is not None:
                self.keep_draft(number, kind, content)


def _draft(conversation: Conversation | None, kind: str) -> str:
    drafts = conversation.drafts if conversation else []
    return next((one.content for one in drafts if one.kind == kind), "")


def _who(ticket: Ticket) -> str:
    return safe_line(ticket.requester_name or ticket.requester_email, limit=60)


def _newer_words(entry: Entry) -> str:
    if isinstance(entry, Note):
        who, did, text = entry.author_name or entry.author_email, "noted", entry.content
    else:
        who, text = entry.sender_name or entry.sender_email, entry.content
        did = "wrote" if entry.direction is Direction.INCOMING else "answered"
    return f"{safe_line(who, limit=60)} {did}: {safe_line(text, limit=160)}"
