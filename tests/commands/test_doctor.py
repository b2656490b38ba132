"""`ttydesk doctor` as it is typed: what is printed, and how it ends."""

import re
from pathlib import Path

import psycopg
import pytest

from commands import doctor, output
from core.desk import Desk
from sync.doctor_finding import Finding, Result
from tests.commands.conftest import Ttydesk

FOUND = [
    Finding("disk", "", Result.OK, "1 GB is free.", ""),
    Finding("sign-in", "help@example.com", Result.FAILED, "It \x1b[31mends.", "ttydesk gmail connect"),
    Finding("scopes", "help@example.com", Result.UNKNOWN, "It takes a sign-in to tell.", ""),
    Finding("clock", "help@example.com", Result.WARNING, "It is slow.", "timedatectl"),
    Finding("history", "help@example.com", Result.UNKNOWN, "It takes a sign-in to tell.", ""),
]


def test_a_desk_with_warnings_ends_with_0(ttydesk: Ttydesk, home: Path) -> None:
    home.mkdir(mode=0o700)
    ran = ttydesk("doctor")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert {len(row) for row in rows} == {5}
    assert {row[1]: row[0] for row in rows}["database"] == "ok"
    assert ["warning", "daemon"] in [row[:2] for row in rows]
    assert {one["result"] for one in ttydesk("doctor", "--json").json} == {"ok", "warning", "cannot tell"}


def test_a_failure_ends_with_1(ttydesk: Ttydesk, service: Desk, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update desk.support_agents set active = false")
    for options in ((), ("--json",)):
        ran = ttydesk("doctor", *options)
        assert (ran.code, ran.err) == (1, "1 check failed. Each says what to do.\n")
        assert "There is no active agent." in ran.out


def test_settings_that_cannot_be_read_are_a_finding(typed: Ttydesk, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[mailbox]\nadress = 'help@example.com'\n")
    ran = typed("doctor")
    assert ran.code == 1
    assert re.fullmatch(
        r"failed\tsettings\t\t\S+config.toml: there is no setting 'mailbox.adress'. Nothing else was looked"
        r" at\.\tDid you mean mailbox.address\?\n",
        ran.out,
    )


def test_on_a_terminal_it_is_drawn_by_mailbox(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (doctor, output):
        monkeypatch.setattr(module, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    doctor._print(FOUND)
    assert capsys.readouterr().out.splitlines() == [
        "The desk",
        "ok           disk  1 GB is free.",
        "",
        "help@example.com",
        "failed       sign-in   It ␛[31mends.",
        "                       → ttydesk gmail connect",
        "cannot tell  2 checks  It takes a sign-in to tell. (scopes,",
        "                       history)",
        "warning      clock     It is slow.",
        "                       → timedatectl",
        "",
    ]
