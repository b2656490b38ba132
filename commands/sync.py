"""`ttydesk sync`: mail in, mail out."""

import logging
from typing import Annotated

import typer

from commands.opening import settings_of
from commands.output import write, write_json
from commands.typed import Json
from core.errors import NotFound

app = typer.Typer(help="Take mail in and send answers, until it is told to end (Ctrl-C).")


class SafeFormatter(logging.Formatter):
    """A log line may quote outside text, and a traceback any."""

    def format(self, record: logging.LogRecord) -> str:
        from core.text import safe_text

        return safe_text(super().format(record))


@app.callback(invoke_without_command=True)
def sync(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="One round in and out, then end.")] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    import asyncio

    from sync.daemon import sync as run

    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    asyncio.run(run(settings_of(context), once))


@app.command("status")
def status(context: typer.Context, json: Json = False) -> None:
    """What the daemon does, and what does not work."""
    from core.text import safe_line
    from sync.heartbeat import read_heartbeat
    from sync.lock import holder

    home = settings_of(context).home
    process = holder(home)
    last = read_heartbeat(home)
    if json:
        write_json({"process": process, "last": last})
        return
    if process is None:
        raise NotFound("No daemon works here.", hint="Start one with: ttydesk sync")
    write(f"The daemon works as process {process}.")
    if last is not None:
        write(f"Since {last.started_at.isoformat(timespec='seconds')}: {last.received} in, {last.sent} out.")
        for part, problem in last.problems.items():
            write(f"{safe_line(part)}: {safe_line(problem)}")
