"""Lines of text cut to a width in terminal cells, as fast as a thread of hundreds of mails needs."""

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

_INDENT = re.compile(r"[>\s]*(?:[-*•]\s+|\d{1,3}[.)]\s+)?")
_MOST_CHARACTERS_A_CELL = 8


def wrap(line: str, width: int) -> Iterator[str]:
    """The pieces of one line; the later ones of a list item or a quote hang under its text."""
    width = max(width, 4)
    if fits(line, width):
        yield line.rstrip()
        return
    indent = _INDENT.match(line)
    prefix = indent.group() if indent else ""
    hang = prefix if set(prefix) <= set("> ") else " " * cell_len(prefix)
    if cell_len(hang) > width // 2:
        hang = ""
    first = True
    while line:
        room = width if first else width - len(hang)
        end = _fitting(line, room)
        cut = line.rfind(" ", 1, end + 1) if end < len(line) else end
        if cut <= (len(prefix) if first else 0):
            cut = end
        yield (line[:cut] if first else hang + line[:cut]).rstrip()
        line = line[cut:].lstrip(" ")
        first = False


def fits(line: str, width: int) -> bool:
    return len(line) <= width if line.isascii() else cell_len(line) <= width


def cropped(text: str, width: int) -> str:
    """The text in at most `width` cells, with an ellipsis where something is missing."""
    if width <= 0:
        return ""
    if fits(text, width):
        return text
    return (text[: _fitting(text, width - 1)].rstrip() if width > 2 else "") + "…"


def _fitting(line: str, width: int) -> int:
    """How many characters of the line fit into `width` cells; at least one."""
    start = line[: width * _MOST_CHARACTERS_A_CELL]
    if start.isascii():
        return max(1, min(len(start), width))
    pieces = chop_cells(start, max(width, 2))
    return len(pieces[0]) if pieces and pieces[0] else len(start)  # no piece: nothing of it takes room
