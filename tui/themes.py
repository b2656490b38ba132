"""Our two themes: quiet colours, every text at least 4.5:1 on its ground.

`note` and `note-ground` are of our own: a note must not look like anything a customer can read.
"""

from dataclasses import replace

from textual.theme import Theme

DARK = Theme(
    name="ttydesk-dark",
    dark=True,
    background="#15171c",
    surface="#1a1d23",
    panel="#23272f",
    foreground="#d7dae0",
    primary="#7fb0e8",
    secondary="#5b86b8",
    accent="#dcb267",
    success="#93c47d",
    warning="#e0b060",
    error="#ee7f83",
    variables={
        "note": "#e6c06a",
        "note-ground": "#2d2818",
        "text-muted": "#9aa1ad",
        "text-disabled": "#767d89",
        "block-cursor-background": "#31507a",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#2a303b",
        "block-cursor-blurred-foreground": "#d7dae0",
        "block-cursor-text-style": "none",
        "secondary-muted": "#2b3a4d",
        "text-primary": "#7fb0e8",
        "text-accent": "#dcb267",
        "text-success": "#93c47d",
        "text-warning": "#e0b060",
        "text-error": "#ee7f83",
        "input-selection-background": "#7fb0e8 30%",
        "scrollbar": "#3a414d",
        "scrollbar-background": "#1a1d23",
        "scrollbar-hover": "#5b6675",
        "scrollbar-active": "#7fb0e8",
        "scrollbar-corner-color": "#1a1d23",
    },
)

LIGHT = Theme(
    name="ttydesk-light",
    dark=False,
    background="#fdfcf9",
    surface="#f7f5f0",
    panel="#ebe8e0",
    foreground="#23262b",
    primary="#1f5aa6",
    secondary="#5f86b5",
    accent="#8a4b00",
    success="#2b6e1f",
    warning="#8a5200",
    error="#b3202a",
    variables={
        "note": "#7a5200",
        "note-ground": "#fbf0cc",
        "text-muted": "#5b6069",
        "text-disabled": "#767b84",
        "block-cursor-background": "#2f6bb8",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#dcdfe4",
        "block-cursor-blurred-foreground": "#23262b",
        "block-cursor-text-style": "none",
        "secondary-muted": "#d5e2f2",
        "text-primary": "#1f5aa6",
        "text-accent": "#8a4b00",
        "text-success": "#2b6e1f",
        "text-warning": "#8a5200",
        "text-error": "#b3202a",
        "input-selection-background": "#2f6bb8 25%",
        "scrollbar": "#c4c0b6",
        "scrollbar-background": "#f2efe8",
        "scrollbar-hover": "#a39e92",
        "scrollbar-active": "#1f5aa6",
        "scrollbar-corner-color": "#f2efe8",
    },
)

OURS = {"dark": DARK, "light": LIGHT}
VARIABLES = {"note": "#e6c06a", "note-ground": "#2d2818"}
"""For themes that are not ours."""

_CURSOR = "block-cursor-{}ground"
_NO_BROWN = "#aa00aa"
"""Brown is the yellow of 16 colours, which nobody can read on white."""


def in_few_colours(theme: Theme) -> Theme:
    """One of ours, for a terminal that has 16 colours or shall show none.

    The ground of the cursor is one of the first eight: some terminals have no bright grounds, and show those
    as black (the Linux console does).
    """
    if theme.dark:
        cursor = {_CURSOR.format("fore"): "#000000", _CURSOR.format("back"): "#aaaaaa"}
        return replace(theme, variables=theme.variables | cursor | {"text-disabled": "#aaaaaa"})
    readable = dict.fromkeys(("note", "text-accent", "text-warning"), _NO_BROWN)
    cursor = {
        _CURSOR.format("fore"): "#ffffff",
        _CURSOR.format("back"): "#000000",
        "block-cursor-blurred-background": "#aaaaaa",
    }
    variables = theme.variables | readable | cursor
    return replace(theme, accent=_NO_BROWN, warning=_NO_BROWN, variables=variables)


def theme_name(setting: str) -> str:
    """The theme that `settings.theme` means: dark and light are ours, other names are Textual's."""
    return OURS[setting].name if setting in OURS else setting
