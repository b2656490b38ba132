"""Changing tickets: on the screen at once, in the desk a moment later, and back again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.desk import Desk
from core.errors import Forbidden
from core.models import Changed, Priority, Status, Ticket
from tests.mails import mail
from tests.tui.conftest import NARROW, Play, Stage
from tests.tui.test_desk import some_tickets


async def ticket_of(desk: Desk, number: int) -> Ticket:
    return (await desk.show_ticket(number)).ticket


class SlowDesk(Desk):
    """The real desk, but each change waits for a word from the test, which may be a refusal."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk._gateway)
        self.word: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def update_tickets(self, *arguments: Any, **named: Any) -> Changed:
        await self.word
        return await super().update_tickets(*arguments, **named)


@pytest.fixture
async def slow(desk: Desk) -> SlowDesk:
    return SlowDesk(desk)


@pytest.fixture
def play_slowly(play: Play, slow: SlowDesk) -> Play:
    @asynccontextmanager
    async def connect() -> AsyncIterator[Desk]:
        yield slow

    @asynccontextmanager
    async def start() -> AsyncIterator[Stage]:
        async with play(connect=connect) as stage:
            await stage.sees("The lamp is broken.")
            yield stage

    return start


async def test_a_change_is_seen_before_the_desk_has_answered(
    play_slowly: Play, service: Desk, slow: SlowDesk
) -> None:
    (number,) = await some_tickets(service, 1)
    async with play_slowly() as stage:
        await stage.press("s", "p")
        await stage.sees("◐ pending")
        assert (await ticket_of(slow, number)).status is Status.OPEN
        slow.word.set_result(None)
        await stage.sees("set to pending. z undoes it.")
        assert (await ticket_of(slow, number)).status is Status.PENDING


async def test_a_refusal_puts_the_old_state_back_and_says_why(
    play_slowly: Play, service: Desk, slow: SlowDesk
) -> None:
    await some_tickets(service, 1)
    async with play_slowly() as stage:
        await stage.press("s", "r")
        await stage.sees("✓ resolved")
        slow.word.set_exception(Forbidden("That is for [bold]admins[/] only."))
        await stage.until(lambda: "That is for [bold]admins[/] only." in stage.toasts())
        await stage.sees("● open")
        assert "✓" not in stage.text()
        await stage.press("z")
        await stage.sees("Nothing to undo.")


async def test_priority_and_assignment(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("p", "h")
        await stage.sees("set to high priority")
        await stage.press("I")
        await stage.sees("assigned to you")
        assert (await ticket_of(desk, number)).assignee_email == "ada@example.com"
        await stage.press("i")
        await stage.write("grace")
        await stage.press("enter")
        await stage.sees("assigned to grace@example.com")
        ticket = await ticket_of(desk, number)
        assert (ticket.priority, ticket.assignee_email) == (Priority.HIGH, "grace@example.com")


async def test_undo_and_redo_walk_through_the_session(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("p", "l")
        await stage.sees("set to low priority.")
        await stage.press("s", "p")
        await stage.sees("set to pending.")
        await stage.press("z", "z", "z")
        await stage.sees("Nothing to undo.")
        ticket = await ticket_of(desk, number)
        assert (ticket.status, ticket.priority) == (Status.OPEN, Priority.MEDIUM)
        await stage.press("Z")
        await stage.sees("Done again: #")
        assert (await ticket_of(desk, number)).priority is Priority.LOW
        await stage.press("z")
        await stage.sees("Undone: #")
        assert (await ticket_of(desk, number)).priority is Priority.MEDIUM


async def test_one_key_acts_on_all_that_are_marked_and_one_undoes_it(
    play: Play, service: Desk, desk: Desk
) -> None:
    numbers = await some_tickets(service)
    async with play(NARROW) as stage:
        await stage.press("x", "j", "V", "j", "e")
        await stage.sees("3 tickets resolved")
        states = [(await ticket_of(desk, number)).status for number in numbers]
        assert states.count(Status.RESOLVED) == 3 and not stage.desk_screen.tickets.marks
        await stage.press("z")
        await stage.sees("Undone: 3 tickets resolved")
        assert {(await ticket_of(desk, number)).status for number in numbers} == {Status.OPEN}


async def test_repeat_does_the_last_change_again_here(play: Play, service: Desk, desk: Desk) -> None:
    numbers = await some_tickets(service, 2)
    async with play() as stage:
        await stage.press("full_stop")
        await stage.sees("Nothing to repeat yet.")
        await stage.press("p", "h")
        await stage.sees("set to high priority.")
        await stage.press("g", "g", "j", "full_stop")
        await stage.sees("set again")
        assert {(await ticket_of(desk, number)).priority for number in numbers} == {Priority.HIGH}


async def test_resolve_goes_to_the_next(play: Play, service: Desk, desk: Desk) -> None:
    numbers = await some_tickets(service, 3)
    async with play(NARROW) as stage:
        await stage.press("enter")
        await stage.sees("(m2)")
        await stage.press("e")
        await stage.sees("(m1)")
        await stage.press("e")
        await stage.sees("(m0)")
        await stage.press("e")
        await stage.until(lambda: not stage.desk_screen.reading)
        await stage.sees("No open tickets")
        assert {(await ticket_of(desk, number)).status for number in numbers} == {Status.RESOLVED}


async def test_what_a_colleague_changed_since_is_left_by_undo(play: Play, service: Desk, desk: Desk) -> None:
    numbers = await some_tickets(service, 2)
    async with play(NARROW) as stage:
        await stage.press("x", "x", "s", "p")
        await stage.sees("2 tickets set to pending")
        await desk.update_tickets(numbers[:1], {"status": "closed"})
        await stage.press("z")
        await stage.sees("1 left, changed since")
        assert [(await ticket_of(desk, one)).status for one in numbers] == [Status.CLOSED, Status.OPEN]


async def test_a_customers_answer_opens_the_ticket_before_ones_eyes(play: Play, service: Desk) -> None:
    await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("s", "r", "6")
        await stage.sees("✓ resolved")
        await service.receive_mail(mail("again", in_reply_to=["<m0@example.com>"], content="No, it is not!"))
        await stage.sees("No, it is not!")
        await stage.sees("● open")


async def test_spam_leaves_the_lists_and_comes_back(play: Play, service: Desk, desk: Desk) -> None:
    first, second = await some_tickets(service, 2)
    async with play() as stage:
        await stage.sees("Lamp 1")
        await stage.press("exclamation_mark")
        await stage.sees(f"#{second} marked as spam. z undoes it.")
        await stage.until(lambda: "Lamp 1" not in stage.text().split("Lamp 0")[0])
        assert (await ticket_of(desk, second)).spam
        await stage.press("g", "exclamation_mark")
        await stage.until(lambda: "Lamp 0" not in stage.text())
        await stage.sees("Spam 1")
        await stage.sees("Lamp 1")
        await stage.press("exclamation_mark")
        await stage.sees("no spam any more")
        await stage.until(lambda: "There is no spam." in stage.text())
        await stage.press("z")
        await stage.sees(f"Undone: #{second} no spam any more")
        assert (await ticket_of(desk, second)).spam
        await stage.press("3")
        await stage.sees("Lamp 0")
        await stage.press("colon", *"spam", "enter")
        await stage.sees(f"#{first} marked as spam")
