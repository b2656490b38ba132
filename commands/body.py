"""Where the text of an answer or a note comes from: an option, stdin, a file, or the agent's own editor."""

import sys
from collections.abc import Callable
from pathlib import Path

import typer

from core.errors import Invalid, StorageFailed


def read_body(
    body: str | None, body_file: str | None, editor: str | None = None, start: Callable[[], str] = str
) -> str:
    """The text, without blank lines around it; refused when nothing is left.

    `editor` is the one from the settings; `start` says what it begins with.
    """
    if body is not None and body_file is not None:
        raise typer.BadParameter("Give --body or --body-file, not both.")
    if body == "-":
        text = _decoded(sys.stdin.buffer.read(), "What came in on stdin")
    elif body is not None:
        text = body
    elif body_file is not None:
        text = _decoded(_read(body_file), body_file)
    elif sys.stdin.isatty() and sys.stdout.isatty():
        from tui.editor import edit

        text = edit(start(), editor)
    else:
        raise typer.BadParameter(
            "There is no text: give it with --body TEXT, --body - (stdin) or --body-file FILE."
        )
    if not text.strip():
        raise Invalid("The text is empty.", hint="Nothing was stored.")
    return text.strip("\n")


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise StorageFailed(f"Cannot read {file}: {error.strerror}.") from error


def _decoded(raw: bytes, what: str) -> str:
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Invalid(f"{what} is no text in UTF-8.") from error
