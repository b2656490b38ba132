"""sync.lock: one daemon for a home, and the lock goes with the process that held it."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Conflict, StorageFailed
from sync.lock import held, holder

HOLD = """
import pathlib, sys
from sync.lock import held
with held(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


def test_a_second_daemon_is_told_of_the_first(tmp_path: Path) -> None:
    with held(tmp_path):
        assert holder(tmp_path) == os.getpid()
        with pytest.raises(Conflict, match=rf"works in .* already \(process {os.getpid()}\)"), held(tmp_path):
            pass
    assert holder(tmp_path) is None


def test_a_killed_daemon_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout and process.stdout.readline()
        assert holder(tmp_path) == process.pid
        process.kill()
        process.wait()
    assert holder(tmp_path) is None
    with held(tmp_path):
        assert holder(tmp_path) == os.getpid()


def test_there_is_no_daemon_where_there_was_none(tmp_path: Path) -> None:
    assert holder(tmp_path / "nowhere") is None


def test_a_home_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="cannot be opened"), held(tmp_path / "file" / "home"):
        pass


def test_who_only_asks_keeps_no_daemon_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(tmp_path / "daemon.lock", "w") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        monkeypatch.setattr("time.sleep", lambda seconds: fcntl.flock(asking, fcntl.LOCK_UN))
        with held(tmp_path):
            assert holder(tmp_path) == os.getpid()


def test_a_disk_that_takes_no_number_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(StorageFailed, match=r"daemon.lock cannot be written: No space left"), held(tmp_path):
        pass
