"""Bytes to text, by labels that are misspelt, unknown or wrong."""

import pytest

from sync.charset import decode

GREETING = "Grüße aus Köln"
LABELLED = {
    "koi8r": ("koi8-r", "Привет"),
    "gb_2312-80": ("gb18030", "打印机坏了"),
    "cn-big5": ("big5", "印表機壞了"),
    "logical": ("iso8859-8", "מדפסת"),
    "mac-centraleurope": ("mac_latin2", "Příliš žluťoučký"),
    "ansi": ("cp1252", GREETING),
    "windows-31j": ("cp932", "プリンタ①"),
    "ks_c_5601-1987": ("cp949", "프린터 고장"),
}


@pytest.mark.parametrize("label", LABELLED)
def test_what_the_label_means_is_read(label: str) -> None:
    codec, text = LABELLED[label]
    assert decode(text.encode(codec), label)[0] == text


@pytest.mark.parametrize("label", ["utf-8", "us-ascii", "x-unknown", ""])
def test_a_few_letters_of_latin_are_no_other_script(label: str) -> None:
    assert decode(GREETING.encode("cp1252"), label)[0] == GREETING


def test_utf8_with_one_broken_character_stays_utf8() -> None:
    assert decode(GREETING.encode() + b"\xff!", "utf-8")[0] == f"{GREETING}\ufffd!"
