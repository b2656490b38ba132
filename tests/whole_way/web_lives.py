"""Lives of `ttydesk web` that end by kill -9.

Run as a program: it imports everything once, and for each line on stdin forks a process that is the whole
program from its first line on; so a life costs milliseconds, not the start of an interpreter. It answers each
line with the number of that process. With its stdin all lives end.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cli
import web.server  # noqa: F401  it takes a second
from tests.whole_way.programs import ROOT, Programs


@dataclass
class WebLives:
    """The program, for a test."""

    process: "subprocess.Popen[str]"
    life: int = 0

    def begin(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.life = int(self.process.stdout.readline())

    def kill(self) -> None:
        os.kill(self.life, signal.SIGKILL)


@contextmanager
def web_lives(programs: Programs) -> Iterator[WebLives]:
    """The log of all lives is where the daemon's is."""
    with (
        (programs.home / "daemon.log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.whole_way.web_lives"],
            cwd=ROOT,
            env=programs.surroundings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        lives = WebLives(process)
        try:
            yield lives
        finally:
            assert process.stdin
            process.stdin.close()


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that were killed
    life = 0
    for _ in sys.stdin:
        life = os.fork()
        if life == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.argv = ["ttydesk", "web"]
            cli.main()
            os._exit(0)
        print(life, flush=True)
    if life:
        os.kill(life, signal.SIGTERM)
        while os.path.exists(f"/proc/{life}"):
            signal.sigtimedwait([], 0.05)


if __name__ == "__main__":
    main()
