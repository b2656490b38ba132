"""Takes mails in as the daemon and the import do, beside the limits of the machine. Run it as `bench.ingest`.

The mails are those of `bench.mails` (60 % new, 40 % replies, 10 % with a file); synchronous_commit is on.
They lie in a Maildir and go in one after the other, as the daemon takes them, each in a transaction of its
own. The two limits: reading the same mails and doing nothing with them; and inserting the very rows that
came of them, one transaction a mail, with prepared statements into the same tables and indexes. Then the
same mails by `import_mails`. With `--sizes`, some hundred further mails go into desks that hold so many
tickets already.
"""

import argparse
import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from multiprocessing import forkserver
from pathlib import Path

import psycopg

from bench.bare import copy_mailboxes, insert_rows, read_rows
from bench.fill import filled
from bench.mails import Customers
from core.desk import Desk
from core.embedded import Embedded
from core.files import LocalFiles
from core.migrate import migrate
from core.postgres import PostgresGateway
from sync.archive import find_many, import_mails
from sync.arrivals import Arrivals
from sync.maildir import Maildir
from sync.parse import parse_mail
from sync.reading import Intake

_serial = count()
_EXTRA = 1000
_WARM = 200


class Bench:
    def __init__(self, home: Path, server: str) -> None:
        self._home = home
        self.server = server

    def database(self) -> str:
        """The conninfo of a new, migrated, empty one."""
        name = f"bench_{next(_serial)}"
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        migrate(f"{self.server} dbname={name}")
        return f"{self.server} dbname={name}"

    def maildir(self, mails: Sequence[bytes]) -> Path:
        folder = self._home / f"mail{next(_serial)}"
        Maildir(folder).create()
        for number, raw in enumerate(mails):
            (folder / "new" / f"{1_700_000_000 + number}.M1P1.bench").write_bytes(raw)
        return folder

    def intake(self) -> Intake:
        return Intake(LocalFiles(self._home / f"files{next(_serial)}"))

    async def daemon(self, database: str, mails: Sequence[bytes]) -> float:
        """Seconds to take the mails in as the daemon does."""
        folder, intake = self.maildir(mails), self.intake()
        async with _opened(database) as desk:
            mailbox = await desk.connect_mailbox("support", "maildir", "support@example.com")
            arrivals = Arrivals(desk, intake, Maildir(folder), mailbox.id, lambda: datetime.now(UTC))
            start = time.perf_counter()
            settled = await arrivals.take_in()
            seconds = time.perf_counter() - start
        assert settled == len(mails), arrivals.counts
        return seconds

    async def archive(self, database: str, mails: Sequence[bytes]) -> float:
        """Seconds to import them, the looking for them included."""
        folder, intake = self.maildir(mails), self.intake()
        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # each `ttydesk mail import` starts its own
        async with _opened(database) as desk:
            start = time.perf_counter()
            imported = await import_mails(desk, intake, find_many([folder]).entries)
            seconds = time.perf_counter() - start
        assert imported.counts.total() == len(mails), imported
        return seconds


@asynccontextmanager
async def _opened(database: str) -> AsyncIterator[Desk]:
    gateway = await PostgresGateway(database, role="service_role", claims={}).open()
    try:
        yield Desk(gateway)
    finally:
        await gateway.close()


def parse_alone(mails: Sequence[bytes]) -> float:
    start = time.perf_counter()
    for raw in mails:
        parse_mail(raw)
    return time.perf_counter() - start


def bare_inserts(bench: Bench, source: str) -> float:
    rows = read_rows(source)
    target = bench.database()
    copy_mailboxes(source, target)
    start = time.perf_counter()
    insert_rows(target, rows)
    return time.perf_counter() - start


def limits_and_goals(bench: Bench, mails: list[bytes], rounds: int) -> None:
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        database = bench.database()
        seconds.setdefault("parse alone", []).append(parse_alone(mails))
        seconds.setdefault("one by one", []).append(asyncio.run(bench.daemon(database, mails)))
        seconds.setdefault("bare inserts", []).append(bare_inserts(bench, database))
        seconds.setdefault("import", []).append(asyncio.run(bench.archive(bench.database(), mails)))
    each = {name: statistics.median(times) / len(mails) for name, times in seconds.items()}
    limit = each["parse alone"] + each["bare inserts"]
    each["both limits added"] = limit
    for name, one in each.items():
        print(f"{name:20}{1e3 * one:8.2f} ms a mail{1 / one:10.0f} mails/s")
    print(
        f"one by one takes {each['one by one'] / limit:.2f} x the limits added up; the goal is at most 1.15"
    )
    print(f"import is {limit / each['import']:.2f} x as fast as the limits; the goal is at least 2")


def growth(home: Path, sizes: Sequence[int]) -> None:
    """The first mails warm the caches, as a desk that has been running has them."""
    print(f"{'tickets before':>20}{'one by one':>20}{'import':>20}")
    for size in sizes:
        with Embedded(filled(home, size)) as embedded:
            bench = Bench(home, embedded.start())
            customers = Customers(seed=size)
            database = bench.server
            asyncio.run(bench.daemon(database, list(customers.write(_WARM))))
            single = asyncio.run(bench.daemon(database, list(customers.write(_EXTRA))))
            several = asyncio.run(bench.archive(database, list(customers.write(_EXTRA))))
        print(f"{size:>20}{_EXTRA / single:>13.0f} mails/s{_EXTRA / several:>13.0f} mails/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.ingest", description=__doc__)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=lambda text: [int(one) for one in text.split(",")], default=[])
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="ttydesk-bench-"))
    try:
        with Embedded(home) as embedded:
            bench = Bench(home, embedded.start())
            limits_and_goals(bench, list(Customers().write(options.mails)), options.rounds)
        growth(home, options.sizes)
    finally:
        shutil.rmtree(home)
