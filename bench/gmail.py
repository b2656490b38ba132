"""What a mailbox at Gmail costs, against our own Gmail server in a process of its own, without quota.

    python -m bench.gmail rate [--mails 3000] [--rate 50]
    python -m bench.gmail screen [--mails 40]
    python -m bench.gmail memory [--mails 20000]

`rate`: mails a second from Gmail into durable tickets, when all of them wait, and when so many a second come:
does the daemon keep up, and how long is each on its way? Gmail itself gives out 300 mails a minute for a
mailbox; the goal is ten times that. The server takes its part of the same processors, which is shown.

`screen`: from the delivery at Gmail, which tells it through Google's emulator of Pub/Sub where that is
installed, to the ticket on the agent's screen.

`memory`: what the daemon holds after each tenth of the mails.

The mails are those of `bench.mails`; synchronous_commit is on.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from os import environ
from pathlib import Path

from bench.delivery import mail, measure, tell
from bench.gmail_process import GmailProcess, connected, notified, settings_of
from bench.mails import Customers
from bench.process import cpu_seconds, resident_mb, works_in
from core.config import Settings
from core.connect import open_desk
from core.desk import Desk

GOAL = 50.0
"""Mails a second: ten times 300 a minute."""
_LOOK = 0.05
_PATIENCE = 600.0


@dataclass
class House:
    """A home whose daemon works on an account of the server."""

    home: Path
    server: GmailProcess
    desk: Desk
    settings: Settings
    seen: dict[str, float] = field(default_factory=dict)
    """When each mail was first seen in the ledger, by Gmail's id."""
    _after: int = 0

    @contextmanager
    def daemon(self) -> Iterator["subprocess.Popen[bytes]"]:
        with (self.home / "daemon.log").open("wb") as log:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("ttydesk")), "sync"],
                env=environ | {"TTYDESK_HOME": str(self.home)},
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)

    async def look(self) -> int:
        """How many mails are in the ledger."""
        while page := await self.desk.list_raw_mails(after=self._after, limit=1000):
            self._after = page[-1].id
            at = time.perf_counter()
            for one in page:
                for source in one.sources:
                    self.seen.setdefault(source.rpartition(": ")[2], at)
        return len(self.seen)

    async def until(self, count: int) -> None:
        deadline = time.perf_counter() + _PATIENCE
        while await self.look() < count:
            assert time.perf_counter() < deadline, f"{len(self.seen)} of {count} mails were taken in"
            await asyncio.sleep(_LOOK)

    def cpu(self, daemon: int) -> dict[str, float]:
        """Seconds of the processors, by who used them."""
        database = works_in(self.home / "postgres")
        return {
            "daemon": cpu_seconds(daemon),
            "database": sum(map(cpu_seconds, database)),
            "Gmail server": cpu_seconds(self.server.pid),
        }


@asynccontextmanager
async def house_at(**google: object) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ttydesk-bench-")))
        server = stack.enter_context(GmailProcess())
        settings = settings_of(home, server, **google)
        desk = await stack.enter_async_context(open_desk(settings, service=True))
        await connected(desk, settings, server)
        yield House(home, server, desk, settings)


async def backlog(house: House, mails: Sequence[bytes]) -> None:
    """All of them wait when the daemon begins; counted from the first that is in the ledger."""
    house.server.deliver(mails)
    with house.daemon() as daemon:
        await house.until(1)
        first, begun, used = len(house.seen), time.perf_counter(), house.cpu(daemon.pid)
        await house.until(len(mails))
        seconds = time.perf_counter() - begun
        spent = {who: cpu - used[who] for who, cpu in house.cpu(daemon.pid).items()}
    count = len(mails) - first
    print(f"a backlog: {count / seconds:.0f} mails/s over {count} mails; the goal is {GOAL:.0f}")
    print(
        "  of the processors, a mail: "
        + ", ".join(f"{who} {1e3 * s / count:.1f} ms" for who, s in spent.items())
    )


async def stream(house: House, mails: Sequence[bytes], rate: float) -> None:
    """So many a second, evenly."""
    arrived: dict[str, float] = {}
    with house.daemon() as daemon:
        arrived[house.server.deliver([mail("first")])[0]] = 0.0
        await house.until(1)
        begun, used = time.perf_counter(), house.cpu(daemon.pid)
        while len(arrived) <= len(mails):
            due = min(int((time.perf_counter() - begun) * rate) + 1, len(mails)) - (len(arrived) - 1)
            if due > 0:
                start = len(arrived) - 1
                at = time.perf_counter()
                arrived |= dict.fromkeys(house.server.deliver(mails[start : start + due]), at)
            await house.look()
            await asyncio.sleep(_LOOK)
        behind = len(arrived) - await house.look()
        await house.until(len(arrived))
        seconds = time.perf_counter() - begun
        spent = {who: cpu - used[who] for who, cpu in house.cpu(daemon.pid).items()}
    late = sorted(house.seen[id] - at for id, at in arrived.items() if at)
    print(f"{rate:.0f} mails/s for {len(mails) / rate:.0f} s: {behind} behind at the end of it")
    print(f"  on their way: median {statistics.median(late):.2f} s, 95 % {late[int(0.95 * len(late))]:.2f} s")
    print("  of one processor: " + ", ".join(f"{who} {s / seconds:.0%}" for who, s in spent.items()))


async def rates(mails: int, rate: float) -> None:
    written = list(Customers().write(mails))
    size = sum(map(len, written)) / mails / 1024
    print(f"{mails} mails of {size:.0f} KB on average")
    async with house_at(poll_seconds=0.5) as house:
        await backlog(house, written)
    async with house_at(poll_seconds=0.5) as house:
        await stream(house, written, rate)


async def memory(mails: int) -> None:
    """The daemon is not started again."""
    customers, part = Customers(), mails // 10
    async with house_at(poll_seconds=0.5) as house:
        with house.daemon() as daemon:
            house.server.deliver([mail("first")])
            await house.until(1)
            print(f"{'mails':>8}{'MB':>8}")
            for _ in range(11):
                print(f"{len(house.seen) - 1:>8}{resident_mb(daemon.pid):>8.0f}", flush=True)
                if len(house.seen) <= mails:
                    for _ in range(0, part, 100):
                        house.server.deliver(list(customers.write(100)))
                    await house.until(len(house.seen) + part)
                    await asyncio.sleep(1)


def screen(mails: int) -> None:
    async def make_known(home: Path, server: GmailProcess, **google: object) -> None:
        settings = settings_of(home, server, **google)
        async with open_desk(settings, service=True) as desk:
            await connected(desk, settings, server)

    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ttydesk-bench-")))
        server = stack.enter_context(GmailProcess())
        told = notified(stack, server)
        asyncio.run(make_known(home, server, **(told or {"poll_seconds": 0.25})))
        print("told by Pub/Sub" if told else "found by looking every 0.25 s")
        tell(measure(home, mails, lambda name: server.deliver([mail(name)])))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["rate", "screen", "memory"])
    parser.add_argument("--mails", type=int)
    parser.add_argument("--rate", type=float, default=GOAL)
    options = parser.parse_args()
    if options.what == "rate":
        asyncio.run(rates(options.mails or 3000, options.rate))
    elif options.what == "memory":
        asyncio.run(memory(options.mails or 20_000))
    else:
        screen(options.mails or 40)


if __name__ == "__main__":
    main()
