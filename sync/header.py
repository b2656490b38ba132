"""The header of a mail or of a part: raw lines by name, and their words decoded (RFC 5322, RFC 2047).

Headers stay bytes until somebody asks for one: most never are.
"""

import binascii
import re

from sync.charset import decode
from sync.transfer import base64

FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]{0,20}:")
FOLD = re.compile(r"[\r\n]+[ \t]*")
LINE = re.compile(rb"\r?\n|\r")
# At most eight stray question marks inside a word, so that no input makes it slow.
WORD = re.compile(
    r"=\?\s*([^?\s*]+)(?:\*[^?\s]*)?\s*\?\s*([bBqQ])\s*\?([^?]*(?:\?(?!=)[^?]*){0,8}?)(?:\?=|\?\s*\Z)"
)
LIMIT = 256 * 1024
# Encoded words are looked for in so much of a value.
WORDS_LIMIT = 20_000


class Header:
    """Fields by lower-case name, in order of appearance; `charset` is what raw 8-bit values are read by."""

    __slots__ = ("charset", "fields", "problems")

    def __init__(self) -> None:
        self.fields: dict[str, list[bytes]] = {}
        self.charset = ""
        self.problems: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.fields)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def raw(self, name: str) -> str:
        """The first field of that name, unfolded, its encoded words left alone."""
        found = self.fields.get(name)
        return self._unfold(found[0]) if found else ""

    def raws(self, name: str) -> list[str]:
        return [self._unfold(value) for value in self.fields.get(name, ())]

    def text(self, name: str) -> str:
        """The first field of that name as a person reads it."""
        return words(self.raw(name))

    def _unfold(self, value: bytes) -> str:
        plain = value.isascii() and b"\x1b" not in value
        text = value.decode("ascii") if plain else _eight_bit(value, self.charset)
        if "\n" in text or "\r" in text:
            text = FOLD.sub(" ", text)
        return text.strip().replace("\x00", "")


def _eight_bit(value: bytes, charset: str) -> str:
    """UTF-8 (RFC 6532) before the charset of the body, which wins only where the bytes are no UTF-8."""
    if value.isascii():  # Japanese, shifted by escape sequences
        return decode(value)[0]
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return decode(value, charset)[0]


def read(raw: bytes, start: int = 0, end: int | None = None) -> tuple[Header, int]:
    """The header that begins at `start`, and where its body begins."""
    header = Header()
    end = len(raw) if end is None else end
    is_part = start > 0
    if raw[start : start + 3] == b"\xef\xbb\xbf":
        start += 3
    if is_part:  # before the header of a whole mail, blank lines are an accident
        for blank in (b"\r\n", b"\n", b"\r"):
            if raw.startswith(blank, start, end):
                return header, start + len(blank)
    while start < end and raw[start] in b"\r\n":
        start += 1
    stop, body = _bounds(raw, start, end)
    if stop - start > LIMIT:
        header.problems.append("The header is very long: only its beginning is read.")
    name, values, position = "", [], start
    for line in LINE.split(raw[start : min(stop, start + LIMIT)]):
        field = None if line[:1] in (b" ", b"\t") else FIELD.match(line)
        if field:
            name = field[1].decode("ascii").lower()
            values = header.fields.setdefault(name, [])
            values.append(line[field.end() :])
        elif line[:1] in (b" ", b"\t") and values:
            values[-1] += b"\n" + line
        elif not _passes(header, line, raw, position, stop):
            return header, position
        position = _next_line(raw, position + len(line), stop)
    return header, body


def _passes(header: Header, line: bytes, raw: bytes, position: int, stop: int) -> bool:
    """Whether a line that is no field may be skipped: more fields follow it before the blank line."""
    if not line.strip() or line.startswith((b"From ", b">From ")):
        return True
    rest = _next_line(raw, position + len(line), stop)
    following = FIELD.match(raw, rest, stop) or raw[rest : rest + 1] in (b" ", b"\t")
    if following and rest < stop:
        header.problems.append("A line in the header is no header field: it was passed over.")
        return True
    return False


def _bounds(raw: bytes, start: int, end: int) -> tuple[int, int]:
    stop, body = end, end
    for blank in (b"\n\n", b"\n\r\n", b"\r\r"):
        at = raw.find(blank, start, stop)
        if at >= 0:
            stop, body = at, at + len(blank)
    return stop, body


def _next_line(raw: bytes, position: int, stop: int) -> int:
    if raw[position : position + 2] == b"\r\n":
        return min(position + 2, stop)
    return min(position + 1, stop)


def words(value: str) -> str:
    """Encoded words decoded, in one line."""
    return FOLD.sub(" ", decode_words(value)).strip() if "=?" in value else value


def decode_words(value: str) -> str:
    """RFC 2047; neighbours in one charset are joined before decoding: some senders cut characters in two."""
    if "=?" not in value:
        return value
    out: list[str] = []
    pending, charset, last = b"", "", 0
    for found in WORD.finditer(value, 0, WORDS_LIMIT):
        between = value[last : found.start()]
        if between.strip() or not (pending or out):
            out += [_close(pending, charset), between]
            pending = b""
        elif pending and found[1].lower() != charset.lower():
            out.append(_close(pending, charset))
            pending = b""
        pending += _bytes(found[2], found[3])
        charset, last = found[1], found.end()
    out += [_close(pending, charset), value[last:]]
    return "".join(out)


def _close(pending: bytes, charset: str) -> str:
    return decode(pending, charset)[0] if pending else ""


def _bytes(kind: str, encoded: str) -> bytes:
    data = encoded.encode("utf-8", "surrogatepass")
    if kind in "bB":
        return base64(data.replace(b" ", b""))[0]
    return binascii.a2b_qp(data.replace(b"\r", b"").replace(b"\n", b""), header=True)
