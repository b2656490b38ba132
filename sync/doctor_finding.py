"""What `ttydesk doctor` says: a check, its result, a sentence, and what to do.

A check is a small function that looks at something and returns a verdict, or None where it does not apply. It
may also raise one (`Told`), or any DeskError, which counts as a failure with the error's own words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from core.errors import DeskError


class Result(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. Its texts may hold words of servers: whoever shows them makes them safe."""

    result: Result
    said: str
    """One sentence."""
    advice: str = ""
    """What to do, as a sentence; empty where nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    about: str
    """The address of a mailbox; empty: the desk as a whole."""
    result: Result
    said: str
    advice: str


class Told(Exception):
    """A check that cannot go on, and the verdict that comes of it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.said)
        self.verdict = verdict


def ok(said: str) -> Verdict:
    return Verdict(Result.OK, said)


def warning(said: str, advice: str) -> Verdict:
    return Verdict(Result.WARNING, said, advice)


def failed(said: str, advice: str) -> Verdict:
    return Verdict(Result.FAILED, said, advice)


def unknown(said: str, advice: str = "") -> Verdict:
    return Verdict(Result.UNKNOWN, said, advice)


Subject = TypeVar("Subject")
Checks = Sequence[tuple[str, Callable[[Subject], Verdict | None]]]
"""In the order in which they are shown: a later check may rest on what an earlier one found."""


def examine(
    checks: Checks[Subject],
    subject: Subject,
    about: str,
    found: list[Finding],
    begun: Callable[[str], None] = lambda check: None,
) -> None:
    """Go through the checks and put what they find into `found`, one by one."""
    for name, check in checks:
        begun(name)
        verdict = _verdict(check, subject)
        if verdict is not None:
            found.append(Finding(name, about, verdict.result, verdict.said, verdict.advice))


def _verdict(check: Callable[[Subject], Verdict | None], subject: Subject) -> Verdict | None:
    try:
        return check(subject)
    except Told as told:
        return told.verdict
    except DeskError as error:
        return failed(str(error), error.hint or "docs/run.md says where everything lies, and what to do.")


_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def span(time: timedelta) -> str:
    """As people say it, in the largest unit that fits twice: "3 days", "36 hours", "1 minute"."""
    seconds = max(int(abs(time.total_seconds())), 0)
    for unit, size in _UNITS:
        if seconds >= 2 * size or unit == "second":
            return f"{seconds // size} {unit}{'s'[: seconds // size != 1]}"
    raise AssertionError
