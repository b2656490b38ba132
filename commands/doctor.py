"""`ttydesk doctor`: what is wrong with the desk, and what to do about it."""

from itertools import groupby
from typing import TYPE_CHECKING

import typer

from commands.opening import settings_of
from commands.output import is_terminal, write, write_heading, write_json, write_wrapped
from commands.typed import Json

if TYPE_CHECKING:
    from core.config import Settings
    from sync.doctor_finding import Finding

_WIDEST = len("cannot tell")
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "cannot tell": "dim"}
"""By result, whose word says the same without colours."""


def doctor(context: typer.Context, json: Json = False) -> None:
    """Look at everything the desk needs, and say what to do about what is wrong. Changes nothing."""
    from core.errors import Conflict, DeskError
    from sync.doctor_desk import unread_settings
    from sync.doctor_finding import Finding, Result

    try:
        settings = settings_of(context)
    except DeskError as error:
        verdict = unread_settings(error)
        found = [Finding("settings", "", verdict.result, verdict.said, verdict.advice)]
    else:
        found = _diagnosed(settings)
    if json:
        write_json(found)
    else:
        _print(found)
    if failures := sum(finding.result is Result.FAILED for finding in found):
        raise Conflict(f"{failures} check{'s'[: failures != 1]} failed.", hint="Each says what to do.")


def _diagnosed(settings: "Settings") -> "list[Finding]":
    import asyncio

    from commands.progress import Progress
    from sync.doctor import diagnose

    with Progress("checks") as progress:
        return asyncio.run(diagnose(settings, progress.at))


def _print(found: "list[Finding]") -> None:
    """A pipe gets a line for each finding; a terminal gets them by mailbox, with what to do below each."""
    if not is_terminal():
        for finding in found:
            cells = (finding.result, finding.check, finding.about, finding.said, finding.advice)
            write("\t".join(map(_safe, cells)))
        return
    for about, findings in groupby(found, lambda finding: finding.about):
        write_heading(_safe(about) or "The desk")
        write_wrapped(_rows(list(findings)))
        write("")


def _rows(findings: "list[Finding]") -> list[tuple[list[str], str]]:
    """What several checks cannot tell for one reason is one row, where the first of them stands."""
    from sync.doctor_finding import Result

    rows = []
    told: set[str] = set()
    for finding in findings:
        check, said = finding.check, finding.said
        if finding.result is Result.UNKNOWN:
            if said in told:
                continue
            told.add(said)
            names = [one.check for one in findings if (one.result, one.said) == (finding.result, said)]
            if len(names) > 1:
                check, said = f"{len(names)} checks", f"{said} ({', '.join(names)})"
        lines = [_safe(said), *([f"→ {_safe(finding.advice)}"] if finding.advice else [])]
        rows.append(([finding.result.ljust(_WIDEST), check, "\n".join(lines)], _STYLES[finding.result]))
    return rows


def _safe(text: str) -> str:
    from core.text import safe_line

    return safe_line(text, limit=1000)
