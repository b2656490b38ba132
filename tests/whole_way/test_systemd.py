"""What the real daemon says to systemd, read at the socket as systemd reads it."""

import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole_way.programs import PATIENCE, Programs


class Manager:
    """The socket, and what was said on it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(self.path))
        self._line.settimeout(0.1)
        self.said: list[str] = []

    def hear(self) -> None:
        try:
            self.said.append(self._line.recv(4096).decode())
        except TimeoutError:
            return

    def until(self, state: str, times: int = 1) -> None:
        deadline = time.monotonic() + PATIENCE
        while sum(one.startswith(state) for one in self.said) < times:
            assert time.monotonic() < deadline, f"it never said {state}: {self.said}"
            self.hear()

    def close(self) -> None:
        self._line.close()


@pytest.fixture
def manager(programs: Programs) -> Iterator[Manager]:
    with tempfile.TemporaryDirectory(prefix="ttydesk-tests-") as folder:
        manager = Manager(Path(folder))
        programs.variables |= {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "1500000"}
        yield manager
        manager.close()


def test_it_says_that_it_is_ready_lives_and_ends(programs: Programs, manager: Manager) -> None:
    with programs.daemon() as daemon:
        manager.until("READY=1")
        manager.until("WATCHDOG=1", 3)
        manager.until("STATUS=0 in, 0 out")
        assert "STOPPING=1" not in manager.said
        daemon.process.send_signal(signal.SIGTERM)
        manager.until("STOPPING=1")
        assert daemon.process.wait(60) == 0
    assert manager.said.count("READY=1") == 1


def test_without_a_database_it_is_not_ready_and_not_given_up(programs: Programs, manager: Manager) -> None:
    programs.variables["TTYDESK_DATABASE_URL"] = f"host={programs.home} dbname=nowhere"
    with programs.daemon_begun():
        manager.until("EXTEND_TIMEOUT_USEC=")
        manager.until("WATCHDOG=1", 2)
        manager.until("STATUS=The database cannot be reached")
        assert "READY=1" not in manager.said


def test_a_problem_is_the_status(programs: Programs, manager: Manager) -> None:
    with programs.daemon():
        manager.until("STATUS=0 in, 0 out")
        (programs.home / "mail").rename(programs.home / "away")
        manager.until("STATUS=The Maildir")
        (programs.home / "away").rename(programs.home / "mail")
