"""A thread of its own for calls that block, one after the other.

Unlike an executor's it can be left behind: a program that ends would wait for those, and a server that does
not answer may hold a call for minutes.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sync.supervisor import progress

_Answer = TypeVar("_Answer")
_Call = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Lane:
    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    async def do(self, work: Callable[..., _Answer], *arguments: Any) -> _Answer:
        if self._thread.ident is None:
            self._thread.start()
        future: Future[_Answer] = Future()
        self._calls.put((future, work, arguments))
        answer = await asyncio.wrap_future(future)
        progress()
        return answer

    async def close(self, patience: float) -> bool:
        """No more calls; whether the last one came to its end within `patience` seconds."""
        self._calls.put(None)
        if self._thread.ident is None:
            return True
        waited = 0.0
        while self._thread.is_alive() and waited < patience:
            await asyncio.sleep(0.02)
            waited += 0.02
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            future, work, arguments = call
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(*arguments))
            except BaseException as error:  # noqa: BLE001  it is raised where the answer is waited for
                future.set_exception(error)
            del call, future, work, arguments  # an answer may be large, and the next call far away
