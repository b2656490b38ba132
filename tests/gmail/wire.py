"""HTTP: one thread for each connection, kept open between requests."""

import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.gmail.service import Answer


@dataclass(frozen=True, slots=True)
class Request:
    verb: str
    target: str
    headers: Mapping[str, str]
    """With lower-case names."""
    body: bytes


class Wire(ThreadingHTTPServer):
    """Answers with what `answer` makes of each request, and does to the connection what its ending says."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, answer: Callable[[Request], Answer], delay: Callable[[], float]) -> None:
        self.answer = answer
        self.delay = delay
        self.stopping = threading.Event()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self._loop = threading.Thread(target=self.serve_forever, args=(0.02,), name="gmail", daemon=True)
        self._loop.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.stopping.set()
        self.shutdown()
        self._loop.join()
        with self._lock:
            connections = dict(self._open)
        for connection in connections:
            _hang_up(connection)
        for thread in connections.values():
            thread.join(5)
        self.server_close()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is raised in the thread's own way."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Wire
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # the client went away in the middle: that was no request
            self._cut()
            return
        answer = self.server.answer(Request(self.command, self.path, headers, body))
        if answer.ending in ("cut_before", "cut_after"):
            self._cut()
            return
        if answer.ending == "delay":
            self.server.stopping.wait(self.server.delay())
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.ending == "cut_during":
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.wfile.flush()
            self._cut()
            return
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def _cut(self) -> None:
        self.close_connection = True
        _hang_up(self.connection)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the queries hold what nobody should read."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other end was first
