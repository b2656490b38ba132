"""One daemon for one home folder: a lock that ends with its holder, however that ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Conflict, StorageFailed

_NAME = "daemon.lock"
_TRIES = 5
_PAUSE = 0.05


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Raises Conflict with the number of the process that holds it."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        file = open(home / _NAME, "a+", encoding="ascii")  # noqa: SIM115  closed below
    except OSError as error:
        raise StorageFailed(f"{home / _NAME} cannot be opened: {error.strerror}.") from error
    with file:
        if not _locked(file.fileno()):
            raise Conflict(
                f"A daemon works in {home} already (process {_holder(home) or 'unknown'}).",
                hint="One is enough: it takes mail in and sends what is due.",
            )
        _write_holder(file.fileno(), home)
        yield


def _locked(descriptor: int) -> bool:
    """A few tries: whoever asks in `holder` has the lock for a moment, too."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(_PAUSE)
    return False


def holder(home: Path) -> int | None:
    """The process that holds the lock; None when none does."""
    try:
        with open(home / _NAME, encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(home)
    except FileNotFoundError:
        pass
    return None


def _write_holder(descriptor: int, home: Path) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except OSError as error:
        raise StorageFailed(f"{home / _NAME} cannot be written: {error.strerror}.") from error


def _holder(home: Path) -> int | None:
    written = (home / _NAME).read_text(encoding="ascii").strip()
    return int(written) if written.isdigit() else None
