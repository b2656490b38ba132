"""The themes can be read."""

import re
from itertools import product

import pytest
from textual.color import Color
from textual.theme import Theme

from core.desk import Desk
from tests.tui.conftest import WIDE, Play
from tests.tui.test_desk import some_tickets
from tui.themes import DARK, LIGHT, theme_name


def contrast(one: Color, other: Color) -> float:
    """As WCAG 2 defines it, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: Color) -> float:
    parts = [part / 255 for part in color.rgb]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(byte: int) -> float:
    part = byte / 255
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_text_stands_out_from_every_ground(theme: Theme) -> None:
    plain = ("foreground", "primary", "accent", "success", "warning", "error")
    texts = {name: getattr(theme, name) for name in plain}
    texts |= {name: theme.variables[name] for name in theme.variables if name.startswith("text-")}
    texts.pop("text-disabled")
    grounds = {name: getattr(theme, name) for name in ("background", "surface", "panel")}
    weak = {
        (text, ground): ratio
        for text, ground in product(texts, grounds)
        if (ratio := contrast(Color.parse(texts[text]), Color.parse(grounds[ground]))) < 4.5
    }
    assert not weak


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("note", "note-ground"),
        ("block-cursor-foreground", "block-cursor-background"),
        ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ],
)
def test_notes_and_the_cursor_can_be_read(theme: Theme, text: str, ground: str) -> None:
    colors = Color.parse(theme.variables[text]), Color.parse(theme.variables[ground])
    assert contrast(*colors) >= 4.5


def test_names_of_themes() -> None:
    assert theme_name("light") == LIGHT.name and theme_name("nord") == "nord"


async def test_without_colours_nothing_is_coloured(
    play: Play, service: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some_tickets(service, 2)
    monkeypatch.setenv("NO_COLOR", "1")
    async with play(WIDE) as stage:
        await stage.press("n")
        await stage.sees("NOTE on #")
        svg = re.sub("<circle[^>]*>", "", stage.app.export_screenshot())  # the frame of the picture
        colors = {Color.parse(found) for found in re.findall(r"fill: ?(#[0-9a-f]{6})", svg)}
        tinted = {color.hex for color in colors if max(color.rgb) != min(color.rgb)}
        assert tinted <= {"#C5C8C6"}  # of the picture's own title
