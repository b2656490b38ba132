"""The desk in the terminal: what `ttydesk` opens when nothing else is typed."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from core.config import Settings

if TYPE_CHECKING:
    from tui.app import DeskApp


def open_screen(settings: Settings) -> None:
    require_terminal()
    with _started_early(settings):
        make_app(settings).run()


def require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise typer.BadParameter("The desk needs a terminal. What works without one: ttydesk --help")


def make_app(settings: Settings) -> "DeskApp":
    from core.connect import open_desk
    from core.files import LocalFiles
    from tui.app import DeskApp

    return DeskApp(lambda: open_desk(settings), settings, LocalFiles(settings.home / "files"))


@contextmanager
def _started_early(settings: Settings) -> Iterator[None]:
    """The server comes up while the screen is still being imported.

    What goes wrong here goes wrong again when the screen connects, and is shown there.
    """
    if settings.database_url:
        yield
        return
    from core.embedded import Embedded

    server = Embedded(settings.home)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(server.start)
        try:
            yield
        finally:
            if starting.exception() is None:
                server.stop()
