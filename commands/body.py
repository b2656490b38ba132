"""Where the text of an answer or a note comes from: an option, stdin, a file, or the agent's own editor."""

import os
import shlex
import subprocess
import sys
import tempfile
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
        text = _edited(editor, start())
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


def _edited(editor: str | None, start: str) -> str:
    command = shlex.split(editor or os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="ttydesk-") as folder:
        file = Path(folder) / "text.md"
        file.write_text(start, encoding="utf-8")
        try:
            ended = subprocess.run([*command, str(file)], check=False)
        except OSError as error:
            raise Invalid(
                f"Cannot start the editor {command[0]}: {error.strerror}.",
                hint="Set EDITOR, or give the text with --body.",
            ) from error
        if ended.returncode != 0:
            raise Invalid(f"The editor ended with {ended.returncode}.", hint="Nothing was stored.")
        return _decoded(file.read_bytes(), "What the editor left")
