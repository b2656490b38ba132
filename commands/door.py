"""The door of the command line, where an error becomes a sentence and an exit code.

0 is done, 1 refused with a sentence on stderr, 2 wrong usage, 130 interrupted.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from commands.opening import Typed
from core.errors import DeskError


class Door(TyperGroup):
    """The root of the commands; none of them catches what it cannot mend."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise  # how Typer ends, or says what was typed wrongly
        except DeskError as error:
            _say(" ".join(filter(None, (str(error), error.hint))))
        except Exception as error:  # noqa: BLE001 - the last door: one sentence, and the traceback is kept
            _say(_unexpected(error, ctx.obj))
        raise typer.Exit(1)


def _unexpected(error: Exception, typed: Typed | None) -> str:
    from core.text import safe_line

    what = safe_line(f"{type(error).__name__}: {error}", limit=200)
    try:
        where = f"The details are in {_keep(error, typed or Typed())}."
    except OSError as unwritable:
        where = f"The details could not be written: {unwritable}."
    return f"ttydesk met an error it did not expect ({what}). {where}"


def _keep(error: Exception, typed: Typed) -> Path:
    """Write the traceback, and nothing of what was typed: that may hold passwords and letters."""
    import traceback

    from core.text import safe_text

    folder = _home(typed) / "log"
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    file = folder / f"error-{now:%Y%m%d-%H%M%S-%f}.txt"
    file.write_text(safe_text("".join(traceback.format_exception(error))), encoding="utf-8")
    return file


def _home(typed: Typed) -> Path:
    from core.config import default_home

    return typed.home or default_home()


def _say(sentence: str) -> None:
    from core.text import safe_line

    print(safe_line(sentence, limit=1000), file=sys.stderr)
