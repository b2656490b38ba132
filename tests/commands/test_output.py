"""What reaches stdout: exact for programs, aligned for people, harmless for terminals."""

import io
import json
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from commands import output
from core.errors import StorageFailed


class Screen(io.StringIO):
    """A terminal that keeps what was printed."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal of 60 columns that shows colours; what is printed goes there with `redirect_stdout`."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    return Screen()


def printed_json(data: object) -> str:
    with redirect_stdout(io.StringIO()) as printed:
        output.write_json(data)
    return printed.getvalue()


@given(
    st.recursive(
        st.text(st.characters(exclude_categories=[])), lambda inner: st.dictionaries(st.text(), inner)
    )
)
def test_json_is_exact_and_prints(data: object) -> None:
    text = printed_json(data)
    assert json.loads(text) == json.loads(json.dumps(data))
    assert {char for char in text if not char.isprintable()} <= {"\n"}


def test_json_keeps_letters_and_escapes_what_would_act() -> None:
    text = printed_json({"subject": "Grüße 日本 \x1b[2J \u202e \U0001f600 \U000e0041 \x7f"})
    assert "Grüße 日本 \\u001b[2J \\u202e \U0001f600 \\udb40\\udc41 \\u007f" in text


def test_json_does_not_stack_thousands_of_marks() -> None:
    text = printed_json("e" + "\u0301" * 1000)
    assert json.loads(text) == "e" + "\u0301" * 1000
    assert text.count("\u0301") == 6


def test_rows_are_tab_separated_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_rows(("A", "B"), [("1", "x"), ("2", "a long text " * 20)])
    assert capsys.readouterr().out == "1\tx\n2\t" + "a long text " * 20 + "\n"


def test_rows_are_aligned_on_a_terminal_and_give_way(screen: Screen) -> None:
    with redirect_stdout(screen):
        output.write_rows(("NUMBER", "SUBJECT"), [("1", "x"), ("1000", "[red]y" * 30)], flexible=(1,))
    lines = re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue()).splitlines()
    assert [line.split()[0] for line in lines] == ["NUMBER", "1", "1000"]
    assert lines[0].index("SUBJECT") == lines[1].index("x") == lines[2].index("[red]y")
    assert lines[2].endswith("…")
    assert max(map(len, lines)) <= 60


def test_headings_are_bold_on_a_terminal_without_markup(screen: Screen) -> None:
    with redirect_stdout(screen):
        output.write_heading("[red]#1 :smile:")
    assert screen.getvalue() == "\x1b[1m[red]#1 :smile:\x1b[0m\n"


def test_no_color_is_minded(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stdout(screen):
        output.write_rows(("A",), [("x",)])
        output.write_heading("H")
    assert screen.getvalue() == "A\nx\nH\n"
    assert "\x1b" not in screen.getvalue()


def test_a_character_the_terminal_cannot_show_becomes_a_question_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, "latin-1"))
    output.write("Grüße 日本")
    assert shown.getvalue() == "Grüße ??\n".encode("latin-1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(StorageFailed, match="The output cannot be written: No space left on device"):
            output.write_raw(b"x" * 100_000)


def test_raw_bytes_go_to_no_terminal(screen: Screen) -> None:
    with redirect_stdout(screen), pytest.raises(typer.BadParameter):
        output.write_raw(b"\x1b[2J")
    assert screen.getvalue() == ""


def test_a_reader_who_left_ends_the_command_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        with pytest.raises(typer.Exit) as ended:
            output.write("nobody reads this")
        pipe.flush()  # what the interpreter does at its end
    assert ended.value.exit_code == 0
