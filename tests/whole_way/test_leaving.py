"""However the terminal interface is made to leave, what was typed is kept and the server ends with it."""

import os
import signal
from collections.abc import Callable

import pytest

from bench.terminal import Terminal
from tests.whole_way.test_lifecycle import PATIENCE, TTYDESK, command, home, surroundings, wait, written

__all__ = ["home", "surroundings"]


def hang_up(terminal: Terminal) -> None:
    """What the kernel does when the window is closed or the line is lost."""
    os.close(terminal._pty)


def tell(terminal: Terminal) -> None:
    os.kill(terminal._pid, signal.SIGTERM)


@pytest.mark.parametrize("leave", [hang_up, tell])
def test_a_draft_is_kept(home, surroundings, leave: Callable[[Terminal], None]) -> None:  # type: ignore[no-untyped-def]
    mail = home / "one.eml"
    mail.write_bytes(written("Broken lamp", "It is dark.", "<first@example.com>").as_bytes())
    command(surroundings, "mail", "import", str(mail), "--json")
    terminal = Terminal(TTYDESK, surroundings, 100, 30)
    terminal.until(lambda rows: any("Broken lamp" in row for row in rows), PATIENCE)
    terminal.press("\rr", lambda rows: any("REPLY" in row for row in rows), PATIENCE)
    terminal.press("Try another", lambda rows: any("Try another" in row for row in rows), PATIENCE)
    leave(terminal)
    wait(lambda: os.waitpid(terminal._pid, os.WNOHANG)[0], "the program ended")
    assert not (home / "postgres/postmaster.pid").exists()
    with Terminal(TTYDESK, surroundings, 100, 30) as again:
        again.until(lambda rows: any("Broken lamp" in row for row in rows), PATIENCE)
        again.press("\rr", lambda rows: any("Try another" in row for row in rows), PATIENCE)
