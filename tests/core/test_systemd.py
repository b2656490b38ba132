"""core.systemd: what is said on the socket, and when nothing is."""

import os
import socket
from pathlib import Path

import pytest

from core.systemd import Systemd


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
        line.settimeout(60)
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
