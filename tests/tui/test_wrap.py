"""Cutting lines to a width in terminal cells."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from core.text import safe_text
from tests.attacks.write import THEMES
from tui.widgets.wrap import cropped, wrap

lines = st.text(st.one_of(st.characters(), st.sampled_from("  >-*1.abc語🏽👨‍👩‍👧e\u0301"))).map(
    lambda text: safe_text(text).split("\n")[0]
)


@settings(deadline=None)
@given(lines, st.integers(10, 60))
def test_no_piece_is_wider_and_no_word_is_lost(line: str, width: int) -> None:
    pieces = list(wrap(line, width))
    assert all(cell_len(piece) <= width for piece in pieces)
    kept = [char for char in line if char not in " >"]
    assert [char for char in "".join(pieces) if char not in " >"] == kept


@settings(deadline=None)
@given(lines, st.integers(0, 60))
def test_what_is_cropped_fits_and_says_so(text: str, width: int) -> None:
    short = cropped(text, width)
    assert cell_len(short) <= width
    assert short == text or not width or short.endswith("…")


@pytest.mark.parametrize("theme", THEMES)
def test_attacks_are_cut_like_any_other_line(theme: str) -> None:
    for line in safe_text(THEMES[theme]).split("\n"):
        assert all(cell_len(piece) <= 76 for piece in wrap(line, 76))


def test_items_and_quotes_hang() -> None:
    assert list(wrap("  - one two three four", 14)) == ["  - one two", "    three four"]
    assert list(wrap("> > one two three four", 14)) == ["> > one two", "> > three four"]
    assert list(wrap("12. one two three", 10)) == ["12. one", "    two", "    three"]


def test_words_without_blanks_are_cut_where_the_line_ends() -> None:
    assert list(wrap("x" * 25, 10)) == ["x" * 10, "x" * 10, "x" * 5]
    assert list(wrap("語" * 7, 10)) == ["語" * 5, "語" * 2]


def test_marks_that_are_cut_off_their_letter_take_no_room() -> None:
    marks = "\u0301" * 9
    assert "".join(wrap("x" * 10 + marks, 10)) == "x" * 10 + marks
    assert cropped(marks, 5) == marks
