"""The daemon's log: readable lines on a terminal, elsewhere one JSON object a line.

Outside text is made safe. No address is shown at the level of information and above, and of an unforeseen
error only where it happened: its words may be out of a mail. With `--debug` all of it is.
"""

import logging
import re
import sys
from datetime import UTC, datetime
from traceback import FrameSummary, extract_tb
from typing import IO

_ADDRESS = re.compile(r"[^\s@<>\"'“”(),;:\[\]]+@(?!system\.gserviceaccount\.com)[^\s@<>\"'“”(),;:\[\]]+\w")
_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every record has; anything else is a field that the caller gave it."""
_OURS = "ttydesk"


def begin(debug: bool = False, stream: IO[str] | None = None) -> None:
    """From now on, to standard error. What other libraries say is shown from a warning on."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines(debug) if stream.isatty() else Objects(debug))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(_OURS).setLevel(logging.DEBUG if debug else logging.INFO)


class Lines(logging.Formatter):
    """For people."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__()
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        lines = [f"{at} {level}{said(record, self._debug)}", *fault(record, self._debug)]
        return "\n    ".join(lines)


class Objects(logging.Formatter):
    """For programs: time (UTC), level, logger, message, the caller's own fields, and where a fault was."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__()
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        import json

        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {name: value for name, value in vars(record).items() if name not in _KNOWN}
        line = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": said(record, self._debug),
            **fields,
        }
        if where := fault(record, self._debug):
            line["fault"] = where
        return json.dumps(line, default=str)


def said(record: logging.LogRecord, debug: bool) -> str:
    from core.text import safe_line

    text = safe_line(record.getMessage(), limit=2000)
    return text if debug else _ADDRESS.sub("(an address)", text)


def fault(record: logging.LogRecord, debug: bool) -> list[str]:
    """Of each error in the chain its kind, and the places in the code, the innermost last."""
    from core.text import safe_line

    error = record.exc_info[1] if record.exc_info else None
    lines: list[str] = []
    while error is not None:
        words = f"{type(error).__name__}: {error}" if debug else type(error).__name__
        lines = [safe_line(words), *map(_place, extract_tb(error.__traceback__)), *lines]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines


def _place(frame: FrameSummary) -> str:
    return f"{frame.filename}:{frame.lineno} in {frame.name}"
