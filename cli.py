"""The `ttydesk` command.

Alone it opens the desk, past the reading of a command line that is not there: importing Typer for
nothing would take a sixth of the time until the list can be used.
"""

import sys


def main() -> None:
    try:
        if len(sys.argv) > 1:
            from commands.root import app

            app(prog_name="ttydesk")
        else:
            from commands.screen import open_at_once

            open_at_once()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
