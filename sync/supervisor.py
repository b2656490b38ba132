"""Keeps a part of the daemon going: what fails is reported and started again, and the other parts go on."""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.errors import DeskError
from core.text import safe_text


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


class Supervisor:
    def __init__(self, stop: asyncio.Event, report: Report) -> None:
        self._stop = stop
        self._report = report

    async def keep(self, name: str, work: Work) -> None:
        """Do `work` again and again until the end is asked for.

        After a failure the pause grows, up to ten seconds, and the first success ends that.
        """
        failures = 0
        while not self._stop.is_set():
            try:
                round = await work()
            except DeskError as error:
                problem = " ".join(filter(None, (str(error), error.hint)))
            except Exception as error:  # noqa: BLE001  a fault in one part must not end the others
                _logger.error(
                    "The %s failed, which nobody foresaw:\n%s", name, safe_text(traceback.format_exc())
                )
                problem = f"An unforeseen fault ({type(error).__name__}); the log has the details."
            else:
                failures = 0
                self._report(name, round.problem or "")
                await self.sleep(round.pause)
                continue
            self._report(name, problem)
            await self.sleep(min(_FIRST_WAIT * 2.0 ** min(failures, 10), _LONGEST_WAIT))
            failures += 1

    async def sleep(self, seconds: float) -> None:
        """Until then, or until the end is asked for."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)
        else:
            await asyncio.sleep(0)
