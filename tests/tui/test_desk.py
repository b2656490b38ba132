"""The desk screen: what is seen where, and every key that moves about in it."""

import pytest

from core.config import Settings
from core.desk import Desk
from core.models import Status
from tests.mails import mail, sender
from tests.tui.conftest import NARROW, WIDE, Play


async def some_tickets(service: Desk, count: int = 5) -> list[int]:
    """Tickets from the oldest to the newest."""
    numbers = []
    for place in range(count):
        received = await service.receive_mail(mail(f"m{place}", subject=f"Lamp {place}"))
        assert received.number is not None
        numbers.append(received.number)
    return numbers


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_an_empty_desk_says_how_mail_gets_in(play: Play, size: tuple[int, int]) -> None:
    async with play(size) as stage:
        await stage.sees("There are no tickets yet.")
        assert "ttydesk mail import" in stage.text()
        await stage.press("r", "e", "s", "enter", "z", "full_stop", "y", "W", "H", "v", "f")
        await stage.press("escape", "escape", "escape")
        await stage.sees("There are no tickets yet.")


async def test_narrow_screens_show_the_list_or_the_ticket(play: Play, service: Desk) -> None:
    await some_tickets(service)
    async with play(NARROW) as stage:
        await stage.sees("Lamp 4")
        assert "The lamp is broken." not in stage.text()
        await stage.press("enter")
        await stage.sees("The lamp is broken. (m4)")
        assert "Lamp 3" not in stage.text()
        await stage.press("escape")
        await stage.sees("Lamp 3")
        assert stage.desk_screen.tickets.has_focus


async def test_wide_screens_show_what_is_under_the_cursor(play: Play, service: Desk) -> None:
    await some_tickets(service)
    async with play(WIDE) as stage:
        await stage.sees("The lamp is broken. (m4)")
        await stage.press("j")
        await stage.sees("The lamp is broken. (m3)")
        assert stage.desk_screen.tickets.has_focus
        await stage.press("enter")
        await stage.until(lambda: stage.desk_screen.thread.has_focus and "Lamp 4" in stage.text())


async def test_a_window_made_smaller_keeps_what_is_read(play: Play, service: Desk) -> None:
    await some_tickets(service)
    async with play(WIDE) as stage:
        await stage.press("j", "o")
        await stage.sees("(m3)")
        await stage.pilot.resize_terminal(*NARROW)
        await stage.until(lambda: "Lamp 4" not in stage.text() and "(m3)" in stage.text())
        await stage.pilot.resize_terminal(*WIDE)
        await stage.until(lambda: "Lamp 4" in stage.text() and "(m3)" in stage.text())


async def test_views_by_digit_by_g_and_by_command(play: Play, service: Desk, desk: Desk) -> None:
    numbers = await some_tickets(service)
    await desk.update_tickets(numbers[:2], {"status": "resolved"})
    await desk.update_tickets(numbers[2:3], {"assignee": "me"})
    async with play() as stage:
        await stage.press("5")
        await stage.sees("Resolved · 1 of 2")
        await stage.press("g", "m")
        await stage.sees("Mine · 1 of 1")
        await stage.press("colon")
        await stage.write("view all")
        await stage.press("enter")
        await stage.sees("All · 1 of 5")
        await stage.press("G")
        await stage.sees("All · 5 of 5")
        await stage.press("g", "g")
        await stage.sees("All · 1 of 5")


async def test_search_narrow_and_back(play: Play, service: Desk, desk: Desk) -> None:
    await some_tickets(service)
    await service.receive_mail(mail("other", subject="Chair", content="The chair is fine."))
    async with play() as stage:
        await stage.press("slash")
        await stage.write("chair")
        await stage.press("enter")
        await stage.sees("Search: chair · 1 of 1")
        await stage.press("backslash")
        await stage.until(lambda: stage.desk_screen.search_box.field.value == "chair ")
        await stage.write("status:closed")
        await stage.press("enter")
        await stage.sees("Nothing fits “chair status:closed”")
        await stage.press("escape")
        await stage.sees("Open · 1 of 6")


