"""`ttydesk up`: the daemon and the web server in one process, for a desk on one machine.

Each has the database for itself, so that customers in great number do not keep mail waiting. A web server
that fails is begun again while mail goes on; the end of the daemon is the end of both.
"""

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from commands.opening import settings_of

if TYPE_CHECKING:
    import asyncio
    import socket

    from core.config import Settings

_logger = logging.getLogger("ttydesk.web")


def up(
    context: typer.Context,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Say more in the log, what mails say too: for finding a fault."),
    ] = False,
) -> None:
    """`ttydesk sync` and `ttydesk web` together, until it is told to end (Ctrl-C)."""
    import asyncio
    import faulthandler

    from commands import journal

    faulthandler.enable()
    journal.begin(debug)
    asyncio.run(run(settings_of(context)))


async def run(settings: "Settings", stop: "asyncio.Event | None" = None) -> None:
    """Until `stop` is set, or without one, until SIGTERM or SIGINT comes.

    Raises Conflict where the port is taken, and what the daemon raises.
    """
    import asyncio

    from core.ending import stop_by_signal
    from core.systemd import Systemd
    from sync.daemon import sync
    from web.server import listen

    systemd = Systemd.of_environment()
    with listen(settings) as listener:
        if stop is None:
            stop = asyncio.Event()
            stop_by_signal(stop)
        serving = asyncio.create_task(_keep_serving(settings, stop, listener))
        try:
            await sync(settings, stop=stop, systemd=systemd)
        finally:
            stop.set()
            await serving


async def _keep_serving(settings: "Settings", stop: "asyncio.Event", listener: "socket.socket") -> None:
    """Until the end; systemd hears from the daemon alone."""
    from core.systemd import Systemd
    from core.text import safe_line
    from sync.supervisor import Round, Supervisor
    from web.server import serve

    async def work() -> Round:
        await serve(settings, stop, listener.dup(), Systemd())
        return Round(0)

    def report(name: str, problem: str) -> None:
        if problem:
            _logger.warning("The %s has a problem: %s", name, safe_line(problem), extra={"part": name})

    await Supervisor(stop, report).keep("web server", work)
