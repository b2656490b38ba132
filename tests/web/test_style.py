"""The style sheet keeps its promise: whoever sees little can still read it, by day and by night."""

import re

import pytest

from web.pages import STATIC

STYLE = (STATIC / "style.css").read_text("utf-8")
TEXT = {
    "ink": ("ground", "paper", "tint", "trouble-tint", "good-tint"),
    "faint": ("ground", "paper", "tint"),
    "accent": ("ground", "paper", "tint"),
    "accent-strong": ("ground", "paper", "tint"),
    "on-accent": ("accent", "accent-strong"),
    "trouble": ("ground", "paper", "trouble-tint"),
    "good": ("ground", "good-tint"),
}
SHAPES = {"edge": ("ground", "paper"), "focus": ("ground", "paper", "tint")}


def themes() -> dict[str, dict[str, str]]:
    """The colours by their names, of each theme."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.S)
    day, night = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in (light, dark))
    return {"light": day, "dark": day | night}


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_what_can_be_used_stand_out(theme: str) -> None:
    colours = themes()[theme]
    for pairs, least in ((TEXT, 4.5), (SHAPES, 3.0)):
        for front, grounds in pairs.items():
            for ground in grounds:
                assert contrast(colours[front], colours[ground]) >= least, (front, ground)


def test_every_colour_is_one_of_the_theme() -> None:
    """Another would be there by night as by day."""
    rules = re.sub(r":root \{.*?\}", "", STYLE, flags=re.S)
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {
        "#fff"
    }  # the ground of a letter, which brings its own
    assert set(re.findall(r"var\(--([\w-]+)\)", rules)) <= themes()["light"].keys() | {"measure", "gap"}


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert not re.search(r"@import|url\(|https?:", STYLE)
