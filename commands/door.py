"""The door of the command line, where an error becomes a sentence and an exit code.

0 is done, 1 refused with a sentence on stderr, 2 wrong usage, 130 interrupted.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from commands.opening import settings_of
from core.errors import DeskError


class Door(TyperGroup):
    """The root of the commands; none of them catches what it cannot mend."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except typer.TyperException as wrong_usage:
            wrong_usage.message = wrong_usage.message.replace("Value error, ", "")
            raise
        except DeskError as error:
            _say(" ".join(filter(None, (str(error), error.hint))))
        except Exception as error:  # noqa: BLE001 - the last door: one sentence, and the traceback is kept
            _say(_unexpected(error, ctx))
        raise typer.Exit(1)


def _unexpected(error: Exception, context: typer.Context) -> str:
    from core.text import safe_line

    what = safe_line(f"{type(error).__name__}: {error}", limit=200)
    try:
        where = f"The details are in {_keep(error, context)}."
    except OSError as unwritable:
        where = f"The details could not be written: {unwritable}."
    return f"ttydesk met an error it did not expect ({what}). {where}"


def _keep(error: Exception, context: typer.Context) -> Path:
    """Write the traceback, and nothing of what was typed: that may hold passwords and letters."""
    import traceback

    from core.text import safe_text

    now = datetime.now(UTC)
    file = _log_folder(context) / f"error-{now:%Y%m%d-%H%M%S-%f}.txt"
    file.write_text(safe_text("".join(traceback.format_exception(error))), encoding="utf-8")
    return file


def _log_folder(context: typer.Context) -> Path:
    try:
        folder = settings_of(context).home / "log"
    except DeskError:  # the settings are broken too
        import tempfile

        return Path(tempfile.mkdtemp(prefix="ttydesk-"))
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _say(sentence: str) -> None:
    from core.text import safe_line

    print(safe_line(sentence, limit=1000), file=sys.stderr)
