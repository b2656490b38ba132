"""The `ttydesk` command.

Alone it opens the desk, past the reading of a command line that is not there: importing Typer for
nothing would take a sixth of the time until the list can be used.
"""

import os
import sys


def main() -> None:
    _open_streams()
    try:
        if len(sys.argv) > 1:
            from commands.root import app

            app(prog_name="ttydesk")
        else:
            from commands.screen import open_at_once

            open_at_once()
    except KeyboardInterrupt:
        sys.exit(130)


def _open_streams() -> None:
    """In place of those that whoever started us has closed: their numbers would go to the next files."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    main()
