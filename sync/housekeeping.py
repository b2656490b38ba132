"""What killed programs leave behind: files under temporary names. Once a day they are removed."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from core.config import Settings
from core.files import LocalFiles
from sync.supervisor import Round

_DAY = timedelta(days=1)
"""A temporary file as old as this was left by a process that was killed; so often it is looked for, too."""


def clean(settings: Settings, now: datetime) -> int:
    """Returns how many files were removed. Only those are that ttydesk itself names."""
    before = now - _DAY
    swept = LocalFiles(settings.home / "files").sweep(before)
    box = settings.mailbox
    for file in (*settings.home.glob("daemon.json.*"), *_unsent(box.maildir / box.sent_folder)):
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < before.timestamp():
                file.unlink()
                swept += 1
    return swept


def _unsent(folder: Path) -> list[Path]:
    """Mails that were being written when the power went; they are written anew from the outbox."""
    return list((folder / "tmp").glob("ttydesk.*"))


def until_next(problem: str | None = None) -> Round:
    return Round(_DAY.total_seconds(), problem)
