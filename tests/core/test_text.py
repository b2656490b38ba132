# ruff: noqa: RUF001
"""What leaves core/text.py prints, and does nothing else: shown by Unicode and by other programs."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyte
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.markup import render
from textual.content import Content

from core import text as text_module
from core.text import (
    FILENAME_LIMIT,
    LINE_LIMIT,
    MARK_LIMIT,
    WRAP_LIMIT,
    clean_subject,
    escape_markup,
    relative_time,
    safe_filename,
    safe_line,
    safe_text,
)

unhurried = settings(deadline=None)
SEEN_FORMATS = (
    "\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
PIECES = [
    "\x1b[31m", "\x1b]0;t\x07", "\x9b1m", "\r", "\r\n", "\n", "\t", " ", "\u3000", "\u202e", "\u2066",
    "\u200b", "\u200c", "\u200d", "\ufe0f", "\ufe0e", "\ufe00", "\U000e0101", "\u20e3", "1", "*", "#",
    "\u0301", "\u0489", "\u094d", "\u0915", "\u0645", "\u064b", "\u0e49", "\u180b", "\u1820",
    "\U0001f468", "\U0001f3fd", "\u2764", "\u8a9e", "\U0001f3f4", "\U000e0067", "\U000e007f", "[b]",
    "[", "]", "\\", "/", ".", "-", "con", "\ud800", "\u0301" * 9, "\U0001f468\u200d" * 7,
    "\u0915\u094d\u200d" * 9, "\u094d\u200d" * 9, "x" * (WRAP_LIMIT - 3),
]  # fmt: skip
hostile = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=40).map("".join)
texts = st.text(st.characters()) | hostile

UNHARMED = [
    "Hello, [bold] world! ~ \\o/ {} $HOME 100 %",
    "Größe, naïve, Łódź, İstanbul, Việt Nam, e\u0301a\u0308\u0304",
    "Здравствуйте, мой принтер сломан. Ελληνικά: καλημέρα",
    "مرحبا، كيف حالك؟ مُحَمَّدٌ ١٢٣ \u0600١٢",
    "می\u200cخواهم کتاب\u200cها ۱۴۰۳ ه\u200d.",
    "שָׁלוֹם, מה שלומך? בְּרֵאשִׁ֖ית",
    "नमस्ते क्\u200dष र्\u200dय श्\u200cर हिन्दी।",
    "বাংলা র\u200d্যাব, தமிழ் வணக்கம், മലയാളം ന്\u200d, ශ්\u200dරී ලංකා",
    "สวัสดีครับ น้ำ ที่นี่ ມື້ນີ້",
    "မြန်မာ ကျွှံ့ ខ្មែរ ស្រី བོད་ཡིག ᠮᠣᠩᠭᠣᠯ\u180b",
    "日本語「かな」葛\U000e0100城 繁體 简体 한국어 가 が",
    "👨\u200d👩\u200d👧\u200d👦 👩🏽\u200d❤\ufe0f\u200d💋\u200d👨🏿 🏴\u200d☠\ufe0f",
    "1\ufe0f\u20e3 ❤\ufe0f 🇩🇪 👍🏽 🫠 ☎\ufe0e",
]


def assert_prints_only(text: str) -> None:
    """By the categories of Unicode, not by the lists of the code under test."""
    for char in text:
        category = unicodedata.category(char)
        assert category not in ("Cs", "Co", "Zl", "Zp"), ascii(char)
        assert category != "Cc" or char == "\n", ascii(char)
        assert category != "Cf" or char in SEEN_FORMATS, ascii(char)
        assert category != "Zs" or char in " \u3000", ascii(char)
        assert ord(char) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(char) <= 0xFDEF, ascii(char)
        assert not 0xE0000 <= ord(char) <= 0xE00FF and char not in "\u034f\u115f\u1160\u3164\uffa0", ascii(
            char
        )
    assert not re.search("[\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef\u200c\u200d]{2}", text)
    assert max(map(len, re.findall(r"(?:.\ufe0f?\u200d)+", text)), default=0) <= 3 * max(MARK_LIMIT, 4) + 2
    assert _highest_stack(text) <= MARK_LIMIT


def _highest_stack(text: str) -> int:
    highest = height = 0
    for char in text:
        if char in "\u200c\u200d" or 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF:
            continue
        height = (
            height + 1 if unicodedata.category(char) in ("Mn", "Me") and char not in "\u180b\u180c" else 0
        )
        highest = max(highest, height)
    return highest


class Events:
    """What a terminal would do with a text."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **options: self.seen.add(name)


def terminal_events(text: str) -> set[str]:
    events = Events()
    pyte.Stream(events, strict=False).feed(text)
    return events.seen


