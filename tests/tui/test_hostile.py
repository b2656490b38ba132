"""The attack mails on the screen: all that they do is show, wherever their words come to stand."""

import pytest
from textual.strip import Strip

from core.desk import Desk
from core.errors import Conflict
from core.files import LocalFiles
from core.models import Outcome
from sync.inbound import Intake, receive
from tests.attacks.write import FOLDER, THEMES
from tests.core.test_text import assert_prints_only, terminal_events
from tests.mails import mail
from tests.tui.conftest import NARROW, WIDE, Play, Stage


def assert_harmless(stage: Stage) -> None:
    """Nothing but printing characters, no link, no action, and no line longer than the screen."""
    strips: list[Strip] = stage.app.screen._compositor.render_strips()
    width, height = stage.app.size
    assert len(strips) == height
    for strip in strips:
        assert strip.cell_length == width
        assert_prints_only(strip.text)
        assert terminal_events(strip.text) <= {"draw"}
        for segment in strip:
            style = segment.style
            assert style is None or style.link is None
            assert style is None or not [key for key in style.meta if key == "@click"]


@pytest.fixture
async def attacked(service: Desk, tmp_path: object, settings: object) -> int:
    """A desk with a ticket from each attack mail; how many there are."""
    from core.config import Settings

    assert isinstance(settings, Settings)
    intake = Intake(LocalFiles(settings.home / "files"))
    for theme in THEMES:
        received = await receive(service, intake, (FOLDER / f"{theme}.eml").read_bytes())
        assert received.outcome in (Outcome.CREATED, Outcome.APPENDED), received
    return (await service.count_views()).all


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_list_and_conversation(play: Play, attacked: int, size: tuple[int, int]) -> None:
    async with play(size) as stage:
        screen = stage.desk_screen
        for place in range(attacked):
            assert_harmless(stage)
            await stage.press("enter")
            ticket = screen.tickets.highlighted
            assert ticket is not None
            await stage.until(lambda number=ticket.number: _shows(screen, number))  # type: ignore[misc]
            assert_harmless(stage)
            await stage.press("semicolon", "G", "left_square_bracket")
            assert_harmless(stage)
            await stage.press("escape", "j")
            await stage.sees(f"{min(place + 2, attacked)} of {attacked}")


def _shows(screen: object, number: int) -> bool:
    from tui.screens.desk import DeskScreen

    assert isinstance(screen, DeskScreen)
    return screen.conversation is not None and screen.conversation.ticket.number == number


async def test_every_dialog_that_shows_outside_text(play: Play, attacked: int) -> None:
    async with play(WIDE) as stage:
        screen = stage.desk_screen
        for _ in range(attacked):
            await stage.press("enter")
            ticket = screen.tickets.highlighted
            assert ticket is not None
            await stage.until(lambda number=ticket.number: _shows(screen, number))  # type: ignore[misc]
            for key in ("v", "f", "r", "y", "s", "i", "ctrl+p"):
                await stage.press(key)
                await stage.pilot.pause()
                assert_harmless(stage)
                await stage.press("escape")
            await stage.press("escape", "j")


@pytest.mark.parametrize("theme", THEMES)
async def test_notifications_status_line_and_window_title(play: Play, theme: str) -> None:
    text = THEMES[theme]
    async with play(NARROW) as stage:
        screen = stage.desk_screen
        screen.tell_error(Conflict(text, hint=text))
        screen.tell(text)
        stage.app.set_window_title(text)
        await stage.until(lambda: len(stage.app.screen.query("Toast")) == 1)
        await stage.pilot.pause()
        assert_harmless(stage)
        assert_prints_only(stage.app.title)
        assert terminal_events(stage.app.title) <= {"draw"} and "\n" not in stage.app.title


@pytest.mark.parametrize("theme", ["rich_markup", "textual_markup", "window_title", "bidi_override"])
async def test_names_drafts_and_newer_mail(play: Play, service: Desk, theme: str) -> None:
    text = "".join(char for char in THEMES[theme] if char != "\x00")
    hostile = {"name": text, "email": "mallory@example.net"}
    await service.receive_mail(mail("first", sender=hostile, cc=[hostile], subject=text, content=text))
    async with play(WIDE) as stage:
        await stage.press("r")
        await stage.write("x")
        await stage.sees("mallory@example.net")
        assert_harmless(stage)
        again = mail("again", sender=hostile, content=text, in_reply_to=["<first@example.com>"])
        await service.receive_mail(again)
        await stage.press("ctrl+s")
        await stage.sees("This came while you were writing")
        assert_harmless(stage)
