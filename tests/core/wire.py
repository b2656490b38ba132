"""The line to a hosted desk, for tests that cut it: a proxy on loopback that loses or replaces answers."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from urllib.parse import urlsplit


class Wire:
    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self.url = ""
        self.lose: Iterator[bool] = repeat(False)
        """For each answer, whether the line is cut before it comes through; the call has had its effect."""
        self.lose_each_once = False
        """Whether the line is cut so at the first answer to each call, and not when it is asked again."""
        self._lost: set[bytes] = set()
        self.instead: deque[bytes] = deque()
        """Answers that are given without asking; an empty one cuts the line."""
        self.only = ""
        """What stands in the first line of the calls that get one of those."""
        self.late = "nothing is"
        """What stands in the first line of the calls that get through only when `go` is set."""
        self.go = asyncio.Event()
        self.asked: list[str] = []
        """The first line of each call."""
        self.bodies: list[bytes] = []
        """What stood in each."""
        self._connections: set[asyncio.Task[None]] = set()

    def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(asyncio.create_task(self._carry(reader, writer)))

    async def ended(self) -> None:
        """When every connection is: whoever called has closed them before."""
        if self._connections:
            await asyncio.wait(self._connections)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; one call at a time, as HTTP/1.1 has it."""
        assert self._to.hostname and self._to.port
        their_reader, their_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                call = await _message(reader)
                self.asked.append(call.partition(b"\r\n")[0].decode())
                self.bodies.append(call.partition(b"\r\n\r\n")[2])
                if self.late in self.asked[-1]:
                    await self.go.wait()
                if self.instead and self.only in self.asked[-1]:
                    answer = self.instead.popleft()
                else:
                    their_writer.write(call)
                    answer = await _message(their_reader)
                    answer = b"" if next(self.lose) or self._is_first(call) else answer
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
        for one in (writer, their_writer):
            one.close()

    def _is_first(self, call: bytes) -> bool:
        """Told by all of the call, so that of several under way each is cut once."""
        if not self.lose_each_once:
            return False
        self._lost ^= {call}
        return call in self._lost


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One call or answer, whole."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.splitlines()[1:-1])
    if fields.get(b"transfer-encoding") == b"chunked":
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            body += await reader.readuntil(b"\r\n")
        return head + body
    return head + await reader.readexactly(int(fields.get(b"content-length", b"0")))


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    wire = Wire(url)
    server = await asyncio.start_server(wire.connect, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    wire.url = f"http://{host}:{port}"
    try:
        yield wire
    finally:
        server.close()
        await wire.ended()


def answer(status: int, body: str = "", kind: str = "text/html", **fields: str) -> bytes:
    head = {"Content-Type": kind, "Content-Length": str(len(body.encode()))} | {
        name.replace("_", "-"): value for name, value in fields.items()
    }
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in head.items()), "", body]
    return "\r\n".join(lines).encode()
