"""A line of one's own to a server, on a loopback port: it can be slow, or stand still without breaking."""

import contextlib
import socket
import threading
import time
from typing import Self
from urllib.parse import urlsplit


class Line:
    """To `target`: an address such as http://127.0.0.1:8080, or the path of a socket."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target: str | tuple[str, int] = (parts.hostname, parts.port) if parts.port else target  # type: ignore[assignment]
        self._moves = threading.Event()
        self._moves.set()
        self.pause = 0.0
        """Seconds between two pieces of 16 KB."""
        self.passed = 0
        """Bytes that came back from the server."""
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._moves.set()
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def stand_still(self) -> None:
        """New connections are taken, and nothing is said on any."""
        self._moves.clear()

    def go_on(self) -> None:
        self._moves.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX if isinstance(self._target, str) else socket.AF_INET)
            far.connect(self._target)
            self._open += [near, far]
            for ends in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_back: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(16_384):
                self._moves.wait()
                time.sleep(self.pause)
                sink.sendall(piece)
                self.passed += len(piece) if is_back else 0
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Nowhere:
    """A host that does not answer: whoever connects waits, as where packets vanish."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._waiting = []
        for _ in range(3):  # more than it takes unheard
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(self._listener.getsockname())
            self._waiting.append(one)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for one in (self._listener, *self._waiting):
            one.close()
