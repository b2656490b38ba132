"""What is new in a mail, and what is folded: the reply, the quoted text, the signature.

Nothing is dropped: each line goes to one of the three, and a text with words in it never gives an empty
reply.
"""

from dataclasses import dataclass

from sync.letterhead import Letterhead
from sync.markup import Rendered
from sync.quotation import BLANK, DEVICE, HEAD, LIMIT, QUOTED, RULER, TEXT, Splitter
from sync.signature import DELIMITER, RULE, RULE_LINES, is_disclaimer, is_name

# How far from the end a signature may begin.
SIGNATURE_LINES = 40
REPLY, QUOTE, SIGN = "rqs"


@dataclass(frozen=True, slots=True)
class Split:
    reply: str
    quoted: str
    signature: str
    is_forward: bool
    forward: Letterhead | None
    """The header block over the mail that was forwarded."""

    @property
    def folded(self) -> bool:
        return bool(self.quoted)


def split(lines: list[str], page: Rendered | None = None, forwards: bool = False) -> Split:
    """`page` holds the marks of HTML for these lines; `forwards`: the subject says that this is a forward."""
    found = Splitter(lines, page, forwards)
    parts = _assign(found)
    if len(lines) > LIMIT:
        parts += (parts[-1:] or [REPLY]) * (len(lines) - LIMIT)
    texts = {part: _join(lines, parts, part) for part in (REPLY, QUOTE, SIGN)}
    if not texts[REPLY]:
        texts = _never_empty(lines, parts, found, texts)
    return Split(texts[REPLY], texts[QUOTE], texts[SIGN], found.is_forward, found.forward)


def _join(lines: list[str], parts: list[str], wanted: str) -> str:
    return (
        "\n".join(line for line, part in zip(lines, parts, strict=True) if part == wanted)
        .strip("\n")
        .rstrip()
    )


def _never_empty(
    lines: list[str], parts: list[str], found: Splitter, texts: dict[str, str]
) -> dict[str, str]:
    """The signature alone is still something said; if there is not even that, the quote is."""
    if texts[SIGN]:
        return {REPLY: texts[SIGN], QUOTE: texts[QUOTE], SIGN: ""}
    return {REPLY: "\n".join(lines).strip("\n").rstrip(), QUOTE: "", SIGN: ""}


def _assign(found: Splitter) -> list[str]:
    kinds, top, end = found.kinds, found.top, found.end
    parts = [REPLY] * len(kinds)
    parts[:top] = [QUOTE] * top
    parts[end:] = [QUOTE] * (len(kinds) - end)
    if found.bare:
        return parts
    for index in range(top, end):
        if kinds[index] == HEAD:
            parts[index] = QUOTE
    end, trailing = _trim(found, parts, end)
    for start, stop in _dropped(found, end, trailing):
        parts[start:stop] = [QUOTE] * (stop - start)
    return parts


def _trim(found: Splitter, parts: list[str], end: int) -> tuple[int, bool]:
    """Take signature and quote off the end, in whatever order they come; whether a quote was among it."""
    kinds, top, trailing = found.kinds, found.top, False
    while end > top:
        start = end
        while start > top and kinds[start - 1] in (BLANK, RULER, DEVICE):
            start -= 1
        start = _signature(found, start)
        if start < end:
            parts[start:end] = [SIGN] * (end - start)
        elif kinds[end - 1] in (QUOTED, HEAD):
            while start > top and kinds[start - 1] in (QUOTED, HEAD, BLANK):
                start -= 1
            parts[start:end] = [QUOTE] * (end - start)
            trailing = trailing or QUOTED in kinds[start:end]
        else:
            break
        end = start
    return end, trailing


def _signature(found: Splitter, end: int) -> int:
    """Where the signature begins that ends at `end`; `end` when there is none."""
    lines, kinds = found.lines, found.kinds
    begin = end
    for index in range(end - 1, max(found.top, end - SIGNATURE_LINES) - 1, -1):
        if kinds[index] in (QUOTED, HEAD):
            break
        line = lines[index]
        delimited = bool(DELIMITER.match(line)) or (end - index <= RULE_LINES and bool(RULE.match(line)))
        if delimited or (kinds[index] == TEXT and is_disclaimer(line) and _opens(found, index)):
            begin = index
    if begin == end and end - 1 > found.top and is_name(lines[end - 1]) and kinds[end - 2] in (TEXT, BLANK):
        begin = end - 1
    return begin


def _opens(found: Splitter, index: int) -> bool:
    return index == found.top or found.kinds[index - 1] in (BLANK, RULER)


def _dropped(found: Splitter, end: int, trailing: bool) -> list[tuple[int, int]]:
    """The quotes before `end` that go: one that is answered below or around it. Between answers they stay."""
    kinds = found.kinds
    runs = _runs(found, end)
    if len(runs) != 1 or trailing:
        return []
    start, stop = runs[0]
    headed = HEAD in kinds[start:stop] or start in found.page.quoted
    before = kinds[found.top : start].count(TEXT)
    after = kinds[stop:end].count(TEXT)
    if headed:
        return [] if before >= 3 and after >= 3 else runs
    touches = stop < end and kinds[stop] == TEXT
    return runs if before == 0 and touches else []


def _runs(found: Splitter, end: int) -> list[tuple[int, int]]:
    """Ranges of quoted lines with the attributions and blanks in between."""
    runs: list[tuple[int, int]] = []
    kinds, index = found.kinds, found.top
    while index < end:
        if kinds[index] not in (QUOTED, HEAD):
            index += 1
            continue
        start = index
        while index < end and kinds[index] in (QUOTED, HEAD, BLANK):
            index += 1
        stop = index
        while kinds[stop - 1] == BLANK:
            stop -= 1
        if QUOTED in kinds[start:stop]:
            runs.append((start, stop))
    return runs
