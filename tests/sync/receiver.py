"""A receiver of webhooks on loopback: a real HTTP server that checks signatures and answers as it is told."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass(frozen=True, slots=True)
class Arrived:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def read(self, secret: str) -> dict[str, Any]:
        """Raises unless it is signed with the secret."""
        found: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return found


@dataclass(slots=True)
class Receiver:
    port: int = 0
    answers: Callable[[Arrived], bytes | None] = lambda arrived: OK
    """None: never."""
    arrived: list[Arrived] = field(default_factory=list)
    connections: int = 0
    closes: bool = False
    """Whether it hangs up after each answer."""
    serving: set["asyncio.Task[None]"] = field(default_factory=set)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def wait_for(self, count: int) -> list[Arrived]:
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(lambda: len(self.arrived) >= count)
        return self.arrived

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                arrived = Arrived(first.split()[1], headers, body)
                async with self.news:
                    self.arrived.append(arrived)
                    self.news.notify_all()
                said = self.answers(arrived)
                if said is None:
                    await reader.read()  # until the sender gives up
                    return
                writer.write(said)
                await writer.drain()
                if self.closes:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the sender has left
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


@asynccontextmanager
async def receiving(context: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.accept, "127.0.0.1", 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in (left := list(receiver.serving)):
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
