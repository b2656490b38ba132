"""Undo the Content-Transfer-Encoding (RFC 2045, section 6), however damaged."""

import binascii
import re

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# After so many lines that are no uuencode, it is none.
UU_BROKEN = 1000
LINE = 1000
# Soft line breaks with white space behind them, which a server added (RFC 2045, section 6.7).
LETTERS = re.compile(r"[^a-z0-9]")
SOFT = re.compile(rb"=[ \t]++(?=\r?\n)")
NOT_BASE64 = bytes(byte for byte in range(256) if byte not in ALPHABET)


def undo(data: bytes, encoding: str) -> tuple[bytes, str]:
    """The content, and a sentence on what had to be repaired ("" when nothing)."""
    name = encoding.strip(" \t\r\n\"';").lower()
    letters = LETTERS.sub("", name)
    if letters.startswith(("base64", "b64", "xbase64", "xb64")):
        return base64(data) if not _is_prose(data) else (data, "A part that says it is base64 is plain.")
    if letters.startswith(("quotedprint", "qp")) or letters == "printable":
        return quoted_printable(data), ""
    if name in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return uudecode(data), ""
    if name in ("", "7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits", "none"):
        return data, ""
    return data, f"The transfer encoding {name[:40]!r} is unknown: the content is kept as it came."


def base64(data: bytes) -> tuple[bytes, str]:
    try:
        return binascii.a2b_base64(data), ""
    except binascii.Error:
        clean = data.translate(None, NOT_BASE64)
        clean = clean[: len(clean) - (len(clean) % 4 == 1)]
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4)), "A base64 part was cut short."


def quoted_printable(data: bytes) -> bytes:
    if b"=" not in data:
        return data
    return binascii.a2b_qp(SOFT.sub(b"=", data) if b"= " in data or b"=\t" in data else data)


def _is_prose(data: bytes) -> bool:
    """Words with spaces between them from the first line on: base64 has none."""
    line = data[:LINE].strip().split(b"\n", 1)[0].strip()
    return line.count(b" ") >= 3 and len(line.translate(None, NOT_BASE64)) < len(line) * 0.95


def uudecode(data: bytes) -> bytes:
    """The first uuencoded file in it; lines that are no uuencode are passed over."""
    out: list[bytes] = []
    broken = 0
    for line in data.splitlines():
        if line.startswith(b"begin ") and not out:
            continue
        if line.strip() == b"end" or broken > UU_BROKEN:
            break
        # A short line that announces many bytes would be filled up with zeros.
        if not line or len(line) * 2 < (line[0] - 32) & 63:
            broken += 1
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            broken += 1
            out.append(_padded(line))
    return b"".join(out)


def _padded(line: bytes) -> bytes:
    """For encoders that pad carelessly: as many characters as the length byte announces."""
    wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
    try:
        return binascii.a2b_uu(line[:wanted])
    except binascii.Error:
        return b""
