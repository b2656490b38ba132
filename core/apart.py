"""The desk for a program that leaves the way to the database to a process apart (`core.gateway_process`).

That process begins as soon as an `Apart` is made, before anything that takes long to import; so this
module imports little.
"""

import itertools
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from core.errors import Unreachable, from_code

if TYPE_CHECKING:
    from core.config import Settings
    from core.desk import Desk


_FIRST = 1
"""The number of the question that `open_soon` asks."""


class Apart:
    """A process that is asked; another one, should it be gone when a desk is opened again."""

    def __init__(self) -> None:
        self._begin()

    @property
    def process(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def _begin(self) -> None:
        """With our own `sys.path`: from where we were started is none of its business."""
        self._end, theirs = socket.socketpair()
        code = f"import sys; sys.path[:] = {sys.path!r}; from core.gateway_process import main; main()"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # what the terminal sends to all is meant for us
            )
        self._line: _Line | None = None
        self._asked = False

    def open_soon(self, settings: "Settings") -> None:
        """Ask for the desk that `open_desk` will be asked for first, before there is a loop to wait in."""
        from core.frames import framed

        with suppress(OSError):  # it has ended; that is told to who waits for the answer
            self._end.sendall(framed(_question(_FIRST, "open", _plain(settings))))
            self._asked = True

    def end(self) -> None:
        """It leaves the database in order, and has ended when this returns."""
        if self._line is None and not self._asked:
            self._process.kill()  # it has begun nothing yet
        if self._line:
            self._line.end()
        self._end.close()
        self._process.wait()

    @asynccontextmanager
    async def open_desk(self, settings: "Settings") -> "AsyncIterator[Desk]":
        """As `core.connect.open_desk`, with the same errors; one at a time."""
        from core.desk import Desk

        line = self.line()
        try:
            if self._asked:
                self._asked = False
                await line.answer(_FIRST)
            else:
                await line.ask("open", _plain(settings))
            yield Desk(ApartGateway(line))
        finally:
            with suppress(Unreachable):  # it has ended, and left everything in order
                await line.ask("close")

    def line(self) -> "_Line":
        """To the process, to another one should it be gone."""
        if self._line and self._line.ended:
            self.end()
            self._begin()
        self._line = self._line or _Line(self._end)
        return self._line

    def sign_in(self, settings: "Settings") -> "ApartSignIn | None":
        """Where one signs in to the desk; None where nobody does: it is not hosted, or a token is set."""
        hosted = settings.supabase
        return ApartSignIn(self, settings) if hosted.url and not hosted.access_token else None


class ApartSignIn:
    """As `core.sign_in.HostedSignIn`, with the same errors."""

    def __init__(self, apart: Apart, settings: "Settings") -> None:
        self._apart, self._settings = apart, settings

    async def address(self) -> str:
        return str(await self._take("address"))

    async def send_code(self, email: str) -> None:
        await self._take("send_code", email)

    async def enter_code(self, email: str, code: str) -> None:
        await self._take("enter_code", email, code)

    async def enter_password(self, email: str, password: str) -> None:
        await self._take("enter_password", email, password)

    async def _take(self, step: str, *said: str) -> Any:
        return await self._apart.line().ask("sign_in", _plain(self._settings), step, *said)


class ApartGateway:
    def __init__(self, line: "_Line") -> None:
        self._line = line

    async def read(self, function: str, **arguments: Any) -> object:
        return await self._line.ask("read", function, arguments)

    async def write(self, function: str, **arguments: Any) -> object:
        return await self._line.ask("write", function, arguments)

    async def nudges(self) -> AsyncIterator[None]:
        while True:
            await self._line.ask("nudge")
            yield None

    async def close(self) -> None:
        await self._line.ask("close")


class _Line:
    """Questions and their answers, many under way at a time."""

    def __init__(self, end: socket.socket) -> None:
        import asyncio

        from core.frames import Frames

        self.ended = False
        self._frames: Frames = Frames(end)
        self._ids = itertools.count(_FIRST + 1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._hearing = asyncio.create_task(self._hear())
        self._trouble: Exception = Unreachable("The process that asks the database has ended.")

    def end(self) -> None:
        self.ended = True
        self._hearing.cancel()

    async def ask(self, kind: str, *arguments: Any) -> Any:
        id = next(self._ids)
        question = _question(id, kind, *arguments)
        if not self.ended:
            self._frames.send(question)
        return await self.answer(id)

    async def answer(self, id: int) -> Any:
        """To a question that was asked just now: an answer that nobody waits for is dropped."""
        import asyncio

        if self.ended:
            raise self._trouble
        answer = self._waiting[id] = asyncio.get_running_loop().create_future()
        try:
            return await answer
        except asyncio.CancelledError:
            self._frames.send(_question(id, "cancel"))
            raise
        finally:
            del self._waiting[id]

    async def _hear(self) -> None:
        while (message := await self._frames.receive()) is not None:
            id, how, value = message
            trouble = None if how == "done" else _trouble(how, value)
            if not id and trouble:
                self._trouble = trouble
            answer = self._waiting.get(id)
            if answer is None or answer.done():
                continue
            if trouble:
                answer.set_exception(trouble)
            else:
                answer.set_result(value)
        self.ended = True
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._trouble)


def _trouble(how: str, value: Any) -> Exception:
    return from_code(*value) if how == "refused" else RuntimeError(value)


def _question(*parts: Any) -> bytes:
    from pydantic_core import to_json

    return to_json(parts)


def _plain(settings: "Settings") -> dict[str, Any]:
    """As JSON, a password in it too: nobody else reads this line."""
    from dataclasses import asdict

    from core.connect import Way

    return asdict(Way.of(settings))
