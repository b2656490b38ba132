r"""Outside text made safe to show and easy to read.

Everything that came from outside (mail, names, file names, error texts of servers) passes through `safe_line`
or `safe_text` before it reaches a terminal, a log or a window title. What they return holds only characters
that print: printing it moves no cursor, changes no colour and reorders nothing around it.

What would mislead if it vanished is shown in place: controls as control pictures (ESC is `␛`), C1 controls,
lone surrogates, private use and noncharacters as U+FFFD. What nobody sees is removed: bidi controls,
zero-width characters, tags, fillers, stray variation selectors. ZWJ and ZWNJ stay where a script or an emoji
needs them. Time is linear in the length of the text, and giving a result back in changes nothing.

Markup is not their matter: `[bold]` stays `[bold]`. Outside text goes into `rich.text.Text` or
`textual.content.Content` as plain text, or through `escape_markup` where only a markup string is taken.
"""

import functools
import re
import unicodedata
from datetime import datetime

LINE_LIMIT = 500
"""Characters that `safe_line` lets through unless told otherwise."""

WRAP_LIMIT = 4_000
"""No line of `safe_text` is longer than this many characters."""

MARK_LIMIT = 6
"""Combining marks kept on one base: Burmese and pointed Hebrew need up to five, an attack takes hundreds."""

FILENAME_LIMIT = 200
"""Bytes of UTF-8 that `safe_filename` keeps to; file systems stop at 255."""

_LINE_BREAKS = "\n\v\f\r\x85\u2028\u2029"
# Fillers that Unicode files under letters and marks, and one code point kept free for another such.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0")
# Format characters (Cf) that are seen: the number signs of Arabic, Syriac and Kaithi.
_NUMBER_SIGNS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)

