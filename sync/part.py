"""The MIME tree of a mail (RFC 2046), made of offsets into the raw bytes.

The standard library's parser goes line by line, recurses as deep as the mail wants, and is quadratic on
nested boundaries; this one finds delimiters with bytes.find, and stops at DEPTH and PARTS: what lies beyond
is kept as one opaque part, never dropped.
"""

from collections.abc import Iterator

from sync import header as headers
from sync.parameter import filename, media_type, split
from sync.transfer import undo

DEPTH = 40
PARTS = 2000
LINE = 1000
GUESSES = 50


class Part:
    """One node. `type` is lower case; a leaf has no children; `start` and `end` bound its undecoded body."""

    __slots__ = (
        "_raw",
        "children",
        "content_id",
        "disposition",
        "encoding",
        "end",
        "filename",
        "head",
        "header",
        "parameters",
        "start",
        "type",
    )

    def __init__(self, raw: bytes, head: int, end: int, default: str) -> None:
        self._raw = raw
        self.head, self.end = head, end
        self.header, self.start = headers.read(raw, head, end)
        written = self.header.raw("content-type")
        self.type, self.parameters = media_type(written, default)
        self.header.charset = self.parameters.get("charset", "")
        if not written.isascii() and self.header.charset:  # names in the charset that stands beside them
            self.type, self.parameters = media_type(self.header.raw("content-type"), default)
        self.disposition, parameters = split(self.header.raw("content-disposition"))
        self.filename = filename(parameters, self.parameters)
        self.encoding = self.header.raw("content-transfer-encoding")
        self.content_id = self.header.raw("content-id").strip("<> \t")
        self.children: list[Part] = []

    @property
    def body(self) -> bytes:
        return self._raw[self.start : self.end]

    def content(self, problems: list[str]) -> bytes:
        data, problem = undo(self.body, self.encoding)
        if problem:
            problems.append(problem)
        return data

    def walk(self) -> Iterator["Part"]:
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


class Budget:
    """How many parts may still be made, and what was repaired."""

    def __init__(self) -> None:
        self.parts = PARTS
        self.problems: list[str] = []


def tree(raw: bytes) -> tuple[Part, list[str]]:
    """The whole mail as a part, its children filled in, and what was repaired."""
    budget = Budget()
    root = Part(raw, 0, len(raw), "text/plain")
    budget.problems += root.header.problems
    waiting = [(root, 0)]
    while waiting:
        part, depth = waiting.pop()
        if not part.type.startswith("multipart/") and not _is_mislabelled(part):
            continue
        if depth >= DEPTH:
            budget.problems.append(f"Parts nested deeper than {DEPTH} levels are kept as one attachment.")
            part.type = "application/octet-stream"
            continue
        _split(part, budget)
        waiting.extend((child, depth + 1) for child in part.children)
    return root, budget.problems


def _is_mislabelled(part: Part) -> bool:
    """Text that has a boundary, in its header and in its body, is a multipart whatever it says."""
    boundary = part.parameters.get("boundary") if part.type in ("text/plain", "text/html") else None
    if (
        not boundary
        or b"\n--" + boundary.encode("latin-1", "replace") not in part._raw[part.start - 1 : part.end]
    ):
        return False
    part.type = "multipart/mixed"
    return True


def _split(part: Part, budget: Budget) -> None:
    boundary = part.parameters.get("boundary", "").rstrip()
    spans = list(_spans(part, boundary, budget)) if boundary else []
    if not spans:
        boundary = _guess(part)
        spans = list(_spans(part, boundary, budget)) if boundary else []
        if spans:
            budget.problems.append(
                "The boundary between the parts was missing or wrong: it was found in the body."
            )
    if not spans:
        budget.problems.append("The mail says it has several parts but has no boundary: read as one text.")
        part.type = "text/plain"
        return
    default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
    part.children = [Part(part._raw, start, end, default) for start, end in spans]


def _guess(part: Part) -> str:
    """The line over the first header of a part, if it looks like a delimiter."""
    raw = part._raw
    at = part.start
    for _ in range(GUESSES):
        at = raw.find(b"\nContent-", at, part.end)
        if at < 0:
            return ""
        begin = raw.rfind(b"\n", max(part.start, at - LINE), at - 1) + 1 or part.start
        line = raw[begin:at].strip()
        if line.startswith(b"--") and 2 < len(line) <= 200:
            return line[2:].decode("latin-1")
        at += 1
    return ""


def _spans(part: Part, boundary: str, budget: Budget) -> Iterator[tuple[int, int]]:
    """Where each child begins and ends, without the line end that belongs to the delimiter."""
    raw, end = part._raw, part.end
    start = -1
    for at, after, closes in _delimiters(raw, boundary, part.start, end):
        if start >= 0:
            yield start, max(start, _before_newline(raw, at, start))
            budget.parts -= 1
        start = after
        if closes:
            return
        if budget.parts <= 0:
            budget.problems.append(f"A mail of more than {PARTS} parts: the rest is kept as one.")
            break
    if 0 <= start < end:
        yield start, end


def _delimiters(raw: bytes, boundary: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Each delimiter line: where it begins, where the next line begins, whether it closes the multipart."""
    line = b"--" + boundary.encode("latin-1", "replace")
    at = raw.find(line, start, end)
    while at >= 0:
        after = at + len(line)
        if at == start or raw[at - 1] in b"\r\n":
            # A delimiter is a line of its own; one that goes on for long is text that looks like it.
            stop = raw.find(b"\n", after, min(end, after + LINE))
            stop = min(end, after + LINE) if stop < 0 else stop
            rest = raw[after:stop].strip()
            if rest in (b"", b"--"):
                yield at, min(stop + 1, end), rest == b"--"
            elif rest.startswith(b"--") and not rest[2:].strip(b"-"):
                yield at, min(stop + 1, end), True
        at = raw.find(line, after, end)


def _before_newline(raw: bytes, at: int, start: int) -> int:
    if raw[max(start, at - 2) : at] == b"\r\n":
        return at - 2
    return at - 1 if at > start and raw[at - 1] in b"\r\n" else at
