"""The real programs on one home folder, as a user starts them, and what they say."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.terminal import Terminal

ROOT = Path(__file__).parents[2]
TTYDESK = [sys.executable, "-c", "import cli; cli.main()"]
PATIENCE = 90.0
MAIL = (
    b"From: Kim <kim@example.com>\nTo: help@lamps.example\nDate: Mon, 02 Mar 2026 10:00:00 +0000\n"
    b"Message-ID: <%s@example.com>\nSubject: Lamp %s\n\nIt is dark.\n"
)


@dataclass(frozen=True)
class Ran:
    code: int
    out: bytes
    said: str
    """What came on stderr."""

    @property
    def refusal(self) -> str:
        """What a user is told who asked for what cannot be: one line, no traceback, no surprise."""
        assert (self.code, self.out) == (1, b""), self
        assert self.said.count("\n") == 1, self
        assert re.search(r"(\.|\?|ttydesk [a-z-]+)\n$", self.said), self
        assert "Traceback" not in self.said and "did not expect" not in self.said, self
        return self.said.strip()


@dataclass
class Programs:
    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    """What stands before each command: a program that runs it as somebody else."""

    @property
    def surroundings(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TTYDESK_")}
        ours = {"TTYDESK_HOME": str(self.home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        return kept | ours | self.variables

    def start(
        self, *words: str | Path, stdout: Any = subprocess.PIPE, stderr: Any = subprocess.PIPE
    ) -> "subprocess.Popen[bytes]":
        command = [*self.prefix, *TTYDESK, *map(str, words)]
        return subprocess.Popen(
            command, env=self.surroundings, cwd="/", stdin=subprocess.PIPE, stdout=stdout, stderr=stderr
        )

    def run(self, *words: str | Path, stdin: bytes = b"") -> Ran:
        return ended(self.start(*words), stdin)

    def json(self, *words: str | Path, stdin: bytes = b"") -> Any:
        ran = self.run(*words, "--json", stdin=stdin)
        assert (ran.code, ran.said) == (0, ""), ran
        return json.loads(ran.out)

    def terminal(self, columns: int = 100, lines: int = 30, words: Sequence[str] = ()) -> Terminal:
        return Terminal([*self.prefix, *TTYDESK, *words], self.surroundings, columns, lines)

    @contextmanager
    def daemon(self) -> Iterator["Daemon"]:
        with self.daemon_begun() as daemon:
            daemon.until_said("works on")
            yield daemon

    @contextmanager
    def daemon_begun(self) -> Iterator["Daemon"]:
        """Not waited for; in the end it is told to end, and has to do so in order."""
        log = self.home / "daemon.log"
        with log.open("wb") as said:
            process = self.start("sync", stdout=said, stderr=said)
        daemon = Daemon(process, log)
        try:
            yield daemon
            process.terminate()
            assert process.wait(PATIENCE) == 0
            assert "Traceback" not in daemon.said and "unforeseen" not in daemon.said, daemon.said
        finally:
            process.kill()
            process.communicate()

    def deliver(self, name: str, content: bytes | None = None) -> Path:
        """Into the Maildir, as a mail server does it."""
        content = MAIL % (name.encode(), name.encode()) if content is None else content
        (self.home / "mail/tmp" / name).write_bytes(content)
        return (self.home / "mail/tmp" / name).rename(self.home / "mail/new" / name)

    def nothing_is_lost(self) -> int:
        """The mails in the ledger, all of which are accounted for."""
        found = self.json("mail", "verify")
        assert [found[name] for name in ("lost", "damaged", "unentered")] == [[], [], []]
        assert all(box["waiting"] == box["missing"] == [] for box in found["mailboxes"])
        checked: int = found["checked"]
        return checked

    def servers(self) -> list[int]:
        """The processes of the home's Postgres: they work in its data folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(process / "cwd") == str(self.home / "postgres"):
                    found.append(int(process.name))
        return found

    def kill_servers(self) -> None:
        """At once and all of them, as the kernel does when memory runs out."""
        killed = self.servers()
        assert killed
        for process in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@dataclass
class Daemon:
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until_said(self, words: str) -> None:
        wait(lambda: words in self.said, f"the daemon said: {words}", lambda: self.said)


def ended(process: "subprocess.Popen[bytes]", stdin: bytes = b"") -> Ran:
    out, said = process.communicate(stdin, timeout=PATIENCE)
    return Ran(process.returncode, out or b"", (said or b"").decode())


def wait(holds: Callable[[], object], what: str, instead: Callable[[], object] = str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}\n{instead()}"
        time.sleep(0.05)


def shows(*words: str) -> Callable[[list[str]], bool]:
    """Whether all of the words stand on the screen."""
    return lambda rows: all(any(word in row for row in rows) for word in words)
