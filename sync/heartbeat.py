"""What the daemon does, in a small file for `ttydesk sync status`; it holds nothing out of any mail."""

import os
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import StorageFailed

_NAME = "daemon.json"


class Heartbeat(BaseModel):
    model_config = ConfigDict(extra="ignore")

    pid: int
    version: str = ""
    started_at: datetime
    beat_at: datetime
    received: int = 0
    """Mails taken in since it started, whatever became of them."""
    sent: int = 0
    problems: dict[str, str] = {}
    """What does not work at the moment: the part of the daemon, and a sentence."""


def write_heartbeat(home: Path, heartbeat: Heartbeat) -> None:
    temporary = home / f"{_NAME}.{os.getpid()}"
    try:
        temporary.write_text(heartbeat.model_dump_json(), encoding="utf-8")
        temporary.replace(home / _NAME)
    except OSError as error:
        raise StorageFailed(f"{home / _NAME} cannot be written: {error.strerror}.") from error


def read_heartbeat(home: Path) -> Heartbeat | None:
    """The last one written, maybe by a daemon that is gone (`sync.lock.holder` knows)."""
    try:
        return Heartbeat.model_validate_json((home / _NAME).read_bytes())
    except (OSError, ValidationError):
        return None
