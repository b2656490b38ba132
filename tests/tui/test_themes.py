"""The themes can be read."""

import re
from itertools import product

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from core.desk import Desk
from tests.tui.conftest import WIDE, Play
from tests.tui.test_desk import some_tickets
from tui.themes import DARK, LIGHT, in_few_colours, theme_name


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


def palette(written: str) -> list[Color]:
    return [Color.parse(f"#{one}") for one in written.split()]


VGA = palette(
    "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa"
    " 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
)
XTERM = palette(
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5"
    " 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
"""What the Linux console and xterm make of 16 colours."""


def number_in_few(color: str) -> int:
    number = RichColor.parse(color).downgrade(ColorSystem.STANDARD).number
    assert number is not None
    return number


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("colors", [VGA, XTERM], ids=["console", "xterm"])
def test_with_16_colours_every_text_stands_out(theme: Theme, colors: list[Color]) -> None:
    few = in_few_colours(theme)
    plain = ("foreground", "primary", "accent", "success", "warning", "error")
    texts = {name: getattr(few, name) for name in plain}
    texts |= {name: few.variables[name] for name in few.variables if re.match("text-|note$", name)}
    grounds = {name: getattr(few, name) for name in ("background", "surface", "panel")}
    grounds["note-ground"] = few.variables["note-ground"]
    pairs = {(text, ground): (texts[text], grounds[ground]) for text, ground in product(texts, grounds)}
    for cursor in ("block-cursor", "block-cursor-blurred"):
        pairs[cursor, cursor] = (few.variables[f"{cursor}-foreground"], few.variables[f"{cursor}-background"])
    ratios = {names: contrast(*(colors[number_in_few(one)] for one in pair)) for names, pair in pairs.items()}
    assert {names: ratio for names, ratio in ratios.items() if ratio < 3.9} == {}


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_with_16_colours_the_ground_of_the_cursor_is_one_that_every_terminal_has(theme: Theme) -> None:
    few = in_few_colours(theme)
    ground = number_in_few(few.variables["block-cursor-background"])
    assert ground < 8
    assert ground not in {number_in_few(getattr(few, name)) for name in ("background", "surface", "panel")}
    assert number_in_few(few.variables["block-cursor-foreground"]) != ground


@pytest.mark.parametrize(("system", "is_few"), [("standard", True), ("256", False), ("truecolor", False)])
async def test_the_terminal_says_how_many_colours_it_has(
    play: Play, service: Desk, monkeypatch: pytest.MonkeyPatch, system: str, is_few: bool
) -> None:
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", system)
    async with play(WIDE) as stage:
        cursor = stage.app.theme_variables["block-cursor-background"]
        assert (cursor == "#aaaaaa") == is_few


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
