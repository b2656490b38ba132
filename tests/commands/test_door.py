"""Where an error becomes a sentence and an exit code."""

import re
from pathlib import Path

import pytest

from core.errors import Conflict, DeskError, Unreachable
from tests.commands.conftest import Ttydesk

SETTINGS = "core.config.describe"
"""What `config show` calls; each test makes it fail in its own way."""


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(settings: object) -> None:
        raise error

    monkeypatch.setattr(SETTINGS, fail)


def test_an_error_of_ours_is_its_sentence_and_its_hint(
    typed: Ttydesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, Conflict("Somebody was faster.", hint="Try again."))
    ran = typed("config", "show")
    assert (ran.code, ran.out, ran.err) == (1, "", "Somebody was faster. Try again.\n")


@pytest.mark.parametrize("error", [Unreachable(), DeskError()])
def test_an_error_without_a_sentence_has_that_of_its_kind(
    typed: Ttydesk, monkeypatch: pytest.MonkeyPatch, error: DeskError
) -> None:
    failing(monkeypatch, error)
    assert typed("config", "show").err == f"{type(error).__doc__}\n"


def test_an_error_nobody_expected_is_one_sentence_and_its_details_are_kept(
    typed: Ttydesk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, KeyError("\x1b[2Joops"))
    ran = typed("--database-url", "postgres://ada:geheim@localhost/x", "config", "show")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "KeyError" in ran.err
    assert "\x1b" not in ran.err
    (file,) = (home / "log").iterdir()
    assert str(file) in ran.err
    details = file.read_text("utf-8")
    assert "Traceback (most recent call last)" in details
    assert "in fail" in details
    assert "\x1b" not in details
    assert "geheim" not in details


def test_details_that_cannot_be_written_are_said(
    typed: Ttydesk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    (home / "log").write_text("a file where the folder should be", "utf-8")
    failing(monkeypatch, ZeroDivisionError("x"))
    ran = typed("config", "show")
    assert ran.code == 1
    assert "ZeroDivisionError" in ran.err
    assert "could not be written" in ran.err


def test_without_a_home_the_details_lie_elsewhere(typed: Ttydesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**typed: object) -> None:
        raise Conflict("no settings")

    monkeypatch.setattr("core.config.load", fail)
    monkeypatch.setattr("commands.config.settings_of", lambda context: 1 / 0)
    ran = typed("config", "show")
    assert ran.code == 1
    where = re.search(r"The details are in (\S+)\.$", ran.err)
    assert where
    assert "ZeroDivisionError" in Path(where[1]).read_text("utf-8")


def test_ctrl_c_ends_with_130_and_no_word(typed: Ttydesk, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    ran = typed("config", "show")
    assert (ran.code, ran.out, ran.err) == (130, "", "")
