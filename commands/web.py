"""`ttydesk web`: the form, the portal, the API and the webhooks."""

from typing import Annotated

import typer

from commands.opening import settings_of


def web(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Say more in the log: for finding a fault.")] = False,
) -> None:
    """Answer customers and programs over HTTP, until it is told to end (Ctrl-C)."""
    import asyncio

    from commands import journal
    from web.server import serve

    journal.begin(debug)
    asyncio.run(serve(settings_of(context)))
