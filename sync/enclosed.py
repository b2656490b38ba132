"""Files that old mail programs write into the text itself: uuencode, base64 in its frame, and yEnc."""

import re

from sync.transfer import base64, uudecode

# A file begins with a line of its own; its name is the rest of that line.
BEGIN = re.compile(
    rb"^(?:begin(-base64)?[ ]+[0-7]{3,4}[ ]+(\S[^\r\n]{0,255}?)"
    rb"|(=ybegin) [^\r\n]{0,200}?name=([^\r\n]{1,255}?))\s*$",
    re.MULTILINE,
)
ENDS = {
    b"": re.compile(rb"^end[ \t\r]*$\n?", re.MULTILINE),
    b"-base64": re.compile(rb"^====[ \t\r]*$\n?", re.MULTILINE),
    b"=ybegin": re.compile(rb"^=yend[^\r\n]{0,200}\r?$\n?", re.MULTILINE),
}
FILES = 100
YENC = bytes((byte - 42) % 256 for byte in range(256))
ESCAPED = re.compile(rb"=(.)", re.DOTALL)


def take_out(content: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The text without the files in it, and each file's name and content."""
    if b"begin" not in content:
        return content, []
    left: list[bytes] = []
    files: list[tuple[bytes, bytes]] = []
    position = 0
    missing: set[bytes] = set()
    for found in BEGIN.finditer(content):
        kind = found[1] or found[3] or b""
        if found.start() < position or kind in missing or len(files) >= FILES:
            continue
        end = ENDS[kind].search(content, found.end())
        if end is None:
            missing.add(kind)
            continue
        inside = content[found.end() : end.start()].lstrip(b"\r\n")
        if kind or _is_uuencoded(inside):
            left.append(content[position : found.start()])
            files.append((found[2] or found[4], _undo(kind, inside)))
            position = end.end()
    return b"".join([*left, content[position:]]), files


def _is_uuencoded(inside: bytes) -> bool:
    """Whether the first line is as long as its first character says (a space short at most)."""
    line = inside.split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        return False
    wanted = (((line[0] - 32) & 63) + 2) // 3 * 4 + 1
    return 32 <= line[0] <= 96 and wanted - 4 <= len(line) <= wanted + 2


def _undo(kind: bytes, inside: bytes) -> bytes:
    if kind == b"-base64":
        return base64(inside)[0]
    if kind == b"=ybegin":
        lines = [line for line in inside.split(b"\n") if not line.startswith((b"=ypart", b"=yend"))]
        data = b"".join(line.rstrip(b"\r") for line in lines)
        return ESCAPED.sub(lambda found: bytes([(found[1][0] - 64) % 256]), data).translate(YENC)
    return uudecode(inside)
