"""How long something is good for, as people type it."""

import re
from datetime import timedelta

import typer

_AGE = re.compile(r"([1-9]\d{0,4})([hdwy])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "y": timedelta(days=365)}


def lifetime(typed: str) -> timedelta | None:
    """12h, 90d, 4w or 1y; None for "never"."""
    if typed == "never":
        return None
    age = _AGE.fullmatch(typed.lower())
    wanted = int(age[1]) * _UNITS[age[2]] if age else None
    if wanted is None or wanted > timedelta(days=36500):
        raise typer.BadParameter(f"{typed!r} is no time; they look like 12h, 90d, 4w or 1y, or say never.")
    return wanted
