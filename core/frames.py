"""Messages between two processes of one program: JSON, each behind its length, over a socket pair."""

import asyncio
import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!I")
_MOST = 1 << 16


def framed(message: bytes) -> bytes:
    return _LENGTH.pack(len(message)) + message


class Frames:
    """One end. It holds no transport, so it may be dropped with the loop that it was used in."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._waiting = bytearray()
        """What the socket has not taken yet."""

    def send(self, message: bytes) -> None:
        """`message` is JSON. It waits for nothing, so that no message can be given up half way."""
        waited = bool(self._waiting)
        self._waiting += framed(message)
        if not waited:
            self._push()

    def _push(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                del self._waiting[: self._end.send(self._waiting)]
        except BlockingIOError:
            loop.add_writer(self._end, self._push)
            return
        except OSError:  # the other end is gone, which `receive` says
            self._waiting.clear()
        loop.remove_writer(self._end)

    async def receive(self) -> Any | None:
        """The next message; None when no more will come."""
        head = await self._exactly(_LENGTH.size)
        body = await self._exactly(_LENGTH.unpack(head)[0]) if head else None
        return json.loads(body) if body else None

    async def _exactly(self, size: int) -> bytes | None:
        loop, pieces = asyncio.get_running_loop(), bytearray()
        while len(pieces) < size:
            try:
                piece = await loop.sock_recv(self._end, min(size - len(pieces), _MOST))
            except ConnectionError:
                return None
            if not piece:
                return None
            pieces += piece
        return bytes(pieces)
