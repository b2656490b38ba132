"""The end of the program by SIGTERM or SIGINT: in order if it can be, and in any case within ten seconds.

What holds it up then is a call in a thread that nothing can break off: the search for a host's address, a
server that does not answer. Nothing is lost by leaving it: whatever is not finished is found again by the
next life, as after a kill -9.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Coroutine
from typing import Any

from core.errors import DeskError
from core.text import safe_line

DRAIN_SECONDS = 5.0
"""What is being sent has so long to get away before it is broken off."""
BREAK_SECONDS = 1.5
"""And then so long until everything that is left is cancelled."""
_LAST_SECONDS = 9.0
_LEAVE_SECONDS = 3.0
_logger = logging.getLogger("ttydesk.ending")


def stop_by_signal(stop: asyncio.Event) -> None:
    """Set `stop` at the first signal; a second one ends the program at once."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            _give_up(130)
        stop.set()
        last = threading.Timer(_LAST_SECONDS, _give_up, [0])
        last.daemon = True
        last.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)


def _give_up(code: int) -> None:
    _logger.warning("It ends without waiting for what does not answer; the next one goes on with it.")
    for handler in logging.getLogger().handlers:
        handler.flush()
    os._exit(code)


async def soon(leaving: Coroutine[Any, Any, None], what: str) -> None:
    """What is left without it frees itself after a while: a database that is away holds up no end."""
    try:
        await asyncio.wait_for(leaving, _LEAVE_SECONDS)
    except (DeskError, TimeoutError) as error:
        _logger.warning(
            "The %s was left without a word: %s", safe_line(what), safe_line(str(error) or "no answer")
        )
