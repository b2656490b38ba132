"""web.content: what a file is, whatever it is called."""

import io
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.content import is_program, refusal, type_of

SAMPLES = Path(__file__).parents[2] / "sync" / "samples" / "files"


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        for name in names:
            opened.writestr(name, "application/vnd.oasis.opendocument.text" if name == "mimetype" else "x")
    return made.getvalue()


PROGRAMS = {
    "Python itself": Path(sys.executable).resolve().read_bytes()[:4096],
    "Windows": b"MZ\x90\0\x03\0\0\0" + b"\0" * 200,
    "a script": b"#!/bin/sh\nrm -rf ~\n",
    "a script behind a byte order mark": b"\xef\xbb\xbf#!/usr/bin/env python3\n",
    "macOS": b"\xcf\xfa\xed\xfe" + b"\0" * 60,
    "Java": b"\xca\xfe\xba\xbe\0\0\0\x34" + b"\0" * 60,
    "Java, packed": archive("META-INF/MANIFEST.MF", "Main.class"),
    "Android": archive("AndroidManifest.xml", "classes.dex"),
    "an installer": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + b"\0" * 90
    + b"\x84\x10\x0c"
    + b"\0" * 5
    + b"\xc0"
    + b"\0" * 6
    + b"F",
    "a shortcut": b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + b"\0" * 60,
}


@pytest.mark.parametrize("content", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_is_none_the_less_one_under_a_picture_s_name(content: bytes) -> None:
    assert refusal("holiday.png", content) == "programs are not taken"


@pytest.mark.parametrize(
    "name", ["a.exe", "A.EXE", "a.pdf.scr", "a.bat ", "a.js.", "run.sh", "a.lnk", "x.hta"]
)
def test_what_a_system_would_run_by_its_name_is_not_taken(name: str) -> None:
    assert refusal(name, b"echo hello") == "programs are not taken"


@pytest.mark.parametrize(
    "name", ["letter.pdf", "exe", "report.sheet", "a.json", "shell.txt", "com", "message.eml"]
)
def test_what_it_would_not_run_is(name: str) -> None:
    assert refusal(name, b"Dear all,\n") is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ((SAMPLES / "battery.png").read_bytes(), "image/png"),
        ((SAMPLES / "letter.pdf").read_bytes(), "application/pdf"),
        ((SAMPLES / "lumen.csv").read_bytes(), "text/plain"),
        ("MZ begins this text, and Größe is in it.".encode(), "text/plain"),
        (b"<script>alert(1)</script>", "text/plain"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 50, "image/jpeg"),
        (
            archive("[Content_Types].xml", "word/document.xml"),
            _WORD := "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            archive("[Content_Types].xml", "xl/workbook.xml"),
            _WORD.replace("wordprocessingml.document", "spreadsheetml.sheet"),
        ),
        (archive("mimetype", "content.xml"), "application/vnd.oasis.opendocument.text"),
        (archive("photos/1.jpg"), "application/zip"),
        (bytes(range(256)), "application/octet-stream"),
        (b"PK\x03\x04 a broken archive \xff\0", None),
    ],
)
def test_what_it_is_stands_in_it(content: bytes, expected: str | None) -> None:
    assert not is_program(content)
    assert expected is None or type_of(content) == expected


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"MZ", b"%PDF-", b"\xd0\xcf\x11\xe0", b"<svg "]),
)
def test_no_bytes_are_too_much_for_it(content: bytes, start: bytes) -> None:
    is_program(start + content)
    kind, _, name = type_of(start + content).partition("/")
    assert kind and name and (kind + name).isascii()


def test_a_text_is_one_where_a_character_is_cut_at_the_end_of_what_is_looked_at() -> None:
    assert type_of(("a" + "漢" * 40_000).encode()) == "text/plain"
    assert type_of(("a" + "漢" * 10).encode()[:-1]) != "text/plain"
