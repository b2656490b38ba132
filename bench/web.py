"""Requests a second of the form page and of a ticket's JSON, beside a bare FastAPI app in the same run.

    python -m bench.web [--cache FOLDER] [--sizes 100,100000,1000000] [--rounds 5] [--seconds 5]

The bare app (`bench.bare_web`) returns the same bytes with the same headers from the same kind of server,
one process as ours is. `wrk` asks the two in turn over loopback. "ticket" is the same one again and again,
"tickets" another one each time, from all over the desk. Reported are the medians of the rounds, and of the
ratios within each round. A filled desk takes minutes to make, so it is kept in the cache folder between runs.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.fill import AGENT, filled
from bench.process import cpu_seconds
from core.config import Settings
from core.connect import open_desk
from core.models import Sort
from core.tokens import new_secret, sha256_of

ROOT = Path(__file__).resolve().parent.parent
RATIO_GOAL, TAIL_GOAL = 0.5, 0.050
FLAT_GOAL = 0.8
"""What is left at the largest desk of the ratio at the smallest."""
OURS = ["-c", "import cli; cli.main()", "web"]
PAGES = {
    "form": "'/form'",
    "ticket": "'/api/tickets/%(first)d'",
    "tickets": "'/api/tickets/' .. (%(first)d + math.random(0, %(count)d - 1))",
}
"""Their addresses, in Lua."""

_PATIENCE = 60.0
_ITS_OWN = {"content-length", "content-type", "date"}
"""Headers that the bare app writes by itself."""
_SCRIPT = """
function init(args) math.randomseed(%(seed)d) end
function request() return wrk.format("GET", %(path)s, %(headers)s) end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("DONE %%f %%f %%d %%d\\n", summary.requests / summary.duration * 1e6,
    latency:percentile(99) / 1e6, summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Round:
    a_second: float
    tail: float
    """Seconds; the 99th percentile."""
    work: float
    """Seconds of processor time that the server took for one request."""


@dataclass(frozen=True)
class Server:
    address: str
    pid: int


@dataclass
class Rounds:
    ours: list[Round] = field(default_factory=list)
    bare: list[Round] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        pairs = zip(self.ours, self.bare, strict=True)
        return statistics.median(one.a_second / other.a_second for one, other in pairs)

    @property
    def tail(self) -> float:
        return statistics.median(one.tail for one in self.ours)


@dataclass(frozen=True)
class Load:
    """What wrk is told."""

    clients: int
    seconds: int
    token: str
    first: int
    """The number of a ticket; `count` come from it on."""
    count: int

    def put_on(self, server: Server, page: str) -> Round:
        path = PAGES[page] % {"first": self.first, "count": self.count}
        headers = "{}" if page == "form" else f'{{["Authorization"] = "Bearer {self.token}"}}'
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(_SCRIPT % {"seed": time.time_ns() % 2**31, "path": path, "headers": headers})
            script.flush()
            asked = ["wrk", "-t1", f"-c{self.clients}", f"-d{self.seconds}s", "--timeout", "10s"]
            before = cpu_seconds(server.pid)
            ran = subprocess.run(
                [*asked, "-s", script.name, server.address], capture_output=True, text=True, check=True
            )
            work = cpu_seconds(server.pid) - before
        found = re.search(r"DONE ([\d.]+) ([\d.]+) (\d+) (\d+)", ran.stdout)
        if not found or found[4] != "0":
            sys.exit(f"{page} at {server.address} was not always answered:\n{ran.stdout}{ran.stderr}")
        return Round(float(found[1]), float(found[2]), work / int(found[3]))


@contextmanager
def begun(port: int, command: list[str], **around: str) -> Iterator[Server]:
    """A server, once it answers."""
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=os.environ | around)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"There is no answer at {address}.")
            time.sleep(0.1)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/form", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def way_in(home: Path) -> tuple[str, int]:
    """A new token for the desk, and the number of its first ticket."""
    secret = new_secret()
    async with open_desk(Settings(home=home, agent=AGENT)) as desk:
        await desk.create_token(sha256_of(secret), ["tickets:read"], "bench.web")
        (first,) = (await desk.list_tickets(sort=Sort.NUMBER, reverse=True, limit=1)).tickets
    return secret, first.number


def answer_of(server: Server, path: str, token: str) -> dict[str, Any]:
    answer = httpx.get(f"{server.address}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    answer.raise_for_status()
    headers = {name: value for name, value in answer.headers.items() if name not in _ITS_OWN}
    return {"body": answer.text, "type": answer.headers["content-type"], "headers": headers}


def measure(home: Path, count: int, options: argparse.Namespace) -> dict[str, Rounds]:
    token, first = asyncio.run(way_in(home))
    load = Load(options.clients, options.seconds, token, first, count)
    port, other = free_port(), free_port()
    around = {"HOME": str(home), "WEB_PORT": str(port), "WEB_API_RATE": "1000000/second"}
    paths = {"form": "/form", "ticket": f"/api/tickets/{first}"}
    with (
        begun(port, OURS, **{f"TTYDESK_{name}": value for name, value in around.items()}) as ours,
        tempfile.NamedTemporaryFile("w", suffix=".json") as file,
    ):
        answers = {name: answer_of(ours, path, token) for name, path in paths.items()}
        json.dump(answers, file)
        file.flush()
        with begun(other, ["-m", "bench.bare_web", str(other), file.name]) as bare:
            assert {name: answer_of(bare, path, token) for name, path in paths.items()} == answers
            return in_turn(load, ours, bare, options)


def in_turn(load: Load, ours: Server, bare: Server, options: argparse.Namespace) -> dict[str, Rounds]:
    """The first round only warms up."""
    found = {page: Rounds() for page in options.pages.split(",")}
    for turn in range(options.rounds + 1):
        for page, rounds in found.items():
            both = [(ours, rounds.ours), (bare, rounds.bare)]
            for server, into in both if turn % 2 else reversed(both):
                once = load.put_on(server, page)
                into.extend([once] if turn else [])
    return found


def report(name: str, found: dict[str, Rounds]) -> bool:
    met = True
    for page, rounds in found.items():
        both = (rounds.ours, rounds.bare)
        ours, bare = (statistics.median(one.a_second for one in some) for some in both)
        work, least = (1e6 * statistics.median(one.work for one in some) for some in both)
        met = met and rounds.ratio >= RATIO_GOAL and rounds.tail <= TAIL_GOAL
        print(
            f"{name:>18}   {page:8}{ours:6.0f} requests/s, bare {bare:6.0f}: {rounds.ratio:.2f}x (goal 0.5),"
            f" p99 {1000 * rounds.tail:.0f} ms (goal 50), processor {work:.0f} us, bare {least:.0f}",
            flush=True,
        )
    return met


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "ttydesk-bench")
    parser.add_argument("--sizes", default="100,100000,1000000")
    parser.add_argument("--pages", default=",".join(PAGES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=100)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not here: install the package wrk of your system.")
    sizes = [int(size) for size in options.sizes.split(",")]
    homes = {size: filled(options.cache, size) for size in sizes}
    print(f"{options.clients} clients, medians of {options.rounds} rounds of {options.seconds} s")
    results = {size: measure(home, size, options) for size, home in homes.items()}
    met = [report(f"{size:,} tickets", found) for size, found in results.items()]
    small, large = results[min(sizes)], results[max(sizes)]
    for page in small:
        left = large[page].ratio / small[page].ratio
        met.append(left >= FLAT_GOAL)
        print(
            f"{page}: at {max(sizes):,} tickets {left:.2f} of the ratio at {min(sizes):,} (goal {FLAT_GOAL})"
        )
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
