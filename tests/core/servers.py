"""What the tests of the embedded Postgres share: other programs that use it, and questions to it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from core.embedded import Embedded

FAST = {"fsync": "off"}
"""A killed program leaves the system's cache as it is: only a power cut would show the difference."""

ROOT = Path(__file__).parents[2]


USER = """
import sys
from pathlib import Path
from core.embedded import Embedded
embedded = Embedded(Path(sys.argv[1]), {"fsync": "off"})
print(embedded.start(), flush=True)
sys.stdin.readline()
print(embedded.stop(), flush=True)
"""


class User:
    """Another program that uses the server."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def conninfo(self) -> str:
        return self._line()

    def leave(self) -> bool:
        """Whether it stopped the server."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._line() == "True"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            stream.close()


def answer(conninfo: str, query: str = "select 1") -> object:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row
        return row[0]


def pid_of(home: Path) -> int:
    status = Embedded(home).status()
    assert status.running and status.pid
    return status.pid


def kill_server(home: Path) -> int:
    """The number of the process that is dead now; its socket may still take a call just after the signal."""
    pid = pid_of(home)
    os.kill(pid, signal.SIGKILL)
    while Embedded(home).status().running:
        os.sched_yield()
    return pid
