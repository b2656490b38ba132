"""A server that is far away: a proxy on loopback that adds a round-trip time, also to each new connection."""

import asyncio
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

_PIECE = 65536
_Queue = asyncio.Queue[tuple[float, bytes]]
"""Pieces, and when each arrives."""


class Distant:
    """In a thread of its own. `url` leads to `to`, `seconds` away there and back; it counts what passes."""

    def __init__(self, to: str, seconds: float) -> None:
        self._to = urlsplit(to)
        self.seconds = seconds
        self.bytes = 0
        """Both ways."""
        self.calls = 0
        """Of HTTP/1.1."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._carry, "127.0.0.1", 0), self._loop
        )
        self._server = starting.result(5)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _end(self) -> None:
        self._server.close()
        carrying = asyncio.all_tasks() - {asyncio.current_task()}
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._to.hostname and self._to.port
        await asyncio.sleep(self.seconds)  # to shake hands
        their_reader, their_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        await asyncio.gather(self._pass_on(reader, their_writer), self._pass_on(their_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Each piece half a round trip after it came, many under way at a time."""
        under_way: _Queue = asyncio.Queue()
        reading = asyncio.create_task(self._read(reader, under_way))
        with suppress(ConnectionError):
            while (piece := await under_way.get())[1]:
                await asyncio.sleep(piece[0] - self._loop.time())
                writer.write(piece[1])
                await writer.drain()
        reading.cancel()
        writer.close()

    async def _read(self, reader: asyncio.StreamReader, under_way: _Queue) -> None:
        piece = b"."
        while piece:
            try:
                piece = await reader.read(_PIECE)
            except ConnectionError:
                piece = b""
            self.bytes += len(piece)
            self.calls += piece.startswith((b"GET ", b"POST "))
            under_way.put_nowait((self._loop.time() + self.seconds / 2, piece))
