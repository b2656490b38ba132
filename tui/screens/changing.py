"""Commands that change tickets. Each paints its change first, and puts the old state back when refused."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from textual import work

from core.errors import DeskError
from core.models import Agent, Priority, Status, Ticket
from core.text import safe_line
from tui.history import Step
from tui.screens.menu import Choice, Menu
from tui.screens.picker import Picker
from tui.screens.reading import Reading

STATUSES = (
    Choice("open", "open: we have to do something", "o"),
    Choice("pending", "pending: the customer has to", "p"),
    Choice("resolved", "resolved: done, an answer opens it again", "r"),
    Choice("closed", "closed: done for good", "c"),
)
PRIORITIES = (Choice("high", "high", "h"), Choice("medium", "medium", "m"), Choice("low", "low", "l"))
_NOBODY = "none"


class Changing(Reading):
    me: Agent | None = None
    agents: list[Agent] = []

    def start_changing(self) -> None:
        self.in_order = asyncio.Lock()
        """Commands reach the desk in the order in which the keys were pressed."""

    @work(group="commands")
    async def change(self, numbers: Sequence[int], changes: dict[str, Any], words: str) -> None:
        """Set fields of tickets: on the screen at once, in the desk a moment later."""
        before = self.paint_changes(numbers, changes)
        request_id = uuid4()
        try:
            async with self.in_order:
                answer = await self.desk.update_tickets(numbers, changes, request_id=request_id)
        except DeskError as error:
            for ticket in before:
                self.paint_ticket(ticket)
            self.tell_error(error)
            return
        for ticket in answer.tickets:
            self.paint_ticket(ticket)
        self.history.last_changes = changes
        self.history.did(Step(words, request_id, tuple(numbers)))
        self.tickets.clear_marks()
        self.tell(f"{words}. z undoes it.")

    def paint_changes(self, numbers: Sequence[int], changes: dict[str, Any]) -> list[Ticket]:
        """Returns the tickets that are here, as they were."""
        fields: dict[str, object] = {}
        if "status" in changes:
            fields["status"] = Status(changes["status"])
        if "priority" in changes:
            fields["priority"] = Priority(changes["priority"])
        if "spam" in changes:
            fields["spam"] = changes["spam"]
        if "assignee" in changes:
            assignee = changes["assignee"]
            if assignee == "me" and self.me is not None:
                fields |= {"assignee_email": self.me.email, "assignee_name": self.me.name}
            elif assignee != "me":
                fields |= {"assignee_email": assignee, "assignee_name": None}
        return [was for number in numbers if (was := self.patch_ticket(number, **fields)) is not None]

    def change_targets(self, changes: dict[str, Any], words: str) -> None:
        if numbers := self.targets:
            self.change(numbers, changes, f"{_tickets(numbers)} {words}")
        else:
            self.tell("There is no ticket here.")

    @work(group="menus")
    async def action_status(self) -> None:
        current = self.target.status if self.target and not self.tickets.marks else ""
        title = f"Status of {_tickets(self.targets)}"
        if self.targets and (chosen := await self.app.push_screen_wait(Menu(title, STATUSES, current))):
            self.change_targets({"status": chosen}, f"set to {chosen}")

    @work(group="menus")
    async def action_priority(self) -> None:
        current = self.target.priority if self.target and not self.tickets.marks else ""
        title = f"Priority of {_tickets(self.targets)}"
        if self.targets and (chosen := await self.app.push_screen_wait(Menu(title, PRIORITIES, current))):
            self.change_targets({"priority": chosen}, f"set to {chosen} priority")

    @work(group="menus")
    async def action_assign(self) -> None:
        numbers = self.targets
        if not numbers:
            return
        agents = [one for one in self.agents if one.active]
        choices = [Choice(_NOBODY, "nobody"), *map(_agent_choice, agents)]
        current = (self.target.assignee_email if self.target else None) or _NOBODY
        picker = Picker(f"Who works on {_tickets(numbers)}?", choices, current)
        chosen = await self.app.push_screen_wait(picker)
        if chosen is not None:
            assignee = None if chosen == _NOBODY else chosen
            words = "left to nobody" if assignee is None else f"assigned to {safe_line(chosen, limit=80)}"
            self.change(numbers, {"assignee": assignee}, f"{_tickets(numbers)} {words}")

    def action_assign_me(self) -> None:
        self.change_targets({"assignee": "me"}, "assigned to you")

    def action_spam(self) -> None:
        """Out of all lists but that of spam; on spam, back into them."""
        spam = self.target is None or not self.target.spam
        self.change_targets({"spam": spam}, "marked as spam" if spam else "no spam any more")

    def action_resolve(self) -> None:
        """Resolve and go to the next."""
        numbers = self.targets
        if not numbers:
            return
        self.change(numbers, {"status": "resolved"}, f"{_tickets(numbers)} resolved")
        if self.tickets.marks:
            return
        ticket = self.tickets.highlighted
        if ticket is None or ticket.number != numbers[0]:
            return
        self.tickets.action_move(1)
        following = self.tickets.highlighted
        if self.reading:
            if following is not None and following.number != numbers[0]:
                self.open_number(following.number)
            else:
                self.leave_ticket()

    def action_repeat(self) -> None:
        if self.history.last_changes is None:
            self.tell("Nothing to repeat yet.")
            return
        words = ", ".join(map(_change, self.history.last_changes.items()))
        self.change_targets(self.history.last_changes, f"set again: {safe_line(words, limit=80)}")

    @work(group="commands")
    async def action_undo(self) -> None:
        """Take back the newest command of this session; an answer comes back as a draft."""
        async with self.in_order:
            if not self.history.done:
                self.tell("Nothing to undo.")
                return
            step = self.history.done.pop()
            try:
                if step.sent:
                    answer = await self.desk.unsend(step.numbers[0], request_id=uuid4())
                else:
                    answer = await self.desk.undo(step.request_id, request_id=uuid4())
            except DeskError as error:
                self.history.done.append(step)
                self.tell_error(error)
                return
        for ticket in answer.tickets:
            self.paint_ticket(ticket)
        left = f" ({len(answer.skipped)} left, changed since)" if answer.skipped else ""
        self.tell(f"Undone: {step.words}{left}")
        if step.sent:
            await self.reopen_draft(step.numbers[0])
        else:
            self.history.undone.append(Step(step.words, answer.request_id, step.numbers))

    @work(group="commands")
    async def action_redo(self) -> None:
        async with self.in_order:
            if not self.history.undone:
                self.tell("Nothing to do again.")
                return
            step = self.history.undone.pop()
            with self.told():
                answer = await self.desk.undo(step.request_id, request_id=uuid4())
                for ticket in answer.tickets:
                    self.paint_ticket(ticket)
                self.history.done.append(Step(step.words, answer.request_id, step.numbers))
                self.tell(f"Done again: {step.words}")

    async def reopen_draft(self, number: int) -> None:
        """Writing overrides it."""
        raise NotImplementedError


def _tickets(numbers: Sequence[int]) -> str:
    return f"#{numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} tickets"


def _change(change: tuple[str, Any]) -> str:
    key, value = change
    if key == "spam":
        return "spam" if value else "no spam"
    return f"{key} {value or 'nobody'}"


def _agent_choice(agent: Agent) -> Choice:
    name, email = safe_line(agent.name, limit=60), safe_line(agent.email, limit=80)
    return Choice(agent.email, f"{name} <{email}>" if name else email)
