"""Printing: tables for people, tab-separated lines for pipes, JSON for programs.

Everything printed goes through `write`. Outside text is made safe before it gets here; JSON keeps
the text exactly and escapes what would not print, so that it is as harmless on a terminal.
"""

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from core.errors import StorageFailed

_MARKS_KEPT = 6
"""Combining marks that JSON shows in a row; further ones are escaped."""
_GAP = 2
_NARROWEST = 8
"""Columns of the terminal."""
_NOT_ASCII = re.compile(r"[^\n\x20-\x7e]+")


def is_terminal() -> bool:
    return sys.stdout.isatty()


def write(text: str) -> None:
    """The text and a line break on stdout."""
    try:
        with _read_by_someone():
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        write(text.encode(encoding, errors="replace").decode(encoding))


def write_raw(content: bytes) -> None:
    """Bytes that nobody made safe: never onto a terminal."""
    if is_terminal():
        raise typer.BadParameter("The raw mail may hold anything; send it into a file or a pipe.")
    with _read_by_someone():
        sys.stdout.buffer.write(content)
        sys.stdout.flush()


@contextmanager
def _read_by_someone() -> Iterator[None]:
    """When nobody reads any more, the command ends quietly, as done."""
    try:
        yield
    except OSError as error:
        # The interpreter flushes once more at its end; that must not fail too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(0) from None
        raise StorageFailed(f"The output cannot be written: {error.strerror}.") from error


def write_json(data: object) -> None:
    """`data` is of JSON types, a model, or a list of models."""
    import json

    text = _escaped(json.dumps(_plain(data), ensure_ascii=False, indent=2))
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # JSON can say it without; a question mark would be another text
        text = json.dumps(_plain(data), indent=2)
    write(text)


def write_rows(headings: Sequence[str], rows: Sequence[Sequence[str]], flexible: Sequence[int] = ()) -> None:
    """Safe lines as an aligned table on a terminal, tab-separated without headings elsewhere.

    `flexible` are the columns that give way when the terminal is too narrow.
    """
    if not is_terminal():
        for row in rows:
            write("\t".join(row))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for heading, width in zip(headings, _widths([headings, *rows], flexible), strict=True):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", width=width)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _print(table)


def _widths(rows: Sequence[Sequence[str]], flexible: Sequence[int]) -> list[int]:
    """As wide as the widest cell; too wide a table takes from the widest of its flexible columns."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    room = shutil.get_terminal_size().columns - _GAP * (len(widths) - 1)
    while sum(widths) > room:
        widest = max(flexible, key=lambda place: widths[place], default=0)
        if not flexible or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths


def write_wrapped(rows: Sequence[tuple[Sequence[str], str]]) -> None:
    """Safe cells, aligned, for a terminal; the last of a row may have lines, and wraps.

    With each row comes the style of its first cell.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, _GAP, 0, 0))
    for place in range(len(rows[0][0])):
        is_last = place == len(rows[0][0]) - 1
        table.add_column(no_wrap=not is_last, overflow="fold")
    for cells, style in rows:
        table.add_row(Text(cells[0], style=style), *map(Text, cells[1:]))
    _print(table)


def write_heading(text: str) -> None:
    """A safe line, bold on a terminal."""
    if not is_terminal():
        write(text)
        return
    from rich.text import Text

    _print(Text(text, style="bold"))


def _print(what: Any) -> None:
    """Draw with rich, which minds NO_COLOR, TERM and the width."""
    from rich.console import Console

    console = Console(markup=False, highlight=False, emoji=False)
    with console.capture() as drawn:
        console.print(what)
    write("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def _plain(data: object) -> object:
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(data)


def _escaped(json: str) -> str:
    """The same JSON, where only what prints stands as itself."""
    if json.isascii() and json.replace("\n", "").isprintable():
        return json
    return _NOT_ASCII.sub(_shown, json)


def _shown(run: re.Match[str]) -> str:
    shown = []
    marks = 0
    for char in run.group():
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        shown.append(char if char.isprintable() and marks <= _MARKS_KEPT else _escape(char))
    return "".join(shown)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
