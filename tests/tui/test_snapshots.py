"""How each state of the screen looks, cell by cell, at a fixed size and a fixed time.

After a wanted change: `pytest tests/tui/test_snapshots.py --snapshot-update`, and look at each picture.
"""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input, TextArea

from core.config import Settings, Supabase
from core.connect import Way
from core.desk import Desk
from core.errors import SignedOut
from core.sign_in import HostedSignIn
from tests.mails import mail, sender
from tests.tui.conftest import NARROW, NOW, WIDE, Play, Stage

SCREEN = Path(__file__).parents[2] / "docs" / "screen.svg"

LETTERS = (
    ("Kim Lee", "kim@example.com", "Lamp arrived broken", "The glass of the blue lamp is broken."),
    ("José Álvarez", "jose@example.es", "¿Dónde está mi pedido?", "Hice el pedido hace dos semanas."),
    ("王小明", "wang@example.cn", "发票问题", "你好 发票上的公司名称写错了"),
    ("Олена Коваль", "olena@example.ua", "Invoice 4711", "Could you send the invoice again?"),
    (
        "",
        "noreply@shop.example",
        "Question about prices for teams of fifty people",
        "How much is it?",
    ),
    ("Grace Hopper", "grace@navy.example", "Printer says LOAD LETTER", "What does it want from me?"),
)
STORY = """Hello,

since yesterday the printer in room 3 says LOAD LETTER. What I have tried:

  1. turning it off and on again, which helped last time
  2. the steps on https://help.example.com/printers/load-letter

We have a deadline on Friday, and the other printer is two floors up. Could you have a look?

Grace"""


@pytest.fixture
async def full(service: Desk, desk: Desk, database: str) -> int:
    """A desk with some days of mail in it, all times counted from `NOW`; the number of its longest ticket."""
    numbers: list[int] = []
    for place, (name, email, subject, content) in enumerate(LETTERS * 3):
        at = f"2026-03-02T10:{place:02}:00Z"
        letter = mail(
            f"m{place}", sender=sender(email, name), subject=subject, content=content, received_at=at
        )
        numbers.append((await service.receive_mail(letter)).number or 0)
    longest = numbers[-1]
    await desk.update_tickets(numbers[::3], {"priority": "high", "assignee": "me"})
    await desk.update_tickets(numbers[1::5], {"status": "pending", "priority": "low"})
    await desk.update_tickets(numbers[2::6], {"status": "resolved", "assignee": "grace@example.com"})
    photo = {
        "filename": "display.png", "content_type": "image/png", "size": 123_456, "sha256": "a" * 64,
        "content_id": None, "inline": False,
    }  # fmt: skip
    grace = sender("grace@navy.example", "Grace Hopper")
    answers = {"sender": grace, "in_reply_to": ["<m17@example.com>"], "received_at": "2026-03-02T10:30:00Z"}
    await service.receive_mail(
        mail("story", content=STORY, signature="-- \nRear Admiral", attachments=[photo], **answers)
    )
    await desk.note(longest, "The display is a known one: it wants another size of paper.\nBob has the key.")
    await desk.reply(
        longest, "Hello Grace,\n\nit wants **Letter** paper. Somebody is on the way.\n\nAda", None
    )
    quoted = "> it wants **Letter** paper.\n> Somebody is on the way."
    thanks = "Thank you, it prints again! But now it says TRAY 2 EMPTY."
    await service.receive_mail(mail("thanks", content=thanks, quoted_text=quoted, **answers))
    await asyncio.to_thread(_settle_times, database)
    return longest


def _settle_times(database: str) -> None:
    """Each ticket, message and note at a time of its own, in the order in which they were made."""
    with psycopg.connect(database, autocommit=True) as connection:
        for table, column, order, step in (
            ("tickets", "updated_at", "number", timedelta(hours=5)),
            ("tickets", "created_at", "number", timedelta(hours=6)),
            ("tickets", "waiting_since", "number", timedelta(hours=5)),
            ("messages", "created_at", "message_id = '<thanks@example.com>', created_at", timedelta(hours=1)),
        ):
            condition = "where waiting_since < 'infinity'" if column == "waiting_since" else ""
            connection.execute(
                f"with placed as (select id, count(*) over () - row_number() over (order by {order}) as place"
                f" from desk.{table}) update desk.{table} t set {column} = %s - place * %s::interval"
                f" from placed {condition + ' and' if condition else 'where'} placed.id = t.id".encode(),
                (NOW - timedelta(minutes=3), step),
            )
        newest = NOW - timedelta(minutes=3)
        connection.execute("update desk.tickets set last_message_at = least(last_message_at, %s)", (newest,))
        connection.execute("update desk.notes set created_at = %s", (NOW - timedelta(minutes=90),))
        connection.execute("update desk.outbox set state = 'sent', settled_at = now()")


