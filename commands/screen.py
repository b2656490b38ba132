"""The desk in the terminal: what `ttydesk` opens when nothing else is typed."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import typer

from core.config import Settings


def open_screen(settings: Settings) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise typer.BadParameter("The desk needs a terminal. What it does without one: ttydesk --help")
    with _started_early(settings):
        from core.connect import open_desk
        from core.files import LocalFiles
        from tui.app import DeskApp

        DeskApp(lambda: open_desk(settings), settings, LocalFiles(settings.home / "files")).run()


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
