"""A program in a real pseudo-terminal, and the time from a key to what it changes on the screen.

The terminal's bytes are read and stamped first and understood afterwards (by pyte), so that the
time it takes to understand them is never part of a measurement.
"""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

QUIET = 0.012
"""Seconds without output after which what has come is looked at."""


class Terminal:
    def __init__(
        self, command: Sequence[str], surroundings: Mapping[str, str], columns: int, lines: int
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        size = struct.pack("HHHH", lines, columns, 0, 0)
        around = dict(os.environ) | {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | dict(surroundings)
        around.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody's desk compiles everything at every start
        for name in ("COLUMNS", "LINES"):  # they would hide the size of this terminal
            around.pop(name, None)
        self.started = time.perf_counter()
        self._pid, self._pty = pty.fork()
        if self._pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.execvpe(command[0], list(command), around)
        fcntl.ioctl(self._pty, termios.TIOCSWINSZ, size)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def text(self) -> list[str]:
        """The cell behind a wide character is empty; Pyte's `display` fails where that character is gone."""
        buffer, columns = self.screen.buffer, range(self.screen.columns)
        return ["".join(buffer[y][x].data for x in columns) for y in range(self.screen.lines)]

    def press(self, keys: str, seen: Callable[[list[str]], bool], patience: float = 60.0) -> float:
        """Seconds from writing the keys to the arrival of the output with which `seen` holds."""
        begin = time.perf_counter()
        os.write(self._pty, keys.encode())
        return self.until(seen, patience) - begin

    def until(self, seen: Callable[[list[str]], bool], patience: float = 90.0) -> float:
        """The time at which the output came with which `seen` holds."""
        deadline = time.perf_counter() + patience
        found: float | None = None
        while time.perf_counter() < deadline:
            for at, piece in self._burst(deadline):
                self._stream.feed(piece)
                if found is None and seen(self.text):
                    found = at
            if found is not None:
                self.settle()
                return found
        raise TimeoutError("\n".join(self.text))

    def settle(self, quiet: float = 0.06) -> None:
        """Wait until nothing more is painted, so that the next measurement begins from rest."""
        while pieces := self._burst(time.perf_counter() + quiet):
            for _, piece in pieces:
                self._stream.feed(piece)

    def _burst(self, deadline: float) -> list[tuple[float, bytes]]:
        """What comes until the program pauses."""
        pieces: list[tuple[float, bytes]] = []
        patience = max(deadline - time.perf_counter(), 0)
        while select.select([self._pty], [], [], QUIET if pieces else patience)[0]:
            try:
                piece = os.read(self._pty, 65536)
            except OSError:  # the program has ended
                break
            if not piece:
                break
            pieces.append((time.perf_counter(), piece))
        return pieces

    def close(self) -> None:
        """Ctrl+Q, as an agent would; then by force."""
        with contextlib.suppress(OSError):
            os.write(self._pty, b"\x11")
        if not self._ended(30.0):
            os.kill(self._pid, signal.SIGKILL)
            self._ended(5.0)
        os.close(self._pty)

    def _ended(self, patience: float) -> bool:
        deadline = time.perf_counter() + patience
        while time.perf_counter() < deadline:
            self.settle(0.01)
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                return True
            time.sleep(0.005)
        return False