States = dict[str, tuple[tuple[str, ...], str]]
STATES: States = {
    # name: keys, and what is on the screen when they are done
    "list": ((), "Printer says LOAD LETTER"),
    "conversation": (("enter",), "TRAY 2 EMPTY"),
    "marks": (("x", "j", "x", "V", "j"), "marked"),
    "reply": (("r", *"Glad to hear it."), "Glad to hear it."),
    "note": (("n", *"Ask Bob."), "Ask Bob."),
    "status": (("s",), "the customer has to"),
    "assign": (("i",), "Who works on"),
    "palette": (("ctrl+p",), "Commands"),
    "help": (("question_mark",), "What you can press here"),
    "search": (("slash", *"lamp -blue statos:x"), "Did you mean"),
    "nothing_found": (("slash", *"zebra", "enter"), "Nothing fits"),
    "quarantine": (("7",), "The quarantine is empty."),
}


WIDE_STATES = ("list", "conversation", "reply", "note", "help")


async def show(stage: Stage, keys: tuple[str, ...], words: str) -> None:
    screen = stage.desk_screen
    await stage.until(lambda: screen.composer is not None and screen.command_box.is_attached)
    await stage.until(lambda: screen.status.state.connection == "connected")
    await stage.until(lambda: not screen.wide or not len(screen.tickets.pages) or screen.conversation)
    await stage.press(*("space" if key == " " else key for key in keys))
    await stage.sees(words)
    await stage.until(lambda: screen.status.state.mail)
    await stage.until(lambda: not screen.writing or screen.status.state.unsent)
    await stage.until(lambda: not screen.keeping.locked() and "Fetching" not in stage.text())
    for field in stage.app.screen.query("Input, TextArea").results(Input | TextArea):
        field.cursor_blink = False
    await stage.pilot.pause(0.3)


def picture(stage: Stage) -> str:
    """As SVG, without the fonts that it would fetch, and without a number of no meaning."""
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", stage.app.export_screenshot(title="ttydesk"), flags=re.S)
    return re.sub(r"\bterminal-\d+", "terminal", drawn)


@pytest.fixture
def look(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SVGImageExtension)


@pytest.mark.parametrize("state", STATES)
async def test_narrow(play: Play, full: int, look: SnapshotAssertion, state: str) -> None:
    async with play(NARROW, clock=lambda: NOW) as stage:
        await show(stage, *STATES[state])
        assert picture(stage) == look


@pytest.mark.parametrize("state", WIDE_STATES)
async def test_wide(play: Play, full: int, look: SnapshotAssertion, state: str) -> None:
    async with play(WIDE, clock=lambda: NOW) as stage:
        await show(stage, *STATES[state])
        assert picture(stage) == look


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_light(
    play: Play, full: int, settings: Settings, look: SnapshotAssertion, size: tuple[int, int]
) -> None:
    light = settings.model_copy(update={"theme": "light"})
    async with play(size, clock=lambda: NOW, settings=light) as stage:
        await show(stage, *STATES["conversation"])
        assert picture(stage) == look


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_empty(play: Play, look: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with play(size, clock=lambda: NOW) as stage:
        await show(stage, (), "There are no tickets yet.")
        assert picture(stage) == look


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_signed_out(
    play: Play, full: int, settings: Settings, look: SnapshotAssertion, size: tuple[int, int]
) -> None:
    keys = Supabase(url="https://desk.supabase.co", publishable_key=SecretStr("sb_publishable_x"))
    hosted = settings.model_copy(update={"supabase": keys, "tokens": "file"})
    async with play(size, clock=lambda: NOW) as stage:
        await show(stage, ("r", *"Glad to"), "Glad to")
        stage.app.connection.sign_in = HostedSignIn(Way.of(hosted))
        stage.app.connection.doubt(SignedOut("Your sign-in has ended."))
        await show(stage, (), "ada@example.com")
        assert picture(stage) == look


async def test_the_picture_in_the_readme_is_of_today(
    play: Play, full: int, pytestconfig: pytest.Config
) -> None:
    async with play((140, 40), clock=lambda: NOW) as stage:
        await show(stage, ("r", *"Glad to hear it."), "Glad to hear it.")
        if pytestconfig.getoption("update_snapshots"):
            SCREEN.write_text(picture(stage))
        assert SCREEN.read_text() == picture(stage)
