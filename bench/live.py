"""Agents who follow one desk: how soon each sees what another does, and what it costs when all is quiet.

    npm install --prefix tests/peers/supabase
    python -m bench.live [--agents 50] [--changes 40] [--idle 30]

Once on a Postgres of one's own, where the database tells (LISTEN/NOTIFY), and once at Supabase's own API
server on a Postgres, where each agent asks. All followers run in this process; the time of the server's
processes is what the system counted for them.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.distant import Distant
from core.desk import Desk
from core.embedded import Embedded
from core.migrate import migrate
from core.models import Role
from core.postgres import PostgresGateway
from core.supabase import SupabaseGateway
from tests.peers.hosted import PUBLISHABLE, sign, supabase

OWN_GOAL, HOSTED_GOAL = 1.0, 3.0
_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 10.0


@dataclass
class Followers:
    desks: list[Desk]
    seen: dict[str, list[float]] = field(default_factory=dict)
    """When each saw a change, by the change's reason."""

    async def follow(self, desk: Desk) -> None:
        async for events in desk.follow():
            for event in events:
                self.seen.setdefault(event.reason, []).append(time.perf_counter())

    async def latencies(self, writer: Desk, number: int, changes: int) -> list[float]:
        """Seconds from each change to each follower."""
        found: list[float] = []
        for turn in range(changes):
            await asyncio.sleep(0.37)  # no beat of anybody's polling
            begin, reason = time.perf_counter(), f"change {turn}"
            await writer.update_tickets([number], {"priority": ("low", "high")[turn % 2]}, reason)
            while len(self.seen.get(reason, ())) < len(self.desks):
                assert time.perf_counter() - begin < _PATIENCE, "somebody did not hear of it"
                await asyncio.sleep(0.01)
            found += [at - begin for at in self.seen[reason]]
        return found


def processor_seconds(server: int) -> float:
    """Of the Postgres and its processes, and of what this program started (Supabase's server)."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(entry.name) == server or int(fields[1]) in (server, os.getpid()):
            total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


async def measure(
    name: str, agents: int, changes: int, idle: float, open_agent: "Opener", server: int,
    passed: Callable[[], tuple[int, int]] = lambda: (0, 0),
) -> None:  # fmt: skip
    async with AsyncExitStack() as stack:
        desks = [await stack.enter_async_context(open_agent()) for _ in range(agents)]
        writer = await stack.enter_async_context(open_agent())
        (ticket,) = (await writer.create_ticket("kim@example.com", "Lamp", "Dark.")).tickets
        followers = Followers(desks)
        tasks = [asyncio.create_task(followers.follow(desk)) for desk in desks]
        await asyncio.sleep(5)
        (calls, size), spent = passed(), processor_seconds(server)
        await asyncio.sleep(idle)
        calls, size = passed()[0] - calls, passed()[1] - size
        spent = processor_seconds(server) - spent
        found = sorted(await followers.latencies(writer, ticket.number, changes))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    print(f"{name}, {agents} agents")
    print(f"  a change is seen after: median {statistics.median(found):.3f} s,"
          f" 95 % {found[int(len(found) * 0.95)]:.3f} s, slowest {found[-1]:.3f} s")  # fmt: skip
    print(f"  idle, the server's processes take {100 * spent / idle:.1f} % of one core")
    if calls:
        per_minute = 60 / idle / agents
        print(f"  idle, each agent makes {calls * per_minute:.0f} calls"
              f" and moves {size * per_minute / 1000:.1f} kB a minute, both ways")  # fmt: skip


Opener = Callable[[], AbstractAsyncContextManager[Desk]]


def opener(make: Callable[[], PostgresGateway | SupabaseGateway]) -> Opener:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Desk]:
        gateway = await make().open()
        try:
            yield Desk(gateway)
        finally:
            await gateway.close()

    return opened


async def agent_id(database: str) -> str:
    gateway = await PostgresGateway(database, role="service_role", claims={}).open()
    try:
        desk = Desk(gateway)
        await desk.connect_mailbox("support", "maildir", "support@example.com")
        return str((await desk.add_agent("ada@example.com", "Ada", Role.ADMIN)).id)
    finally:
        await gateway.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--idle", type=float, default=30)
    options = parser.parse_args()
    counts = options.agents, options.changes, options.idle
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ttydesk-bench-")))
        server = stack.enter_context(Embedded(home, {"max_connections": "300"})).start()
        with psycopg.connect(server, autocommit=True) as connection:
            for name in ("own", "hosted"):
                connection.execute(f"create database {name} template template0".encode())
        process = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
        own = f"{server} dbname=own"
        migrate(own)
        claims = {"sub": asyncio.run(agent_id(own))}
        asyncio.run(measure(
            "A Postgres of one's own", *counts,
            opener(lambda: PostgresGateway(own, role="authenticated", claims=claims)), process,
        ))  # fmt: skip
        project = stack.enter_context(supabase(f"{server} dbname=hosted", home / "storage"))
        token = sign(asyncio.run(agent_id(project.database)))
        near = stack.enter_context(Distant(project.url, 0))

        async def give(refused: str | None = None) -> str:
            return token

        asyncio.run(measure(
            "Supabase's server", *counts, opener(lambda: SupabaseGateway(near.url, PUBLISHABLE, give)),
            process, lambda: (near.calls, near.bytes),
        ))  # fmt: skip
    print(f"the goals are {OWN_GOAL:g} s and {HOSTED_GOAL:g} s")


if __name__ == "__main__":
    main()
