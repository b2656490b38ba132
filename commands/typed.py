"""What people type, as the commands take it: ticket numbers, texts, and the words a choice allows.

The choices stand here as literals because the models they belong to are slow to import
(tests/commands/test_typed.py compares them).
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

Status = Literal["open", "pending", "resolved", "closed"]
Priority = Literal["low", "medium", "high"]
Sort = Literal["latest", "updated", "created", "priority", "number", "waiting"]
Role = Literal["admin", "agent"]
DeliveryState = Literal["waiting", "sending", "delivered", "failed"]


def ticket_number(typed: str) -> int:
    """A ticket's number as people say it: 1042, #1042 or [#1042]."""
    digits = typed.strip().removeprefix("[").removesuffix("]").removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise typer.BadParameter(f"{typed!r} is no ticket number; they look like 1042 or #1042.")
    return int(digits)


def folder(typed: str) -> Path:
    """A path that says where: an empty one, of a variable that is not set, would be the current folder."""
    if not typed:
        raise typer.BadParameter("This is no folder.")
    return Path(typed)


def plain(typed: str) -> str:
    """Text that can be stored: the shell hands over bytes, and not all bytes are text."""
    if not typed.isprintable() and any("\ud800" <= char <= "\udfff" for char in typed):
        raise typer.BadParameter("This is no text in UTF-8.")
    return typed


def mailbox_address(typed: str) -> str:
    """An e-mail address as mailboxes are known by."""
    found = plain(typed).strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", found):
        raise typer.BadParameter(f"{typed!r} is not an e-mail address.")
    return found


def day(typed: str) -> datetime:
    """A day as 2026-01-31, or a moment as 2026-01-31T14:30, in the time of this machine."""
    try:
        moment = datetime.fromisoformat(typed.strip()).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{typed!r} is no day; they look like 2026-01-31.") from None
    if moment.year < 1980 or moment > datetime.now(moment.tzinfo):
        raise typer.BadParameter(f"{typed!r} is not a day of the past.")
    return moment


Number = Annotated[int, typer.Argument(parser=ticket_number, metavar="NUMBER", help="1042 or #1042.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Body = Annotated[
    str | None,
    typer.Option(parser=plain, metavar="TEXT", help="The text, or - to read it from stdin."),
]
BodyFile = Annotated[str | None, typer.Option(metavar="FILE", help="A file with the text.")]