@unhurried
@given(texts)
def test_a_safe_line_prints_and_does_nothing_else(text: str) -> None:
    line = safe_line(text)
    assert_prints_only(line)
    assert len(line) <= LINE_LIMIT
    assert "\n" not in line and "  " not in line and line == line.strip()
    assert not line or unicodedata.category(line[0]) not in ("Mn", "Me")
    assert terminal_events(line) <= {"draw"}


@unhurried
@given(texts)
def test_safe_text_prints_lines_and_does_nothing_else(text: str) -> None:
    safe = safe_text(text)
    assert_prints_only(safe)
    for line in safe.split("\n"):
        assert len(line) <= WRAP_LIMIT
        assert not line or unicodedata.category(line[0]) not in ("Mn", "Me")
    assert terminal_events(safe) <= {"draw", "linefeed"}


@unhurried
@given(texts, st.integers(1, 60))
def test_what_is_safe_stays_as_it_is(text: str, limit: int) -> None:
    assert safe_line(safe_line(text)) == safe_line(text)
    assert safe_text(safe_text(text)) == safe_text(text)
    short = safe_line(text, limit)
    assert len(short) <= limit
    assert safe_line(short, limit) == short
    assert_prints_only(short)


@pytest.mark.parametrize("text", UNHARMED, ids=lambda text: unicodedata.name(text[0]))
def test_the_languages_of_the_world_are_unharmed(text: str) -> None:
    assert safe_line(text) == text
    assert safe_text(f"{text}\n\n  {text}\n") == f"{text}\n\n  {text}\n"


