"""The desk in the terminal: what `ttydesk` opens when nothing else is typed.

It has to be usable soon, so the database comes up in a process apart while Textual is still being imported.
"""

import gc
import sys
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from commands.door import door
from core.apart import Apart
from core.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config import Settings
    from core.desk import Desk
    from core.sign_in import SignIn
    from tui.app import DeskApp


def open_at_once() -> None:
    """Without a command line that was read before."""
    with door(_load):
        require_terminal()
        gc.disable()  # imports make no garbage; to look for some takes a twentieth of the time
        with Apart() as apart:
            _open(_load(), apart)


def _load() -> "Settings":
    from core.config import load

    return load()


def open_screen(settings: "Settings") -> None:
    require_terminal()
    with Apart() as apart:
        _open(settings, apart)


def _open(settings: "Settings", apart: Apart) -> None:
    apart.open_soon(settings)
    make_app(settings, lambda: apart.open_desk(settings), apart.sign_in(settings)).run()


def require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Invalid("The desk needs a terminal.", hint="What works without one: ttydesk --help")


def make_app(
    settings: "Settings",
    connect: "Callable[[], AbstractAsyncContextManager[Desk]]",
    sign_in: "SignIn | None" = None,
) -> "DeskApp":
    gc.disable()
    from core.connect import open_files
    from tui.app import DeskApp
    from tui.preferences import check_preferences

    gc.freeze()
    gc.enable()
    app = DeskApp(connect, settings, open_files(settings), sign_in=sign_in)
    check_preferences(app, settings)
    return app
