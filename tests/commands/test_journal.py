"""commands.journal: what a log shows, and what it does not."""

import io
import json
import logging
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.journal import Lines, Objects, begin


def record(
    message: str, *arguments: object, error: BaseException | None = None, **more: Any
) -> logging.LogRecord:
    made = logging.LogRecord(
        "ttydesk.daemon", logging.WARNING, "daemon.py", 1, message, arguments,
        (type(error), error, error.__traceback__) if error else None,
    )  # fmt: skip
    vars(made).update(more)
    return made


def fault() -> BaseException:
    try:
        try:
            int("from kim@example.com: my secret")
        except ValueError as error:
            raise RuntimeError("subject: my secret") from error
    except RuntimeError as error:
        return error


def test_elsewhere_than_on_a_terminal_a_line_is_an_object() -> None:
    line = json.loads(Objects().format(record("Mail %s: %s.", 17, "created", raw_mail=17)))
    assert (line["level"], line["logger"], line["message"]) == (
        "warning",
        "ttydesk.daemon",
        "Mail 17: created.",
    )
    assert line["raw_mail"] == 17
    assert line["time"].endswith("Z")


@pytest.mark.parametrize("formatter", [Lines(), Objects()])
def test_a_fault_shows_where_it_was_and_nothing_of_a_mail(formatter: logging.Formatter) -> None:
    shown = formatter.format(record("The intake failed.", error=fault()))
    assert "ValueError" in shown and "RuntimeError" in shown and "test_journal.py" in shown
    assert "secret" not in shown and "kim@" not in shown


@pytest.mark.parametrize("formatter", [Lines(debug=True), Objects(debug=True)])
def test_who_looks_for_a_fault_sees_what_it_says(formatter: logging.Formatter) -> None:
    assert "my secret" in formatter.format(record("The intake failed.", error=fault()))


@given(st.text(max_size=200))
def test_whatever_is_logged_is_one_line_that_moves_no_cursor(text: str) -> None:
    for formatter in (Lines(), Objects()):
        shown = formatter.format(record("%s", text))
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in shown)


@pytest.mark.parametrize(
    "text", ["kim@example.com", "<kim@example.com>", "Kim (kim.o'hara@mail.example.co.uk)."]
)
def test_an_address_is_not_shown(text: str) -> None:
    shown = Lines().format(record("An answer to %s did not leave.", text))
    assert "example" not in shown and "(an address)" in shown


def test_googles_own_account_is_no_person() -> None:
    account = "gmail-api-push@system.gserviceaccount.com"
    assert account in Lines().format(record("%s needs a role.", account))


@pytest.fixture
def loggers() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("ttydesk")
    before = (root.level, list(root.handlers), ours.level)
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    ours.setLevel(before[2])


def test_other_libraries_are_quiet(loggers: None) -> None:
    stream = io.StringIO()
    begin(stream=stream)
    logging.getLogger("googleapiclient.discovery").info("URL being requested: GET kim@example.com")
    logging.getLogger("ttydesk.inbound").info("Mail 1: created.")
    assert stream.getvalue().count("\n") == 1
    assert "Mail 1: created." in stream.getvalue()


def test_on_a_terminal_it_is_for_people(loggers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    begin(stream=stream)
    logging.getLogger("ttydesk.daemon").info("The daemon works on a Maildir.")
    assert stream.getvalue()[8:] == " The daemon works on a Maildir.\n"
    assert sys.stderr is not stream
