"""The desk in the terminal: what `ttydesk` opens when nothing else is typed.

It has to be usable soon, so the server comes up while Textual is still being imported.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from commands.door import door
from core.config import Settings, load
from core.errors import Invalid

if TYPE_CHECKING:
    from core.embedded import Embedded
    from tui.app import DeskApp


def open_at_once() -> None:
    """Without a command line that was read before."""
    with door(load):
        open_screen(load())


def open_screen(settings: Settings) -> None:
    require_terminal()
    with _database_on_its_way(settings):
        make_app(settings).run()


def require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Invalid("The desk needs a terminal.", hint="What works without one: ttydesk --help")


def make_app(settings: Settings) -> "DeskApp":
    gc.disable()  # nothing of what an import makes is garbage; looking for some takes a twentieth of the time
    from core.connect import open_desk
    from core.files import LocalFiles
    from tui.app import DeskApp
    from tui.preferences import check_preferences

    gc.freeze()
    gc.enable()
    app = DeskApp(lambda: open_desk(settings), settings, LocalFiles(settings.home / "files"))
    check_preferences(app, settings)
    return app


@contextmanager
def _database_on_its_way(settings: Settings) -> Iterator[None]:
    """The server comes up, and its driver is imported, in a thread of their own.

    What goes wrong here goes wrong again when the screen connects, and is shown there.
    """
    from concurrent.futures import ThreadPoolExecutor

    from core.embedded import Embedded

    server = None if settings.database_url else Embedded(settings.home)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(_bring, server)
        try:
            yield
        finally:
            if server and coming.exception() is None:
                server.stop()


def _bring(server: "Embedded | None") -> None:
    if server:
        server.start()
    import core.migrate
    import core.postgres  # noqa: F401
