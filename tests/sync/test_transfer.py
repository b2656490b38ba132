"""Content-Transfer-Encoding: misspelt, damaged, or not true."""

import base64
import quopri

import pytest

from sync.transfer import undo

CONTENT = b"Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln"


@pytest.mark.parametrize("name", ["BASE64", "base-64", '"base64"', "x-base64", "base64 (as ever)"])
def test_base64_is_known_however_it_is_spelt(name: str) -> None:
    assert undo(base64.encodebytes(CONTENT), name) == (CONTENT, "")


@pytest.mark.parametrize("name", ["Quoted-Printable", "quotedprintable", "quoted printable", "printable"])
def test_quoted_printable_is_known_however_it_is_spelt(name: str) -> None:
    assert undo(quopri.encodestring(CONTENT), name) == (CONTENT, "")


def test_white_space_behind_a_soft_line_break_was_added_on_the_way() -> None:
    assert undo(b"Hello =  \nworld =\t\r\nagain", "quoted-printable")[0] == b"Hello world again"


def test_words_that_say_they_are_base64_are_kept() -> None:
    said = b"Hello, this is not encoded at all.\nPlease help me!\n"
    assert undo(said, "base64") == (said, "A part that says it is base64 is plain.")