@pytest.mark.parametrize(
    ("hostile", "line"),
    [
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("\x9b31m\x7f\x00", "\ufffd31m␡␀"),
        ("pay 10\rpay 99", "pay 10 pay 99"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("p\u200ba\u200cy\u200dp\ufeffal", "paypal"),
        ("a\xa0b\u2009c\td\u2028e", "a b c d e"),
        ("\ud800 \ue000 \ufffe", "\ufffd \ufffd \ufffd"),
        ("ok\U000e0068\U000e0069", "ok"),
        ("a" + "\u0301" * 1000, "a" + "\u0301" * MARK_LIMIT),
        ("\u0301\u0301a", "a"),
        ("😀" + "\ufe0f" * 9, "😀\ufe0f"),
        ("\u3164\u3164", ""),
        ("x" * 600, "x" * (LINE_LIMIT - 1) + "…"),
    ],
)
def test_what_becomes_of_an_attack(hostile: str, line: str) -> None:
    assert safe_line(hostile) == line


def test_safe_text_keeps_lines_expands_tabs_and_wraps_at_a_space() -> None:
    assert safe_text("a\r\nb\rc\x0bd\x85e\u2029f\n\n") == "a\nb\nc\nd\ne\nf\n\n"
    assert safe_text("ab\tc\n\td") == "ab      c\n        d"
    wrapped = safe_text("word " * 2000)
    assert max(map(len, wrapped.split("\n"))) == WRAP_LIMIT
    assert wrapped.replace("\n", "") == "word " * 2000
    assert safe_text("語" * 9000).replace("\n", "") == "語" * 9000


def test_a_cut_parts_no_emoji_and_no_mark_from_its_base() -> None:
    family = "👨\u200d👩\u200d👧\u200d👦"
    assert safe_line(f"abc {family} and more", limit=8) == "abc…"
    assert safe_line("abcde\u0301\u0302\u0303 and more", limit=7) == "abcd…"


def test_only_what_needs_no_judging_is_passed_unjudged() -> None:
    """The ranges that are there for speed hold nothing that the rules would change."""
    unusual = re.compile(text_module._UNUSUAL)
    for char in map(chr, range(0x110000)):
        if not unusual.match(char) and char != "\n":
            assert text_module._shown(char) == char and char not in text_module._CONTEXTUAL
            assert text_module._is_mark(char) == (char in text_module._ALL_COMMON_MARKS)


MARKUP = [
    "[",
    "]",
    "\\",
    "/",
    "@click=app.quit",
    "b",
    "/b",
    "[b]",
    "[/]",
    "#f00",
    "$x",
    "=",
    "'",
    '"',
    " ",
    "\n",
    "(",
]


@unhurried
@given(st.lists(st.sampled_from(MARKUP), max_size=12).map("".join) | st.text())
@example("C:\\[b]")
@example("[/]")
@example("\\\\[b]\\")
@example("[@click=app.quit()]x[/]")
def test_escaped_markup_shows_as_it_is_in_rich_and_textual(text: str) -> None:
    text = safe_text(text)
    plain = re.sub(r"\\(?=\[|\Z)", "\u29f5", text)
    escaped = escape_markup(text)
    in_rich = render(escaped, emoji=False)
    in_textual = Content.from_markup(escaped)
    assert (in_rich.plain, in_rich.spans) == (plain, [])
    assert (in_textual.plain, in_textual.spans) == (plain, [])
    assert render(f"[b]{escaped}[/b]!", emoji=False).plain == plain + "!"
    assert Content.from_markup(f"[b]{escaped}[/b]!").plain == plain + "!"


@pytest.mark.parametrize(
    "piece",
    [
        "\x1b",
        "\\",
        " ",
        "\t",
        "\n",
        "[",
        "\u0301",
        "a\u0301",
        "\u200d",
        "\u0645\u200d",
        "😀\u200d",
        "\ufe0f",
        "\u0915\u094d\u200d",
        "\U0001f3fb",
        "Re: ",
        "Re",
        "[#1] ",
        "-",
        ".",
        "語",
        "\r",
    ],
)
def test_much_of_anything_takes_no_more_than_its_time(piece: str) -> None:
    """Anything quadratic would take minutes here."""
    text = piece * (200_000 // len(piece))
    assert len(safe_line(text)) <= LINE_LIMIT
    assert max(map(len, safe_text(text).split("\n"))) <= WRAP_LIMIT
    assert len(safe_filename(text).encode()) <= FILENAME_LIMIT
    assert len(escape_markup(text)) <= 2 * len(text)
    assert len(clean_subject(text)) <= len(text)


@unhurried
@given(texts)
def test_a_safe_filename_stays_in_its_folder(name: str) -> None:
    safe = safe_filename(name)
    assert_prints_only(safe)
    assert safe and len(safe.encode()) <= FILENAME_LIMIT
    assert (
        not set(safe) & set('/\\:*?"<>|\n')
        and not safe.startswith((".", "-"))
        and not safe.endswith((".", " "))
    )
    assert safe_filename(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Rechnung März.pdf", "Rechnung März.pdf"),
        ("../../etc/passwd", "_.._.._etc_passwd"),
        ("C:\\Users\\x.doc", "C__Users_x.doc"),
        (".bashrc", "_.bashrc"),
        ("-rf", "_-rf"),
        ("CON.txt", "_CON.txt"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("a" * 300 + ".tar.gz", "a" * 197 + ".gz"),
        ("語" * 100 + ".png", "語" * 65 + ".png"),
    ],
)
def test_safe_filename(name: str, safe: str) -> None:
    assert safe_filename(name) == safe


NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "age"),
    [
        (timedelta(seconds=59), "now"),
        (timedelta(0), "now"),
        (timedelta(seconds=-20), "now"),
        (timedelta(minutes=3, seconds=59), "3m"),
        (timedelta(minutes=60), "1h"),
        (timedelta(hours=23, minutes=59), "23h"),
        (timedelta(days=5), "5d"),
        (timedelta(days=7), "Mar 3"),
        (timedelta(days=100), "Nov 2025"),
        (timedelta(hours=-2), "in 2h"),
        (timedelta(days=-30), "Apr 9"),
    ],
)
def test_relative_time(ago: timedelta, age: str) -> None:
    assert relative_time(NOW - ago, NOW) == age


def test_relative_time_gives_dates_of_the_readers_zone() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert relative_time(datetime(2026, 2, 28, 20, 0, tzinfo=UTC), NOW.astimezone(tokyo)) == "Mar 1"


@pytest.mark.parametrize(
    ("subject", "clean"),
    [
        ("Printer broken", "Printer broken"),
        ("Re: Printer broken", "Printer broken"),
        ("RE: AW: Fwd: SV:  Printer   broken", "Printer broken"),
        ("Re: [#1042] Re: Printer broken [#1042]", "Printer broken"),
        ("Re[2]: Re(3): Re^4 : Printer", "Printer"),
        ("回复：回复: 打印机", "打印机"),
        ("Réf : TR : Imprimante", "Imprimante"),
        ("Odp: Antw: Ynt: VS: x", "x"),
        ("Отв: принтер", "принтер"),
        ("[list] Re: x", "[list] Re: x"),
        ("Research: results", "Research: results"),
        ("Ticket [#12a] and #13", "Ticket [#12a] and #13"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_clean_subject(subject: str, clean: str) -> None:
    assert clean_subject(subject) == clean


@unhurried
@given(texts)
def test_a_clean_subject_stays_clean(subject: str) -> None:
    clean = clean_subject(subject)
    assert clean_subject(f"Re: Fwd: {clean}") == clean_subject(clean)
