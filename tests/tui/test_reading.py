"""What can be done with a message: walking, folding, copying, following links, files, and the why of it."""

import webbrowser
from pathlib import Path

import pytest

from core.config import Settings
from core.desk import Desk
from core.files import LocalFiles
from tests.mails import mail
from tests.tui.conftest import NARROW, WIDE, Play
from tests.tui.test_desk import some_tickets

CONTENT = b"the log"


async def a_thread(service: Desk, settings: Settings | None = None) -> int:
    files = []
    if settings is not None:
        sha256 = LocalFiles(settings.home / "files").put("attachments", CONTENT)
        one = {"content_type": "text/plain", "content_id": None, "inline": False}
        files = [
            one | {"filename": "../log.txt", "size": len(CONTENT), "sha256": sha256},
            one | {"filename": "huge.bin", "size": 99_000_000, "sha256": None},
        ]
    text = "See https://example.com/a?b=1 and www.example.org.\n" + "A long story. " * 40
    received = await service.receive_mail(mail("m0", content=text, attachments=files))
    for place in range(1, 4):
        await service.receive_mail(
            mail(
                f"m{place}",
                in_reply_to=["<m0@example.com>"],
                content=f"Answer {place}. " * 60,
                quoted_text="> quoted words",
                signature="-- \nKim, sales",
            )
        )
    assert received.number is not None
    return received.number


async def test_the_end_stays_in_sight_where_something_opens_below(play: Play, service: Desk) -> None:
    await a_thread(service)
    async with play(NARROW) as stage:
        thread = stage.desk_screen.thread
        await stage.press("enter")
        await stage.sees("Answer 3.")
        await stage.press("G")
        await stage.until(lambda: thread.max_scroll_y and thread.scroll_offset.y == thread.max_scroll_y)
        end = thread.max_scroll_y
        await stage.pilot.resize_terminal(NARROW[0], NARROW[1] - 6)
        await stage.until(lambda: thread.max_scroll_y == end + 6)
        await stage.until(lambda: thread.scroll_offset.y == thread.max_scroll_y)
        await stage.press("k")
        await stage.pilot.resize_terminal(NARROW[0], NARROW[1] - 9)
        await stage.until(lambda: thread.max_scroll_y == end + 9)
        assert thread.scroll_offset.y == end + 5


async def test_walking_and_folding(play: Play, service: Desk) -> None:
    await a_thread(service)
    async with play(NARROW) as stage:
        thread = stage.desk_screen.thread
        await stage.press("enter")
        await stage.sees("Answer 3.")
        assert "quoted words" not in stage.text()
        await stage.press("semicolon", "G")
        await stage.sees("quoted words")
        await stage.sees("Kim, sales")
        await stage.press("semicolon")
        await stage.until(lambda: "quoted words" not in stage.text())
        await stage.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        await stage.sees("See https://example.com")
        assert thread.scroll_offset.y == 0
        await stage.press("right_square_bracket")
        await stage.sees("Answer 1.")
        await stage.press("g", "g")
        await stage.sees("See https://example.com")
        await stage.press("j", "ctrl+d", "k", "G")
        await stage.until(lambda: thread.scroll_offset.y == thread.max_scroll_y)


@pytest.mark.parametrize(
    ("key", "copied"),
    [
        ("y", "#1001"),
        ("a", "kim@example.com"),
        ("m", "<m0@example.com>"),
        ("l", "https://example.com/a?b=1"),
        ("s", "Broken lamp"),
    ],
)
async def test_copy(play: Play, service: Desk, key: str, copied: str) -> None:
    await a_thread(service)
    async with play(NARROW) as stage:
        await stage.press("enter", "g", "g")
        await stage.sees("See https://example.com")
        await stage.press("y", key)
        await stage.sees("Copied the ")
        assert stage.app.clipboard == copied


async def test_links_are_shown_whole_before_they_are_opened(
    play: Play, service: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_thread(service)
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda link: opened.append(link) or True)
    async with play(NARROW) as stage:
        await stage.press("enter", "g", "g", "f")
        await stage.sees("Links of this message")
        await stage.write("org")
        await stage.press("enter")
        await stage.sees("open it in the browser")
        assert not opened
        await stage.press("o")
        await stage.sees("Opened in the browser.")
        assert opened == ["http://www.example.org"]
        await stage.press("f", "enter", "y")
        await stage.sees("Copied the link")
        assert stage.app.clipboard == "https://example.com/a?b=1"


async def test_files_are_saved_beside_those_of_their_name(
    play: Play, service: Desk, settings: Settings, tmp_path: Path
) -> None:
    await a_thread(service, settings)
    folder = tmp_path / "downloads"
    async with play(WIDE) as stage:
        await stage.press("enter", "g", "g", "v")
        await stage.sees("huge.bin (99.0 MB)")
        await stage.press("enter", "s")
        await stage.sees("Into which folder?")
        for _ in range(2):
            stage.app.screen.query_one("Input").value = str(folder)  # type: ignore[attr-defined]
            await stage.press("enter")
            await stage.sees("Saved ")
            await stage.press("v", "enter", "s")
            await stage.sees("Into which folder?")
        saved = sorted(path.name for path in folder.iterdir())
        assert len(saved) == 2 and all((folder / name).read_bytes() == CONTENT for name in saved)
        assert {path.parent for path in folder.iterdir()} == {folder}
        await stage.press("escape", "v", "down", "enter", "s", "enter")
        await stage.until(lambda: "huge.bin was over the size limit" in stage.toasts())


async def test_why_and_history(play: Play, service: Desk, desk: Desk) -> None:
    number = await a_thread(service)
    await desk.update_tickets([number], {"priority": "high"})
    async with play(NARROW) as stage:
        await stage.press("enter")
        await stage.sees("Answer 3.")
        await stage.press("W")
        await stage.sees("It answers a message that is on this ticket (In-Reply-To).")
        await stage.sees("<m0@example.com>")
        await stage.press("escape", "H")
        await stage.sees("priority: medium → high")
        await stage.sees("ada@example.com")


async def test_a_very_long_thread_is_opened_at_its_end_and_the_rest_on_demand(
    play: Play, service: Desk
) -> None:
    await some_tickets(service, 1)
    await service.receive_mails(
        [mail(f"r{place}", in_reply_to=["<m0@example.com>"], content=f"Word {place}.") for place in range(60)]
    )
    async with play(NARROW) as stage:
        await stage.press("enter")
        await stage.sees("Word 59.")
        await stage.press("g", "g")
        await stage.sees("11 earlier messages not shown")
        await stage.press("left_curly_bracket")
        await stage.until(lambda: "earlier messages" not in stage.text())
        await stage.press("g", "g")
        await stage.sees("The lamp is broken.")
