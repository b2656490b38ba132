"""A process that has the way to the database, for a program that has other things to do.

The terminal interface begins one at once and asks through it: the database comes up, and its driver
is imported, on another core, while the screen is being made; and no answer that is being read keeps
a key waiting. It ends when whoever began it ends, however that is, and leaves the database in order.

It hears `[id, kind, arguments...]` and answers `[id, how, value]`: "done" with the answer, "refused" with
the parts of a `DeskError`, "broken" with a traceback. `cancel` gets no answer.
"""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import DeskError, Unreachable
from core.frames import Frames

if TYPE_CHECKING:
    from core.connect import Way
    from core.gateway import Gateway


class GatewayProcess:
    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._opened = AsyncExitStack()
        self._gateway: Gateway | None = None
        self._nudges: AsyncIterator[None] | None = None
        self._next_nudge: asyncio.Task[None] | None = None
        self._work: dict[int, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Until the other end is closed."""
        while (request := await self._frames.receive()) is not None:
            id, kind, *arguments = request
            if kind == "cancel":
                if work := self._work.get(id):
                    work.cancel()
            else:
                self._work[id] = asyncio.create_task(self._answer(id, kind, arguments))
        working = list(self._work.values())
        for work in working:
            work.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await self._close()

    async def _answer(self, id: int, kind: str, arguments: list[Any]) -> None:
        from pydantic_core import to_json

        try:
            answer = to_json([id, "done", await self._do(kind, *arguments)])
        except DeskError as error:
            answer = to_json([id, "refused", [error.code, str(error), error.hint]])
        except Exception:  # noqa: BLE001 - it is raised again where the question came from
            answer = to_json([id, "broken", _traceback()])
        finally:
            del self._work[id]
        self._frames.send(answer)

    async def _do(self, kind: str, *arguments: Any) -> object:
        if kind == "open":
            await self._open(*arguments)
        elif kind == "close":
            await self._close()
        elif kind == "sign_in":
            return await _sign_in(*arguments)
        elif self._gateway is None:
            raise Unreachable
        elif kind == "nudge":
            await self._nudge(self._gateway)
        else:
            function, values = arguments
            call = self._gateway.write if kind == "write" else self._gateway.read
            return await call(function, **values)
        return None

    async def _open(self, way: dict[str, Any]) -> None:
        from core.connect import open_gateway

        opening = open_gateway(_way(way))
        self._gateway = await self._opened.enter_async_context(opening)

    async def _close(self) -> None:
        self._gateway = self._nudges = None
        if self._next_nudge:
            self._next_nudge.cancel()
            await asyncio.wait([self._next_nudge])
            self._next_nudge = None
        await self._opened.aclose()

    async def _nudge(self, gateway: "Gateway") -> None:
        """Whoever waits may give up; who listens to the database goes on, and the next to wait gets it."""
        self._nudges = self._nudges or gateway.nudges()
        self._next_nudge = self._next_nudge or asyncio.create_task(_next(self._nudges))
        await asyncio.shield(self._next_nudge)
        self._next_nudge = None


def _way(plain: "dict[str, Any]") -> "Way":
    from core.connect import Way

    return Way(**plain | {"home": Path(plain["home"])})


async def _sign_in(way: dict[str, Any], step: str, *said: str) -> str | None:
    from core.sign_in import HostedSignIn

    return await HostedSignIn(_way(way)).take(step, *said)


async def _next(nudges: AsyncIterator[None]) -> None:
    await anext(nudges)


async def _serve(end: socket.socket) -> None:
    frames = Frames(end)
    try:
        import core.connect
        import core.migrate
        import core.postgres  # noqa: F401
    except Exception:  # noqa: BLE001 - it is raised again where the process was begun
        import json

        frames.send(json.dumps([0, "broken", _traceback()]).encode())
        return
    await GatewayProcess(frames).serve()


def _traceback() -> str:
    import traceback

    return traceback.format_exc()


async def _live(end: socket.socket) -> None:
    try:
        await _serve(end)
    finally:
        os._exit(0)  # at once: a thread may still wait for a server that does not answer


def main() -> None:
    """The other end of the socket is stdin."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # whoever began it may have a draft to put away yet
    end = socket.socket(fileno=os.dup(0))
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    asyncio.run(_live(end))
