"""sync.housekeeping: what killed programs left is removed, and nothing else."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.config import Settings
from core.files import LocalFiles
from sync.housekeeping import clean

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def left(path: Path, age: timedelta) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half of")
    at = (NOW - age).timestamp()
    os.utime(path, (at, at))
    return path


def test_only_old_temporary_files_of_our_own_are_removed(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    old, new = timedelta(days=2), timedelta(hours=1)
    sent = settings.mailbox.maildir / ".Sent/tmp"
    gone = [
        left(tmp_path / "files/raw/ab/.cd.1234", old),
        left(tmp_path / "daemon.json.17", old),
        left(sent / "ttydesk.0123.17.0", old),
    ]
    stored = LocalFiles(tmp_path / "files").put("raw", b"a mail")
    kept = [
        left(tmp_path / "files/raw/ab/.cd.5678", new),
        left(tmp_path / "daemon.json", old),
        left(tmp_path / "daemon.json.18", new),
        left(sent / "1790000000.host", old),
        left(settings.mailbox.maildir / "tmp/ttydesk.mine", old),
    ]
    assert clean(settings, NOW) == 3
    assert [path for path in gone if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert LocalFiles(tmp_path / "files").get("raw", stored) == b"a mail"
    assert clean(settings, NOW) == 0


def test_a_home_with_nothing_in_it(tmp_path: Path) -> None:
    assert clean(Settings(home=tmp_path), NOW) == 0
