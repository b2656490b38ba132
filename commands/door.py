"""The door of every command, where an error becomes a sentence and an exit code.

0 is done, 1 refused with a sentence on stderr, 2 wrong usage, 130 interrupted.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import DeskError

if TYPE_CHECKING:
    from pathlib import Path

    from core.config import Settings


@contextmanager
def door(settings: "Callable[[], Settings]", passing: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """`passing` are the errors that are somebody else's to show."""
    try:
        yield
        return
    except passing:
        raise
    except DeskError as error:
        _say(" ".join(filter(None, (str(error), error.hint))))
    except Exception as error:  # noqa: BLE001 - the last door: one sentence, and the traceback is kept
        _say(_unexpected(error, settings))
    sys.exit(1)


def _unexpected(error: Exception, settings: "Callable[[], Settings]") -> str:
    from core.text import safe_line

    what = safe_line(f"{type(error).__name__}: {error}", limit=200)
    try:
        where = f"The details are in {_keep(error, settings)}."
    except OSError as unwritable:
        where = f"The details could not be written: {unwritable}."
    return f"ttydesk met an error it did not expect ({what}). {where}"


def _keep(error: Exception, settings: "Callable[[], Settings]") -> "Path":
    """Write the traceback, and nothing of what was typed: that may hold passwords and letters."""
    import traceback
    from datetime import UTC, datetime

    from core.text import safe_text

    now = datetime.now(UTC)
    file = _log_folder(settings) / f"error-{now:%Y%m%d-%H%M%S-%f}.txt"
    file.write_text(safe_text("".join(traceback.format_exception(error))), encoding="utf-8")
    return file


def _log_folder(settings: "Callable[[], Settings]") -> "Path":
    try:
        folder = settings().home / "log"
    except DeskError:  # the settings are broken too
        import tempfile
        from pathlib import Path

        return Path(tempfile.mkdtemp(prefix="ttydesk-"))
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _say(sentence: str) -> None:
    from core.text import safe_line

    print(safe_line(sentence, limit=1000), file=sys.stderr)
