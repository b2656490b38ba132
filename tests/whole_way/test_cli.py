"""The command line as a program of its own: pipes, signals, a terminal, and several at once."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from bench.terminal import Terminal

ROOT = Path(__file__).parents[2]
TTYDESK = [sys.executable, "-c", "import cli; cli.main()"]
MAIL = (
    b"From: Bob <bob@example.com>\nTo: support@example.com\nDate: Tue, 04 Mar 2025 10:00:00 +0000\n"
    b"Message-ID: <%d@example.com>\nSubject: Lamp %d\n\nThe lamp is broken.\n"
)
OUTCOMES = ("created", "appended", "duplicate", "bounced", "ignored", "quarantined")


@pytest.fixture
def surroundings() -> Iterator[dict[str, str]]:
    """An empty home folder. Not under tmp_path: the server's account, as root, must get there."""
    with tempfile.TemporaryDirectory(prefix="ttydesk-tests-") as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TTYDESK_")}
        yield kept | {"TTYDESK_HOME": home, "PYTHONPATH": str(ROOT)}


Program = subprocess.Popen[bytes]


def start(surroundings: dict[str, str], *arguments: str) -> Program:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*TTYDESK, *arguments],
        env=surroundings,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        # A shell lets what it runs in the background ignore Ctrl-C, and pytest may run there.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def run(surroundings: dict[str, str], *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    process = start(surroundings, *arguments)
    out, said = process.communicate(stdin, timeout=120)
    return process.returncode, out, said


def is_running(surroundings: dict[str, str]) -> bool:
    _, out, _ = run(surroundings, "db", "status", "--json")
    running: bool = json.loads(out)["running"]
    return running


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """Enough for several processes, and for a list that no pipe can hold."""
    folder = tmp_path / "mails"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number}.eml").write_bytes(MAIL % (number, number))
    return folder


def test_from_an_empty_folder_to_a_list_whose_reader_leaves(
    surroundings: dict[str, str], mails: Path
) -> None:
    code, out, said = run(surroundings, "mail", "import", str(mails), "--json")
    assert (code, said) == (0, b"")
    assert json.loads(out) == dict.fromkeys(OUTCOMES, 0) | {"created": 300}
    assert not is_running(surroundings)  # the last to leave stops the server

    process = start(surroundings, "ticket", "list", "--json", "--limit", "300")
    assert process.stdout and process.stderr
    assert process.stdout.read(1) == b"["
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 0
    process.communicate()
    assert not is_running(surroundings)


def test_several_programs_share_the_server(surroundings: dict[str, str]) -> None:
    programs = [start(surroundings, "mail", "ingest") for _ in range(4)]
    ended = []
    for number, program in enumerate(programs):
        ended.append((program, program.communicate(MAIL % (number, number), timeout=120)))
    assert [(program.returncode, said[1]) for program, said in ended] == [(0, b"")] * 4
    _, out, _ = run(surroundings, "ticket", "list", "--json")
    assert {ticket["subject"] for ticket in json.loads(out)} == {f"Lamp {number}" for number in range(4)}
    assert not is_running(surroundings)


def test_ctrl_c_ends_a_command_with_130_and_no_traceback(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    pipe = tmp_path / "one.eml"
    os.mkfifo(pipe)
    process = start(surroundings, "mail", "parse", str(pipe))
    with pipe.open("wb"):  # opened as soon as the command reads
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert process.communicate() == (b"", b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_daemon_ends_when_it_is_told_to(surroundings: dict[str, str], number: signal.Signals) -> None:
    daemon = start(surroundings, "sync")
    assert daemon.stderr
    assert b"The daemon works on" in daemon.stderr.readline()
    code, _, said = run(surroundings, "sync", "--once")
    assert (code, said.count(b"\n")) == (1, 1)
    assert str(daemon.pid).encode() in said
    code, out, _ = run(surroundings, "sync", "status")
    assert (code, str(daemon.pid).encode() in out) == (0, True)

    daemon.send_signal(number)
    _, said = daemon.communicate(timeout=60)
    assert (daemon.returncode, b"Traceback" in said) == (0, False)
    code, _, said = run(surroundings, "sync", "status")
    assert (code, said) == (1, b"No daemon works here. Start one with: ttydesk sync\n")
    assert not is_running(surroundings)


def test_on_a_terminal_there_are_tables_and_the_agents_own_editor(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    run(surroundings, "mail", "ingest", stdin=MAIL % (1, 1))
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'Have you tried *another* bulb?' >> \"$1\"\n")
    editor.chmod(0o755)
    surroundings["EDITOR"] = str(editor)

    with Terminal([*TTYDESK, "ticket", "list"], surroundings, 100, 20) as terminal:
        terminal.until(lambda lines: "Lamp 1" in lines[1])
        heading, line = terminal.text[:2]
    assert heading.split() == ["NUMBER", "STATUS", "PRIORITY", "ASSIGNEE", "UPDATED", "FROM", "SUBJECT"]
    assert heading.index("SUBJECT") == line.index("Lamp 1")

    number = line.split()[0]
    with Terminal([*TTYDESK, "ticket", "reply", number], surroundings, 100, 20) as terminal:
        terminal.until(lambda lines: any("To undo" in line for line in lines))
    _, out, _ = run(surroundings, "ticket", "show", number, "--json")
    assert json.loads(out)["messages"][-1]["content"] == "Have you tried *another* bulb?"


def test_without_a_terminal_the_desk_says_what_it_needs(surroundings: dict[str, str]) -> None:
    code, out, said = run(surroundings)
    assert (code, out) == (1, b"")
    assert said == b"The desk needs a terminal. What works without one: ttydesk --help\n"


def test_the_program_says_its_version_and_how_to_use_it(surroundings: dict[str, str]) -> None:
    assert run(surroundings, "--version") == (0, f"ttydesk {version('ttydesk')}\n".encode(), b"")
    code, out, said = run(surroundings, "ticket", "frobnicate")
    assert (code, out) == (2, b"")
    assert b"No such command 'frobnicate'" in said


def test_the_demo_opens_on_lifelike_tickets(surroundings: dict[str, str]) -> None:
    with Terminal([*TTYDESK, "demo"], surroundings, 120, 40) as terminal:
        terminal.until(lambda lines: any("Taking in" in line for line in lines), patience=120)
        terminal.until(lambda lines: sum("#1" in line for line in lines) > 10, patience=120)
    ended = run(surroundings, "--home", f"{surroundings['TTYDESK_HOME']}/demo", "db", "status", "--json")
    assert json.loads(ended[1])["running"] is False
