"""From the options at the root to an open desk, and one piece of work done on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import typer

    from core.config import Settings
    from core.desk import Desk

_Answer = TypeVar("_Answer")


@dataclass
class Typed:
    """The options at the root; None where nothing was typed."""

    home: Path | None = None
    agent: str | None = None
    database_url: str | None = None
    settings: "Settings | None" = None
    """What they came to, once somebody asked."""


def settings_of(context: "typer.Context") -> "Settings":
    """Typed options over the environment over the file over the defaults; read once."""
    from core.config import load

    typed: Typed = context.obj
    if typed.settings is None:
        options = {"home": typed.home, "agent": typed.agent, "database_url": typed.database_url}
        typed.settings = load(**{name: value for name, value in options.items() if value is not None})
    return typed.settings


def holds_desk(context: "typer.Context") -> bool:
    """Whether whoever sits here holds the desk itself, and not just an agent's sign-in to a hosted one."""
    hosted = settings_of(context).supabase
    return hosted.url is None or hosted.secret_key is not None


def with_desk(
    context: "typer.Context", work: "Callable[[Desk], Awaitable[_Answer]]", *, service: bool = False
) -> _Answer:
    """Open the desk, as the agent or as the service, do the work, and close it again."""
    import asyncio

    return asyncio.run(_opened(settings_of(context), work, service))


async def _opened(
    settings: "Settings", work: "Callable[[Desk], Awaitable[_Answer]]", service: bool
) -> _Answer:
    from core.connect import open_desk

    async with open_desk(settings, service=service) as desk:
        return await work(desk)
