"""HTTP on which nothing is said twice.

httplib2 repeats a request by itself when the line is cut before the answer, a POST too, whatever its RETRIES
are: a mail would leave twice, and nobody would know. Here every failure is told, as an OSError or one of
httplib2's own, and the next request begins on a new line.
"""

import http.client
import socket
from contextlib import suppress
from typing import Any

import httplib2

TIMEOUT = 60.0
"""Seconds of silence after which a connection counts as dead."""


class _Once(http.client.HTTPConnection):
    def getresponse(self) -> http.client.HTTPResponse:
        try:
            return super().getresponse()
        except http.client.BadStatusLine as error:  # the one that httplib2 would repeat
            raise ConnectionResetError(str(error)) from None


class _Plain(_Once, httplib2.HTTPConnectionWithTimeout):  # type: ignore[misc]
    pass


class _Secure(_Once, httplib2.HTTPSConnectionWithTimeout):  # type: ignore[misc]
    pass


class Wire(httplib2.Http):  # type: ignore[misc]
    """Used by one thread; `cut` and `break_off` are for any other."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._is_over = False
        self.redirect_codes = httplib2.REDIRECT_CODES - {308}  # of a resumable upload it means: go on

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Any = None,
        redirections: int = httplib2.DEFAULT_MAX_REDIRECTS,
        connection_type: Any = None,
    ) -> Any:
        if self._is_over:
            raise ConnectionAbortedError("broken off")
        kind = connection_type or (_Secure if uri.startswith("https:") else _Plain)
        try:
            return super().request(uri, method, body, headers, redirections, kind)
        except (OSError, http.client.HTTPException, httplib2.HttpLib2Error) as error:
            self._hang_up()
            if isinstance(error, http.client.HTTPException):  # an answer that ended in the middle
                raise ConnectionResetError(type(error).__name__) from None
            raise

    def cut(self) -> None:
        """What is under way meets a broken line."""
        for connection in list(self.connections.values()):
            if (line := connection.sock) is not None:
                with suppress(OSError):  # it is not connected yet, or not any more
                    socket.socket.shutdown(line, socket.SHUT_RDWR)  # TLS's own would confuse its reader

    def break_off(self) -> None:
        """The same, and nothing is said any more."""
        self._is_over = True
        self.cut()

    def _hang_up(self) -> None:
        while self.connections:
            self.connections.popitem()[1].close()
