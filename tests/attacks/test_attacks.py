"""The attack mails, held against a terminal emulator, Rich and Textual: all they do is show."""

import email
import email.policy
import io
import re
from collections.abc import Iterator
from email.header import decode_header

import pytest
from rich.console import Console
from rich.text import Text
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Static
from textual.widgets._toast import Toast

from core.text import escape_markup, safe_filename, safe_line, safe_text
from tests.attacks.write import FOLDER, THEMES, mail
from tests.core.test_text import assert_prints_only, terminal_events


def _outside_texts(raw: bytes) -> Iterator[str]:
    """Everything in a mail that is ever shown, as a careless reader would decode it."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for name in ("From", "Subject"):
        for part, charset in decode_header(message[name]):
            yield part if isinstance(part, str) else part.decode(charset or "ascii", "surrogateescape")
    for part in message.walk():
        yield str(part.get_filename() or "")
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content.decode("utf-8", "surrogatepass")


def test_the_attack_mails_are_those_of_their_themes() -> None:
    files = {path.stem: path.read_bytes() for path in FOLDER.glob("*.eml")}
    assert files == {theme: mail(text) for theme, text in THEMES.items()}


@pytest.mark.parametrize("theme", THEMES)
def test_no_attack_mail_does_anything_to_a_terminal(theme: str) -> None:
    raw = (FOLDER / f"{theme}.eml").read_bytes()
    shown = [THEMES[theme], *_outside_texts(raw)]
    assert len(shown) > 4
    for text in shown:
        assert_prints_only(safe_line(text))
        assert_prints_only(safe_text(text))
        assert terminal_events(safe_line(text)) <= {"draw"}
        assert terminal_events(safe_text(text)) <= {"draw", "linefeed"}
        assert "/" not in safe_filename(text) and terminal_events(safe_filename(text)) <= {"draw"}


def test_the_terminal_of_these_tests_does_fall_for_attacks() -> None:
    assert terminal_events(THEMES["window_title"]) >= {"set_title"}
    assert terminal_events(THEMES["eight_bit_controls"]) >= {"select_graphic_rendition"}
    assert terminal_events(THEMES["cursor"]) >= {"erase_in_display", "cursor_position"}


@pytest.mark.parametrize("theme", THEMES)
def test_rich_and_textual_show_a_safe_text_as_it_is(theme: str) -> None:
    safe = safe_line(THEMES[theme])
    assert Text(safe).plain == safe
    assert Content(safe).plain == safe
    output = io.StringIO()
    console = Console(file=output, width=2000, force_terminal=True, color_system="truecolor")
    console.print(Text(safe), highlight=False)
    assert output.getvalue() == safe + "\n"


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield Static(escape_markup(safe_line(THEMES["textual_markup"])), id="text")


async def test_notifications_titles_and_widgets_of_textual_take_it_as_text() -> None:
    outside = safe_line(THEMES["textual_markup"])
    app = Shown()
    async with app.run_test(size=(200, 40), notifications=True) as pilot:
        app.notify(escape_markup(outside), title=outside)
        app.notify(outside, title=outside, markup=False)
        app.title = outside
        for _ in range(20):  # the rack mounts its toasts some messages later
            await pilot.pause()
            if len(app.query(Toast)) == 2:
                break
        escaped, plain = (toast.render() for toast in app.query(Toast))
        assert isinstance(escaped, Content) and isinstance(plain, Content)
        assert plain.plain == f"{outside}\n{outside}"
        assert escaped.plain == f"{outside}\n{_look_alike(outside)}"
        assert str(app.query_one("#text", Static).render()) == _look_alike(outside)
        assert app.format_title(outside, "").plain == outside


def _look_alike(text: str) -> str:
    return re.sub(r"\\(?=\[|\Z)", "\u29f5", text)
