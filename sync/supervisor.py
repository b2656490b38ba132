"""Keeps a part of the daemon going: what fails is reported and started again, and the other parts go on."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass

from core.errors import DeskError


@dataclass(frozen=True, slots=True)
class Round:
    """What a part says when it has done its work once."""

    pause: float
    """Seconds until it is to be done again."""
    problem: str | None = None
    """A sentence about what does not work, though the part as a whole does."""


Work = Callable[[], Awaitable[Round]]
Report = Callable[[str, str], None]
"""Told the name of a part and a sentence about what is wrong with it, or "" when it works again."""

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 10.0
_logger = logging.getLogger("ttydesk.daemon")
_getting_on: ContextVar[Callable[[], None]] = ContextVar("getting_on", default=lambda: None)


def progress() -> None:
    """A part that works for long says from time to time that it gets on; elsewhere it does nothing."""
    _getting_on.get()()


class Pulse:
    """Which parts are at work, and since when each has not got on. A part that rests is well."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def touch(self, part: str) -> None:
        self._since[part] = self._clock()

    def rest(self, part: str) -> None:
        self._since.pop(part, None)

    def stuck(self, seconds: float) -> list[str]:
        """Those that have been at one thing for longer than that."""
        now = self._clock()
        return [part for part, since in self._since.items() if now - since > seconds]


class Supervisor:
    def __init__(self, stop: asyncio.Event, report: Report, pulse: Pulse | None = None) -> None:
        self._stop = stop
        self._report = report
        self._pulse = pulse or Pulse()

    async def keep(self, name: str, work: Work, bell: asyncio.Event | None = None) -> None:
        """Do `work` again and again until the end is asked for; `bell` ends a pause.

        After a failure the pause grows, up to ten seconds, whoever rings, and the first success ends that.
        """
        failures = 0
        _getting_on.set(lambda: self._pulse.touch(name))
        while not self._stop.is_set():
            if bell:
                bell.clear()  # before the work: who rings while it is done has it done once more
            round = await self._once(name, work)
            if round is None:
                await self.sleep(min(_FIRST_WAIT * 2.0 ** min(failures, 10), _LONGEST_WAIT))
                failures += 1
            else:
                failures = 0
                await self.sleep(round.pause, bell)

    async def _once(self, name: str, work: Work) -> Round | None:
        """None when it failed."""
        self._pulse.touch(name)
        try:
            round = await work()
        except DeskError as error:
            if not self._stop.is_set():  # what was broken off at the end is no problem
                self._report(name, " ".join(filter(None, (str(error), error.hint))))
            return None
        except Exception as error:
            _logger.error("The %s failed, which nobody foresaw.", name, exc_info=True, extra={"part": name})
            self._report(
                name, f"An unforeseen fault ({type(error).__name__}); the log says where it happened."
            )
            return None
        finally:
            self._pulse.rest(name)
        self._report(name, round.problem or "")
        return round

    async def sleep(self, seconds: float, bell: asyncio.Event | None = None) -> None:
        """Until then, until somebody rings, or until the end is asked for."""
        if seconds <= 0:
            await asyncio.sleep(0)
        elif bell is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)
        else:
            waiting = [asyncio.create_task(event.wait()) for event in (self._stop, bell)]
            try:
                await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waiting:
                    task.cancel()
