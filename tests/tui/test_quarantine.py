"""The quarantine: what is held, why, and what is in it."""

from core.config import Settings
from core.desk import Desk
from core.files import LocalFiles
from tests.mails import mail
from tests.tui.conftest import NARROW, Play
from tests.tui.test_desk import some_tickets

RAW = b"From: \x1b[31mred\x1b[0m\r\n\r\n\x1b]0;title\x07 body [bold]x[/]"


async def test_empty(play: Play) -> None:
    async with play(NARROW) as stage:
        await stage.press("7")
        await stage.sees("The quarantine is empty.")
        await stage.press("escape")
        await stage.until(lambda: stage.desk_screen.is_current)


async def test_a_held_mail_is_shown_with_its_reason_and_its_bytes(
    play: Play, service: Desk, settings: Settings
) -> None:
    await some_tickets(service, 1)
    sha256 = LocalFiles(settings.home / "files").put("raw", RAW)
    held = {"reason": "Its header is broken.", "detail": "Traceback of it"}
    await service.receive_mail(
        mail("held", raw={"sha256": sha256, "size": len(RAW)}, quarantine=held, subject="Held one")
    )
    async with play(NARROW) as stage:
        await stage.sees("Quarantine 1")
        await stage.press("g", "q")
        await stage.sees("Held because: Its header is broken.")
        await stage.sees("ttydesk mail quarantine retry")
        await stage.press("o")
        await stage.sees("Traceback of it")
        await stage.sees("␛]0;title")
        assert "[bold]x[/]" in stage.text() and "\x1b" not in stage.text()
        await stage.press("escape", "y")
        await stage.until(lambda: stage.app.clipboard.startswith("ttydesk mail quarantine retry "))
        await stage.press("3")
        await stage.until(lambda: stage.desk_screen.is_current)
        await stage.sees("Open · 1 of 1")


async def test_it_says_where_the_bytes_are_not(play: Play, service: Desk) -> None:
    await service.receive_mail(mail("held", quarantine={"reason": "Broken.", "detail": ""}))
    async with play(NARROW) as stage:
        await stage.press("7")
        await stage.sees("Broken.")
        await stage.press("enter")
        await stage.until(lambda: "missing" in stage.toasts())
