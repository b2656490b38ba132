"""A mail becomes a ticket, is answered from the terminal, and the answer is a mail.

The real programs: the daemon, the terminal interface in a pseudo-terminal and the command line,
side by side on one embedded Postgres, which ends with the last of them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from bench.terminal import Terminal

TTYDESK = [sys.executable, "-c", "import cli; cli.main()"]
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ttydesk-tests-") as folder:
        (Path(folder) / "config.toml").write_text(
            'grace_seconds = 0.2\nagent = "ada@lamps.example"\n[mailbox]\naddress = "help@lamps.example"\n'
        )
        yield Path(folder)


@pytest.fixture
def surroundings(home: Path) -> dict[str, str]:
    return {"TTYDESK_HOME": str(home), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def daemon(home: Path, surroundings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*TTYDESK, "sync"], env=os.environ | surroundings)
    try:
        wait(lambda: (home / "mail/new").is_dir(), "the daemon made its Maildir")
        yield process
    finally:
        process.kill()
        process.wait()


def wait(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.05)


def deliver(home: Path, mail: EmailMessage) -> None:
    name = f"{time.time_ns()}.{os.getpid()}.host"
    (home / "mail/tmp" / name).write_bytes(mail.as_bytes())
    (home / "mail/tmp" / name).rename(home / "mail/new" / name)


def written(subject: str, text: str, message_id: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Kim Hidé <kim@example.com>"
    mail["To"] = "help@lamps.example"
    mail["Subject"] = subject
    mail["Message-ID"] = message_id
    mail.set_content(text)
    return mail


def sent(home: Path) -> list[Path]:
    return sorted((home / "mail/.Sent/cur").glob("*"))


def command(surroundings: dict[str, str], *words: str) -> object:
    run = subprocess.run(
        [*TTYDESK, *words], env=os.environ | surroundings, capture_output=True, check=True, timeout=PATIENCE
    )
    return json.loads(run.stdout)


def test_from_a_mail_to_its_answer_and_back(
    home: Path, surroundings: dict[str, str], daemon: subprocess.Popen[bytes]
) -> None:
    deliver(home, written("Broken lämp", "It does not light any more.", "<first@example.com>"))
    with Terminal(TTYDESK, surroundings, 120, 36) as terminal:
        terminal.until(lambda rows: any("Broken lämp" in row for row in rows), PATIENCE)
        terminal.press("\r", lambda rows: any("It does not light" in row for row in rows), PATIENCE)
        terminal.press(
            "r", lambda rows: any("kim@example.com" in row and "To" in row for row in rows), PATIENCE
        )
        terminal.press("Try *another* bulb.", lambda rows: any("bulb." in row for row in rows), PATIENCE)
        terminal.press("\x13", lambda rows: True, PATIENCE)

        wait(lambda: sent(home), "the answer lies in the Maildir's sent folder")
        answer = message_from_bytes(sent(home)[0].read_bytes(), policy=policy.default)
        assert answer["To"] == "Kim Hidé <kim@example.com>"
        assert answer["In-Reply-To"] == answer["References"] == "<first@example.com>"
        assert answer["Subject"] == "Re: Broken lämp [#1001]"
        assert [part.get_content_type() for part in answer.walk()] == [
            "multipart/alternative", "text/plain", "text/html",
        ]  # fmt: skip
        html = answer.get_body(("html",))
        assert html and "<em>another</em>" in html.get_content()

        again = written("Re: Broken lämp [#1001]", "That was it, thanks!", "<second@example.com>")
        again["In-Reply-To"] = answer["Message-ID"]
        deliver(home, again)
        terminal.until(lambda rows: any("That was it" in row for row in rows), PATIENCE)

        (ticket,) = command(surroundings, "ticket", "list", "--json")  # type: ignore[misc]
        assert (ticket["number"], ticket["status"], ticket["message_count"]) == (1001, "open", 3)
        assert (home / "postgres/postmaster.pid").exists()

    daemon.terminate()
    assert daemon.wait(PATIENCE) == 0
    assert not (home / "postgres/postmaster.pid").exists(), "whoever ends last stops the server"
    assert len(sent(home)) == 1
