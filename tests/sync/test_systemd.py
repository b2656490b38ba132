"""sync.systemd, and when the daemon says nothing any more."""

import asyncio
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.config import Settings
from core.desk import Desk
from sync.daemon import Daemon
from sync.heartbeat import Heartbeat
from sync.supervisor import Pulse
from sync.systemd import Systemd


def test_nothing_is_said_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd = Systemd.of_environment()
    systemd.ready()
    assert systemd.watchdog_seconds is None


def test_a_socket_that_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "nowhere"))
    systemd.ready()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "full"))
        full = Systemd(str(tmp_path / "full"))
        for _ in range(10_000):
            full.lives()


def test_an_abstract_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0ttydesk-{os.getpid()}")
        line.settimeout(5)
        Systemd(f"@ttydesk-{os.getpid()}").status("two\nlines")
        assert line.recv(100) == b"STATUS=two lines"


def test_the_variables_are_not_handed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "120000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert Systemd.of_environment().watchdog_seconds == 120
    assert "NOTIFY_SOCKET" not in os.environ
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "120000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert Systemd.of_environment().watchdog_seconds is None, "it is meant for another process"


class Heard(Systemd):
    def __init__(self) -> None:
        super().__init__(None, 120.0)
        self.lived = 0

    def lives(self) -> None:
        self.lived += 1


async def test_a_part_that_does_not_get_on_ends_the_signs_of_life(service: Desk, tmp_path: Path) -> None:
    clock = iter([0.0, 599.0, 601.0])
    now = datetime.now(UTC)
    systemd = Heard()
    daemon = Daemon(
        Settings(home=tmp_path), service, asyncio.Event(), Heartbeat(pid=1, started_at=now, beat_at=now),
        "worker", systemd, pulse=Pulse(lambda: next(clock)),
    )  # fmt: skip
    daemon.pulse.touch("intake")
    await daemon._watch_over()
    assert (systemd.lived, daemon.problems) == (1, {})
    await daemon._watch_over()
    assert systemd.lived == 1
    assert daemon.problems == {"intake": "It has not got on for 10 minutes."}
