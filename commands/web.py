"""`ttydesk web`: the form, the portal, the API and the webhooks."""

from typing import Annotated

import typer

from commands.opening import settings_of


def web(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Say more in the log, each request too: for finding a fault.")
    ] = False,
) -> None:
    """Answer customers and programs over HTTP, until it is told to end (Ctrl-C)."""
    import asyncio
    import faulthandler

    from commands import journal
    from web.server import serve

    faulthandler.enable()  # systemd ends one that does not get on by SIGABRT: then one sees where it was
    journal.begin(debug)
    asyncio.run(serve(settings_of(context)))
