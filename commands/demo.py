"""`ttydesk demo`: a desk with lifelike tickets to try things on."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.opening import settings_of

if TYPE_CHECKING:
    from core.config import Settings


def demo(
    context: typer.Context,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what an earlier demo left.")] = False,
) -> None:
    """Open a desk with lifelike tickets, in a folder of its own. Customers answer now and then."""
    import asyncio

    from commands.screen import require_terminal

    require_terminal()
    asyncio.run(_demo(settings_of(context), fresh))


async def _demo(settings: "Settings", fresh: bool) -> None:
    from commands.progress import Progress
    from commands.screen import make_app
    from core.connect import open_desk
    from sync.demo import live, prepare

    with Progress("mails") as progress:
        prepared = await prepare(settings, fresh=fresh, progress=progress.step)
    async with live(prepared):
        await make_app(prepared, lambda: open_desk(prepared)).run_async()
