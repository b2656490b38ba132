"""Bytes to text by whatever label the sender put on them.

Labels lie: decode() takes the label as a hint, and always returns text.
"""

import codecs
import functools
import re

# What the label says, and what its senders really send (WHATWG Encoding, section 4.2, and old clients).
MEANT = {
    "ansi_x3.4-1968": "us-ascii",
    "ascii": "us-ascii",
    "ansi": "cp1252",
    "big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "cn-gb": "gb18030",
    "cp-850": "cp850",
    "cp932": "cp932",
    "dos-850": "cp850",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-gb2312": "gb18030",
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "latin1": "cp1252",
    "logical": "iso8859-8",
    "macintosh": "mac_roman",
    "mac": "mac_roman",
    "mac-centraleurope": "mac_latin2",
    "shift-jis": "cp932",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
    "visual": "iso8859-8",
    "x-gbk": "gb18030",
    "x-mac-ce": "mac_latin2",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-greek": "mac_greek",
    "x-mac-roman": "mac_roman",
    "x-mac-turkish": "mac_turkish",
    "x-sjis": "cp932",
    "x-windows-949": "cp949",
    "x-euc-jp": "euc_jp",
    "x-x-big5": "big5hkscs",
}
# Codecs that answer to a name but are no charset a mail can be in.
NOT_TEXT = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
# Which charset shifts by an escape sequence, whatever the label says (ISO 2022).
ESCAPES = (
    ("iso2022_kr", re.compile(rb"\x1b\$\)C")),
    ("iso2022_jp_ext", re.compile(rb"\x1b(?:\$[@B]|\$\(D|\(J|\(I)")),
)
LABEL = re.compile(r"[a-z0-9][a-z0-9_.:+-]*")
SAMPLE = 4096
# Letters outside ASCII stand alone in Latin scripts, and in rows in all others.
ROW = re.compile(rb"[\x80-\xff]{4}")
# Fewer letters than these tell no charset from another.
LETTERS = 40
# No mail is in these, whatever a guess may say.
NEVER = ["cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140", "utf_7"]


@functools.lru_cache(maxsize=256)
def codec(label: str) -> str | None:
    """The codec meant by a label, None when nobody knows it (X-UNKNOWN, 8bit, ...)."""
    low = label.lower().replace("charset=", "").strip(" \t\r\n\"';")
    found = LABEL.search(low)
    if not found:
        return None
    name = found[0].rstrip(".:+-")
    for candidate in (name, name.removeprefix("x-"), name.replace("windows-", "cp"), name.replace("_", "-")):
        meant = MEANT.get(candidate, candidate)
        known = _lookup(meant)
        if known:
            return known
    return None


def _lookup(name: str) -> str | None:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if info.name in NOT_TEXT or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name


def decode(data: bytes, label: str = "") -> tuple[str, str]:
    """The text, and a sentence on what had to be repaired ("" when the label was right)."""
    if data.isascii() and not _shifts(data, label):
        return data.decode("ascii"), ""
    name = codec(label) if label else None
    if b"\x1b" in data and name in (None, "ascii", "utf-8"):
        name = next((shifted for shifted, mark in ESCAPES if mark.search(data)), name)
    if name and name != "ascii":
        try:
            return data.decode(name), ""
        except (UnicodeError, ValueError):
            pass
    guessed, text = _guess(data, name)
    if guessed == name:
        return text, f"Some bytes are not {label.strip()}: they are shown as replacement characters."
    return text, f"The charset {label.strip()!r} does not fit: read as {guessed}."


def _shifts(data: bytes, label: str) -> bool:
    """Whether ASCII bytes may mean something else: ISO-2022 by escapes, UTF-7 by +, HZ by ~, UTF-16."""
    if b"\x1b" in data:
        return True
    low = label.lower()
    return "utf-7" in low or "utf7" in low or low.startswith(("hz", "utf-16", "utf-32", "utf16", "utf32"))


def _guess(data: bytes, name: str | None) -> tuple[str, str]:
    try:
        return "utf-8", data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = len(data) - error.start < 4 and error.reason == "unexpected end of data"
        if cut and not data[: error.start].isascii():
            return "utf-8", data.decode("utf-8", "replace")  # cut in the middle of a character
    # No character of it is UTF-8: the label is wrong, and not the bytes.
    if name == "utf-8" and data.decode("utf-8", "ignore").isascii():
        name = None
    if name and name != "ascii":
        return name, data.decode(name, "replace")
    sample = data[:SAMPLE]
    high = sum(sample.translate(HIGH))
    if high * 6 > len(sample) and (high >= LETTERS or ROW.search(sample)):
        return _detect(data, sample)
    return "cp1252", data.decode("cp1252", "replace")


HIGH = bytes(0 if byte < 128 else 1 for byte in range(256))


def _detect(data: bytes, sample: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, steps=3, chunk_size=512, cp_exclusion=NEVER).best()
    name = best.encoding if best else "cp1252"
    return name, data.decode(name, "replace")
