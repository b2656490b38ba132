"""How long it takes from a mail's delivery until it is a ticket on the agent's screen: here, of a Maildir.

    python -m bench.delivery [--mails 40]

The real daemon and the real `ttydesk`, in a pseudo-terminal, on a home of their own. The mails come at
moments that have nothing to do with the rhythm in which the daemon looks.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.terminal import Terminal

GOAL = 1.0
_PATIENCE = 60.0
_MAIL = (
    "From: Kim <kim@example.com>\nTo: support@localhost\nMessage-ID: <{0}@example.com>\n"
    "Subject: Lamp {0}\n\nIt is dark.\n"
)


def mail(name: str) -> bytes:
    return _MAIL.format(name).encode()


def delivered(maildir: Path, name: str) -> None:
    while not (maildir / "new").is_dir():
        time.sleep(0.1)
    (maildir / "tmp" / name).write_bytes(mail(name))
    (maildir / "tmp" / name).rename(maildir / "new" / name)


def shown(terminal: Terminal, name: str) -> None:
    terminal.until(lambda rows: any(f"Lamp {name}" in row for row in rows), _PATIENCE)


def measure(home: Path, mails: int, deliver: Callable[[str], object]) -> list[float]:
    """Seconds for each mail; `deliver` brings the mail of a name to where the daemon of the home looks."""
    program = str(Path(sys.executable).with_name("ttydesk"))
    around = {"TTYDESK_HOME": str(home)}
    pauses = random.Random(7)
    times = []
    with (home / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen([program, "sync"], env=os.environ | around, stdout=log, stderr=log)
    try:
        with Terminal([program], around, 100, 30) as terminal:
            deliver("first")
            shown(terminal, "first")
            for number in range(mails):
                terminal.settle(0.5 + pauses.random())
                begin = time.perf_counter()
                deliver(str(number))
                shown(terminal, str(number))
                times.append(time.perf_counter() - begin)
                terminal.press("\x1b[H", lambda rows: True)  # back to the newest ticket
    finally:
        daemon.terminate()
        daemon.wait(_PATIENCE)
    return times


def tell(times: list[float]) -> None:
    print(f"from delivery to the screen: median {statistics.median(times):.3f} s, slowest {max(times):.3f} s")
    print(f"the goal is {GOAL:.0f} s for each")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ttydesk-bench-") as folder:
        home = Path(folder)
        tell(measure(home, options.mails, lambda name: delivered(home / "mail", name)))


if __name__ == "__main__":
    main()
