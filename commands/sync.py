"""`ttydesk sync`: mail in, mail out."""

from typing import Annotated

import typer

from commands.opening import settings_of
from commands.typed import Json

app = typer.Typer(help="Take mail in and send answers, until it is told to end (Ctrl-C).")


@app.callback(invoke_without_command=True)
def sync(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="One round in and out, then end.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Say more in the log, what mails say too: for finding a fault.")
    ] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    import asyncio
    import faulthandler

    from commands import journal
    from sync.daemon import sync as run

    faulthandler.enable()  # systemd ends one that does not get on by SIGABRT: then one sees where it was
    journal.begin(debug)
    asyncio.run(run(settings_of(context), once))


@app.command("status")
def status(context: typer.Context, json: Json = False) -> None:
    """What the daemons do, how far each mailbox is read, and what waits. Ends with 1 when none works."""
    import asyncio

    from commands.output import write_json
    from commands.overview import print_overview
    from core.errors import NotFound
    from sync.overview import look

    overview = asyncio.run(look(settings_of(context)))
    if json:
        write_json(overview)
    else:
        print_overview(overview)
    if overview.trouble is not None:
        raise overview.trouble
    if not overview.works:
        raise NotFound("No daemon works here.", hint="Start one with: ttydesk sync")
