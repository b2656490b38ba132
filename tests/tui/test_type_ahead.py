"""Keys typed faster than the screen follows reach what the keys before them opened."""

from textual.events import Key

from core.desk import Desk
from core.models import Status
from tests.mails import mail
from tests.tui.conftest import Play, Stage


def burst(stage: Stage, text: str) -> None:
    """As a terminal sends them over a slow line: all at once."""
    names = {"\r": "enter", "\x1b": "escape", " ": "space"}
    for char in text:
        stage.app.post_message(Key(names.get(char, char), char))


async def test_a_menu_gets_the_key_behind_its_own(play: Play, service: Desk, desk: Desk) -> None:
    received = await service.receive_mail(mail("m"))
    assert received.number
    async with play() as stage:
        burst(stage, "sr")
        await stage.sees("set to resolved")
        assert (await desk.show_ticket(received.number)).ticket.status is Status.RESOLVED
        assert stage.desk_screen.composer is None or not stage.desk_screen.writing


async def test_words_typed_after_reply_are_no_commands(play: Play, service: Desk, desk: Desk) -> None:
    received = await service.receive_mail(mail("m"))
    assert received.number
    async with play() as stage:
        burst(stage, "rHello, please resend it")
        composer = stage.desk_screen
        await stage.until(
            lambda: composer.composer and composer.composer.content == "Hello, please resend it"
        )
        assert (await desk.show_ticket(received.number)).ticket.status is Status.OPEN
        assert not stage.desk_screen.history.done
