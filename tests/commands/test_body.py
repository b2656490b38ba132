"""Where a text comes from; the editor is a real program."""

import sys
from pathlib import Path

import pytest
import typer

from commands.body import read_body
from core.errors import Invalid, StorageFailed


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)


def editor_that(tmp_path: Path, does: str) -> str:
    """A command that is started as an editor would be; `does` is Python with the file's path in `file`."""
    script = tmp_path / "an editor.py"
    script.write_text(f"import pathlib, sys\nfile = pathlib.Path(sys.argv[1])\n{does}\n", "utf-8")
    return f"{sys.executable} '{script}'"


@pytest.mark.usefixtures("terminal")
def test_the_editor_begins_with_the_draft(tmp_path: Path) -> None:
    editor = editor_that(tmp_path, "file.write_text(file.read_text('utf-8') + 'Grüße\\n', 'utf-8')")
    assert read_body(None, None, editor, lambda: "So far.\n") == "So far.\nGrüße"


@pytest.mark.usefixtures("terminal")
def test_visual_comes_before_editor_and_settings_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.setenv("VISUAL", editor_that(tmp_path, "file.write_text('visual')"))
    assert read_body(None, None) == "visual"
    with pytest.raises(Invalid, match="The editor ended"):
        read_body(None, None, "false")


@pytest.mark.usefixtures("terminal")
def test_an_editor_that_is_missing_is_one_sentence() -> None:
    with pytest.raises(Invalid, match="no-such-editor"):
        read_body(None, None, "no-such-editor -w")


@pytest.mark.usefixtures("terminal")
def test_what_was_left_empty_is_refused() -> None:
    with pytest.raises(Invalid, match="The text is empty"):
        read_body(None, None, "true")


def test_without_a_terminal_there_is_no_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "false")
    with pytest.raises(typer.BadParameter, match="There is no text"):
        read_body(None, None)


def test_a_file_keeps_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_bytes("\ufeff\r\n  indented\r\n\r\nlast\r\n".encode())
    assert read_body(None, str(file)) == "  indented\n\nlast"


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="Is a directory"):
        read_body(None, str(tmp_path))