async def test_a_query_that_means_nothing_is_explained_beside_the_field(play: Play, service: Desk) -> None:
    await some_tickets(service)
    async with play() as stage:
        await stage.press("slash")
        await stage.write("statos:open")
        await stage.sees("Did you mean")
        await stage.press("enter")
        assert stage.desk_screen.search_box.field.has_focus
        await stage.press("escape")
        await stage.until(lambda: stage.desk_screen.tickets.has_focus and "Did you mean" not in stage.text())


async def test_order(play: Play, service: Desk) -> None:
    await some_tickets(service)
    async with play() as stage:
        await stage.press("S", "n")
        await stage.sees("by number")
        await stage.press("S", "n")
        await stage.sees("by number, reversed")
        await stage.until(lambda: getattr(stage.desk_screen.tickets.highlighted, "subject", "") == "Lamp 0")


async def test_help_shows_what_works_here_and_narrows(play: Play, service: Desk) -> None:
    await some_tickets(service)
    async with play() as stage:
        await stage.press("question_mark")
        await stage.sees("Take back what I did last")
        assert "Send the answer" not in stage.text()
        await stage.write("quotes")
        await stage.sees("No key does that here.")
        await stage.press("escape", "o", "question_mark")
        await stage.write("quotes")
        await stage.sees("Show or hide quotes and signatures")


async def test_the_palette_prints_keys_and_runs_commands(play: Play, service: Desk, desk: Desk) -> None:
    (number,) = await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("ctrl+p")
        await stage.write("status: pend")
        await stage.sees(":status pending")
        await stage.press("enter")
        await stage.sees(f"#{number} set to pending")
        await stage.press("ctrl+k")
        await stage.sees("Commands")
        assert stage.text().index("Set the status: pending") < stage.text().index("Answer the customer")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("statsu open", "Did you mean “status”?"),
        ("status", "needs one of open, pending, resolved, closed"),
        ("status done", "takes one of"),
        ("open seven", "is no ticket number"),
        ("open 99999", "#99999"),
        ("assign nobody@example.com", "nobody@example.com"),
    ],
)
async def test_commands_that_cannot_be_carried_out_are_explained(
    play: Play, service: Desk, line: str, sentence: str
) -> None:
    await some_tickets(service, 1)
    async with play() as stage:
        await stage.press("colon")
        await stage.write(line)
        await stage.press("enter")
        await stage.until(lambda: sentence in stage.toasts())


async def test_open_by_number_what_is_not_in_the_list(play: Play, service: Desk, desk: Desk) -> None:
    numbers = await some_tickets(service, 2)
    await desk.update_tickets(numbers[:1], {"status": "closed"})
    async with play(NARROW) as stage:
        await stage.press("colon")
        await stage.write(str(numbers[0]))
        await stage.press("enter")
        await stage.sees("The lamp is broken. (m0)")
        await stage.press("s", "o")
        await stage.sees(f"#{numbers[0]} set to open")
        assert (await desk.show_ticket(numbers[0])).ticket.status is Status.OPEN


async def test_new_mail_appears_by_itself(play: Play, service: Desk) -> None:
    await some_tickets(service, 1)
    async with play() as stage:
        await stage.sees("(m0)")
        await service.receive_mail(mail("new", subject="Fire!", sender=sender("grace@example.org")))
        await stage.sees("Fire!")
        await service.receive_mail(mail("m0b", in_reply_to=["<m0@example.com>"], content="Still dark here."))
        await stage.sees("Still dark here.")


async def test_other_keys_from_the_settings(play: Play, service: Desk, settings: Settings) -> None:
    await some_tickets(service, 1)
    keys = {"ticket.resolve": "d", "ticket.status": "f5"}
    async with play(settings=settings.model_copy(update={"keys": keys})) as stage:
        await stage.press("f5")
        await stage.sees("Status of #")
        await stage.press("escape", "e")
        assert "resolved" not in stage.desk_screen.status.state.note
        await stage.press("d")
        await stage.sees("resolved. z undoes it")


async def test_light_and_dark(play: Play) -> None:
    async with play() as stage:
        assert stage.app.current_theme.name == "ttydesk-dark"
        await stage.press("T")
        assert stage.app.current_theme.name == "ttydesk-light"
        await stage.press("T")
        assert stage.app.current_theme.dark
