"""How a desk at Supabase feels from far away: what a round trip of 80 ms adds to the start, and to opening.

    npm install --prefix tests/peers/supabase
    python -m bench.hosted [--tickets 2000] [--starts 9] [--keys 40] [--milliseconds 80]

The real `ttydesk` in a pseudo-terminal, signed in, against Supabase's own API server on a Postgres, once near
and once behind a proxy that adds the round-trip time (to each new connection as well, as its handshake takes
one). What is added, divided by the round-trip time, is how many round trips the agent waits for.
"""

import argparse
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.distant import Distant
from bench.fill import AGENT, fill_database
from bench.terminal import Terminal
from bench.tui import COLUMNS, LINES, Times, open_tickets, ours, started, step
from core.embedded import Embedded
from tests.peers.hosted import PUBLISHABLE, Project, sign, supabase

START_GOAL, OPEN_GOAL, NEXT_GOAL = 3.0, 1.0, 0.25
"""Round trips. The last would be none, but for how evenly this machine measures."""


@dataclass
class Place:
    """Where an agent sits: near the project, or far from it."""

    home: Path
    url: str
    token: str
    times: Times = field(default_factory=Times)

    def begin(self) -> Terminal:
        return ours(
            self.home,
            TTYDESK_SUPABASE_URL=self.url,
            TTYDESK_SUPABASE_PUBLISHABLE_KEY=PUBLISHABLE,
            TTYDESK_SUPABASE_ACCESS_TOKEN=self.token,
        )


def measure(places: list[Place], starts: int, keys: int) -> None:
    """In turn, so that what else the machine does is the same for all of them."""
    for _ in range(starts):
        for place in places:
            with place.begin() as terminal:
                place.times.add("start", started(terminal))
    for place in places:
        with place.begin() as terminal:
            started(terminal)
            terminal.settle(1.0)
            step(terminal, place.times, keys)
            open_tickets(terminal, place.times, keys, rest=1.0)


def add_agent(project: Project) -> None:
    with psycopg.connect(project.database, autocommit=True) as connection:
        connection.execute("select set_config('request.jwt.claims', '{\"role\": \"service_role\"}', false)")
        connection.execute("select public.add_agent(%s, 'Ada', 'admin')", [AGENT])


def token_of_agent(project: Project) -> str:
    with psycopg.connect(project.database) as connection:
        row = connection.execute("select id from desk.users where email = %s", [AGENT]).fetchone()
    assert row
    return sign(str(row[0]))


def report(near: Times, far: Times, seconds: float) -> None:
    print(f"{'':10}{'near':>12}{'far':>12}{'round trips waited for':>26}")
    goals = {"start": START_GOAL, "j": NEXT_GOAL, "open": OPEN_GOAL, "open next": NEXT_GOAL}
    for what, goal in goals.items():
        trips = (far.median(what) - near.median(what)) / seconds
        said = f"{trips:10.2f} (goal {goal:g})"
        print(f"{what:10}{1000 * near.median(what):9.1f} ms{1000 * far.median(what):9.1f} ms{said:>26}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=2000)
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--milliseconds", type=float, default=80)
    options = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ttydesk-bench-")))
        server = stack.enter_context(Embedded(home)).start()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("create database hosted template template0")
        project = stack.enter_context(supabase(f"{server} dbname=hosted", home / "storage"))
        add_agent(project)
        fill_database(project.database, options.tickets)
        token, seconds = token_of_agent(project), options.milliseconds / 1000
        distant = stack.enter_context(Distant(project.url, seconds))
        near, far = Place(home, project.url, token), Place(home, distant.url, token)
        measure([near, far], options.starts, options.keys)
    print(
        f"{options.tickets} tickets, {options.milliseconds:g} ms there and back, {COLUMNS}x{LINES}, medians"
    )
    report(near.times, far.times, seconds)
    fetched = far.times.median("open next")
    print(f"opened out of what was fetched before: {fetched * 1000:.1f} ms")


if __name__ == "__main__":
    main()
