"""Lives of the daemon or of an import that end by kill -9 at a step of one's choice.

Run as a program: it imports everything once, and for each line of JSON on stdin forks a process that does
the work and is killed in the middle; so a life costs milliseconds, not the start of an interpreter. A step
is a call that leaves a trace outside the process, before it and after it: a link, a rename, a file that is
written (by half) or flushed, an operation of the database; and a request to Google that is on its way. It
answers each line with one: {"killed": whether, "steps": their names}.
"""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import Settings
from core.connect import open_desk
from core.postgres import PostgresGateway
from sync.archive import import_mails
from sync.daemon import open_intake, sync
from sync.source import find_mails

ROOT = Path(__file__).parents[2]
_CALLS = ("link", "unlink", "rename", "replace", "fsync", "mkdir")


@dataclass
class Lives:
    """The program, for a test."""

    process: "subprocess.Popen[str]"

    def live(self, kill_at: int | str, **order: Any) -> dict[str, Any]:
        """One life; killed at that step, or to its end when there are not so many."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"kill_at": kill_at, **order}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert not answer["failed"], answer
        return answer


@contextmanager
def lives_begun() -> Iterator[Lives]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.whole_way.lives"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Lives(process)
        assert process.stdin
        process.stdin.close()


class Fate:
    """Counts steps, and kills this process at the one that was chosen, by its number or by its name."""

    def __init__(self, kill_at: int | str, log: int) -> None:
        self._kill_at = kill_at
        self._log = log
        self._count = 0
        self._lock = threading.Lock()

    def step(self, name: str) -> None:
        with self._lock:
            self._count += 1
            os.write(self._log, f"{name}\n".encode())
            if self._kill_at in (self._count, name):
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, module: Any, name: str) -> None:
        call: Callable[..., Any] = getattr(module, name)

        def with_steps(*arguments: Any, **named: Any) -> Any:
            self.step(f"before {name}")
            answer = call(*arguments, **named)
            self.step(f"after {name}")
            return answer

        setattr(module, name, with_steps)

    def around_writes(self) -> None:
        write = os.write

        def in_halves(descriptor: int, content: Any) -> int:
            if descriptor == self._log:
                return write(descriptor, content)
            half = write(descriptor, memoryview(content)[: len(content) // 2])
            self.step("half a write")
            return half + write(descriptor, memoryview(content)[half:])

        os.write = in_halves

    def around_requests(self) -> None:
        """A step when a request is on its way and nothing has come back."""
        request = http.client.HTTPConnection.request
        fate = self

        def with_step(self: Any, method: str, url: str, *arguments: Any, **named: Any) -> None:
            request(self, method, url, *arguments, **named)
            fate.step(f"asked to {url.partition('?')[0].rpartition('/')[2]}")

        http.client.HTTPConnection.request = with_step  # type: ignore[method-assign]

    def around_operations(self) -> None:
        execute = PostgresGateway._execute
        fate = self

        async def with_steps(self: PostgresGateway, function: str, values: dict[str, Any]) -> object:
            fate.step(f"before {function}")
            answer = await execute(self, function, values)
            fate.step(f"after {function}")
            return answer

        PostgresGateway._execute = with_steps  # type: ignore[method-assign]


async def _import(settings: Settings, folder: Path) -> None:
    async with open_desk(settings, service=True) as desk:
        await import_mails(desk, await open_intake(settings, desk), find_mails([folder]).entries)


def live(order: dict[str, Any], log: int) -> None:
    fate = Fate(order["kill_at"], log)
    fate.around_writes()
    for name in _CALLS:
        fate.around(os, name)
    fate.around_operations()
    fate.around_requests()
    sections = {name: order[name] for name in ("google", "webhooks") if name in order}
    settings = Settings(home=order["home"], database_url=order["database"], tokens="file", **sections)
    if order["work"] == "import":
        asyncio.run(_import(settings, Path(order["folder"])))
    else:
        asyncio.run(sync(settings, once=True))


def main() -> None:
    for line in sys.stdin:
        read, log = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            status = 1
            try:
                live(json.loads(line), log)
                status = 0
            finally:
                if status:
                    traceback.print_exc()
                os._exit(status)
        os.close(log)
        with open(read) as steps:
            names = steps.read().splitlines()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(
            json.dumps({"killed": status == -signal.SIGKILL, "failed": status > 0, "steps": names}),
            flush=True,
        )


if __name__ == "__main__":
    main()