# Judging each character costs time. These need none: the commonest marks, and letters and signs of alphabets,
# kana, ideographs and Hangul.
_COMMON_MARKS = "\u064b-\u0655\u0670\u0901\u0902\u093c\u0941-\u0948\u094d\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
_COMMON_MARK = re.compile(f"[{_COMMON_MARKS}]")
_UNUSUAL = (
    f"[^\n -~{_COMMON_MARKS}"
    "\xa1-\xac\xae-\u02ff\u0370-\u0482\u048a-\u058f\u05d0-\u05ea\u0620-\u064a\u0660-\u066f\u0671-\u06d3"
    "\u0903-\u0939\u093d-\u0940\u0949-\u094c\u0964-\u0970\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u10d0-\u10ff"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u23ff\u2500-\u27bf\u3001-\u3029\u3041-\u3096\u309b-\u30ff"
    "\u3400-\u9fff\uac00-\ud7a3\uff01-\uff9f]"
)

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_SELECTORS = frozenset(
    map(chr, (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_CONTEXTUAL = _SELECTORS | {_ZWNJ, _ZWJ}
_KEPT = _NUMBER_SIGNS | frozenset("\n\t\u3000\u200c\u200d")

_EMOJI = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINING = (  # scripts whose letters change shape with a joiner: Arabic and its kin, India, South-East Asia
    "\u0620-\u07ff\u0840-\u0dff\u0f00-\u109f\u1780-\u17ff\u1820-\u18af\u1a20-\u1bff\ua800-\uaadf\uabc0-\uabff"
    "\ufb50-\ufdcf\ufe70-\ufefc\U00010a00-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_STRAY = (
    f"[{_ZWNJ}{_ZWJ}\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef](?:"
    # ZWNJ belongs after a letter of a joining script; ZWJ there, and between two emoji (UTS 51).
    f"(?<={_ZWNJ})(?<![{_JOINING}].)"
    f"|(?<={_ZWJ})(?<![{_JOINING}].)(?:(?![{_EMOJI}])|(?<![{_EMOJI}].)(?<![{_EMOJI}]\ufe0f.))"
    # Text or emoji style: one after an emoji, or in a keycap.
    f"|(?<=[\ufe0e\ufe0f])(?<![{_EMOJI}].)(?:(?<![#*0-9].)|(?!\u20e3))"
    # The other variation selectors: one after an ideograph, one after a Mongolian letter.
    f"|(?<=[\ufe00-\ufe02\U000e0100-\U000e01ef])(?<![{_IDEOGRAPHS}].)"
    "|(?<=[\ufe03-\ufe0d])"
    "|(?<=[\u180b-\u180d\u180f])(?<![\u1820-\u18aa].)"
    ")"
)
_EMOJI_CHAIN = re.compile(
    f"((?:{_ZWJ}[{_EMOJI}]\ufe0f?){{4}}){_ZWJ}(?=[{_EMOJI}])"
)  # a family of four has three

_ALL_COMMON_MARKS = frozenset(filter(_COMMON_MARK.match, map(chr, range(0x064B, 0x0E4F))))
_IS_EMOJI = re.compile(f"[{_EMOJI}]").match

_MARK_MAYBE = r"[^\x00-\x7f\w]"  # no mark is alphanumeric
_STACK = re.compile(f"{_MARK_MAYBE}{_MARK_MAYBE}{{{MARK_LIMIT},}}")
_LINE_START = re.compile(f"\n{_MARK_MAYBE}+")
_PRINTING = b"\n" + bytes(range(0x20, 0x7F))

_LAST_BACKSLASH = re.compile(r"\\(?=\[|\Z)")
_NOT_IN_FILENAMES = re.compile(r'[/\\:*?"<>|]')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_TICKET_TAG = re.compile(r"\[#\d{1,18}\]")
_REPLY = (
    "re|r|aw|antw|antwort|sv|vs|réf|rép|res|rif|odp|ynt|atb|vá|bls|"
    "回复|回覆|答复|答覆|返信|回信|답장|회신|отв|ответ|απ|σχετ|תשובה|השב|رد"
)
_FORWARD = (
    "fwd?|fw|wg|tr|rv|enc|i|pd|doorst|vl|vb|videresend|i̇?lt|trs|továbbítás|"
    "转发|轉寄|轉發|転送|전달|пер|пересл|πρθ|הועבר|إعادة توجيه"
)
_PREFIXES = re.compile(
    rf"(?:(?:{_REPLY}|{_FORWARD})\s?(?:[\[(^]\d{{1,3}}[\])]?)?\s?[:\uff1a]\s?)+", re.IGNORECASE
)


def safe_line(text: str, limit: int = LINE_LIMIT) -> str:
    """The text as one line of at most `limit` characters; a longer one ends in an ellipsis.

    Line breaks and tabs become spaces, runs of spaces become one, and none is left at either end.
    """
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    text = _printing(text)
    # No more words than `limit` can be needed, and the rest may be megabytes.
    text = " ".join(text.split(maxsplit=limit + 1)[: limit + 1])
    text = text[_start(text) :]
    if len(text) > limit:
        text = text[: _place_to_cut(text, max(limit - 1, 0))].rstrip() + "…"
    return text


def safe_text(text: str) -> str:
    """The text with its lines kept: LF between them, tabs expanded, lines above `WRAP_LIMIT` wrapped."""
    if not text.isascii() or text.encode().translate(None, _PRINTING):  # ten times as fast as isprintable
        text = _printing(text)
        if "\t" in text:
            text = text.expandtabs(8)
    if len(text) > WRAP_LIMIT and max(map(len, text.split("\n"))) > WRAP_LIMIT:
        text = "\n".join(_wrapped(line) for line in text.split("\n"))
    return text


def safe_filename(name: str) -> str:
    """A name for a new file that stays in its folder on every system, its ending kept."""
    name = safe_line(_NOT_IN_FILENAMES.sub("_", name), limit=len(name)).rstrip(". ")
    # Such a name would be hidden, taken for an option by a program, or for a device by Windows.
    if name.startswith((".", "-")) or _DEVICE.match(name):
        name = "_" + name
    return _shortened(name) or "unnamed"


def escape_markup(text: str) -> str:
    r"""The text for an API that takes only a markup string (Rich's or Textual's), so that it shows as it is.

    In both grammars `\[` is a bracket, but they disagree on backslashes before one: Rich counts them, Textual
    looks at the last. So a backslash before a bracket, or at the end (where the caller's own tag may follow),
    becomes the look-alike U+29F5. Rich also replaces `:name:` by emoji unless told `emoji=False`.
    """
    return _LAST_BACKSLASH.sub("\u29f5", text).replace("[", r"\[")


def relative_time(then: datetime, now: datetime) -> str:
    """How long ago in a few characters: `now`, `3m`, `2h`, `5d`, `Mar 4`, `Mar 2024`; to come: `in 3m`.

    Both times are aware; a date is that of `now`'s time zone.
    """
    seconds = (now - then).total_seconds()
    minutes = int(abs(seconds)) // 60
    if minutes >= 7 * 24 * 60:
        date = then.astimezone(now.tzinfo)
        return f"{_MONTHS[date.month - 1]} {date.day if date.year == now.year else date.year}"
    if minutes == 0:
        return "now"
    if minutes < 60:
        age = f"{minutes}m"
    elif minutes < 24 * 60:
        age = f"{minutes // 60}h"
    else:
        age = f"{minutes // (24 * 60)}d"
    return age if seconds > 0 else f"in {age}"


def clean_subject(subject: str) -> str:
    """The subject without reply and forward prefixes of any number and language, and without our `[#1042]`.

    The result is still outside text.
    """
    return without_prefixes(_TICKET_TAG.sub(" ", subject))


def without_prefixes(subject: str) -> str:
    """The subject without reply and forward prefixes alone."""
    subject = " ".join(subject.split())
    prefixes = _PREFIXES.match(subject)
    return subject[prefixes.end() :] if prefixes else subject


def _printing(text: str) -> str:
    """Only characters that print, LF and tabs; every line break is LF.

    Few characters are unusual, and fewer different ones: those are judged, not each place where they stand.
    """
    text = text.replace("\r\n", "\n")
    found = set(_compiled(_UNUSUAL).findall(text))
    changes = {char: shown for char in found if (shown := _shown(char)) != char}
    if len(changes) > 16:
        text = text.translate({ord(char): shown for char, shown in changes.items()})
    else:
        for char, shown in changes.items():
            text = text.replace(char, shown)
    if found & _CONTEXTUAL:
        text = _compiled(_STRAY).sub("", text)
        if _ZWJ in text:
            text = _EMOJI_CHAIN.sub(r"\1", text)
    marks = {char for char in found if _is_mark(char)}
    if _COMMON_MARK.search(text):
        marks.update(_ALL_COMMON_MARKS)
    if marks:
        text = _STACK.sub(lambda stack: _few_marks(stack.group(), marks), text)
        # A mark with no base would sit on whatever the screen shows before the line.
        baseless = "".join(marks | _CONTEXTUAL)
        text = _LINE_START.sub(lambda start: "\n" + start.group()[1:].lstrip(baseless), text.lstrip(baseless))
    return text


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The two that take 7 ms each to compile, which a command that shows only ASCII need not pay."""
    return re.compile(pattern)


def _shown(char: str) -> str:
    """What stands for a character wherever it is; itself, if it may stay."""
    if char in _KEPT or (char.isprintable() and char not in _INVISIBLE):
        return char
    if char in _LINE_BREAKS:
        return "\n"
    match unicodedata.category(char):
        case "Zs":
            return " "
        case "Cc":
            return chr(0x2400 + ord(char)) if char < " " else "\u2421" if char == "\x7f" else "\ufffd"
        case "Cs" | "Co":
            return "\ufffd"
        case "Cn":
            return _unassigned(char)
    return ""


def _unassigned(char: str) -> str:
    """Newer Unicode than this Python knows stays; what will never be a character to see does not."""
    code = ord(char)
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "\ufffd"
    if char in _INVISIBLE or 0xFFF0 <= code <= 0xFFF8 or 0xE0000 <= code <= 0xE0FFF:
        return ""
    return char


def _is_mark(char: str) -> bool:
    """Whether it stacks on the character before it."""
    return unicodedata.category(char) in ("Mn", "Me") and char not in _SELECTORS


def _few_marks(stack: str, marks: set[str]) -> str:
    if marks.isdisjoint(stack):
        return stack
    kept = []
    height = 0
    for char in stack:
        if char in marks:
            height += 1
        elif char not in _CONTEXTUAL:
            height = 0
        if height <= MARK_LIMIT:
            kept.append(char)
    return "".join(kept)


def _start(line: str) -> int:
    """The place of the first character that is neither a space nor a mark without a base."""
    for place, char in enumerate(line):
        if char != " " and char not in _CONTEXTUAL and not _is_mark(char):
            return place
    return len(line)


def _wrapped(line: str) -> str:
    pieces = []
    start = 0
    while len(line) - start > WRAP_LIMIT:
        space = line.rfind(" ", start + WRAP_LIMIT // 2, start + WRAP_LIMIT)
        end = _place_to_cut(line, space + 1 if space > 0 else start + WRAP_LIMIT)
        pieces.append(line[start:end])
        start = end
    pieces.append(line[start:])
    return "\n".join(pieces)


def _place_to_cut(text: str, end: int) -> int:
    """The last place up to `end` that does not part a base from its marks, or an emoji from its joiner."""
    for place in range(
        end, max(end - 64, 0), -1
    ):  # what belongs together is shorter: MARK_LIMIT, _EMOJI_CHAIN
        after = text[place]
        joined = text[place - 1] == _ZWJ and _IS_EMOJI(after)
        if not joined and after not in _CONTEXTUAL and not _is_mark(after):
            return place
    return end if end > 64 else 0


def _shortened(name: str) -> str:
    """At most FILENAME_LIMIT bytes of UTF-8."""
    if len(name.encode()) <= FILENAME_LIMIT:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    room = FILENAME_LIMIT - len((dot + ending).encode())
    short = stem.encode()[:room].decode(errors="ignore")
    return short[: _place_to_cut(stem, len(short))].rstrip(". ") + dot + ending
