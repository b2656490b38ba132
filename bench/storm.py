"""A storm: mails pour in while nearly everything fails, and at the end each is there once, and left once.

    python -m bench.storm [--mails 5000] [--seed 1] [--pause 0.5,5] [--longest 3600]

The real daemon works on our own Gmail server, and is killed with SIGKILL every few seconds. Notifications are
dropped, doubled and reordered. Of the calls 5 % end in 429, 500, 503, a time-out or a cut connection: before
the effect, in the middle of the answer, after the effect, or with the effect coming later. The search lags,
Message-IDs are rewritten, access tokens end early, and the history runs out twice. Meanwhile agents answer
every ticket that waits, and customers answer those answers. When the storm is over the daemon may come to
rest, and then everything is counted. What is wrong is printed, and the program ends with 1.

Notifications go through Google's emulator of Pub/Sub where it is installed; else the daemon looks by itself.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.correspondence import Agents, Customers, raws_of
from bench.gmail_process import ROOT, GmailProcess, connected, notified, settings_of
from bench.reckoning import Delivered, faults_of
from core.connect import open_desk
from core.desk import Desk
from core.models import Mailbox

SETTLING = 6.0
_TICK = 0.2
_WHOLE = [
    *("batch", "getProfile", "history.list", "messages.list", "messages.modify", "messages.batchModify"),
    *("labels.list", "labels.create", "threads.modify", "watch", "oauth.token"),
]
"""What is a connection of its own: a part of a batch cannot be cut alone."""
_CUTS = ("cut_before", "cut_during", "cut_after")


@dataclass(slots=True)
class Weather:
    mails: int
    seed: int = 1
    pause: tuple[float, float] = (0.5, 5.0)
    """Seconds from when a daemon works until it is killed; some are killed before they do."""
    begun_a_second: float = 10.0
    """Conversations."""
    longest: float = 3600.0
    """Seconds after which the storm ends in any case."""
    rest: float = 600.0
    """Seconds after the storm within which all has to be done."""
    strength: float = 1.0
    """Times 5 % of the calls fail."""


@dataclass
class Storm:
    weather: Weather
    settings: Any
    server: GmailProcess
    mailbox: Mailbox
    service: Desk
    agents: Agents
    customers: Customers
    delivered: Delivered = field(default_factory=Delivered)
    kills: int = 0
    expired: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    _sent: int = 0
    _called: int = 0
    """Calls until the present daemon began."""

    def __post_init__(self) -> None:
        self._dice = random.Random(self.weather.seed)
        self._daemon: subprocess.Popen[bytes] | None = None

    async def run(self) -> None:
        begin = time.monotonic()
        self.break_loose()
        try:
            await self._rage(begin)
            self.seconds["storm"] = time.monotonic() - begin
            self.calm_down()
            await self._come_to_rest()
        finally:
            self._kill()
        self.seconds["all"] = time.monotonic() - begin

    def break_loose(self) -> None:
        parts: list[tuple[float, Sequence[str], Sequence[str] | None]] = [
            (0.01, ("429", "500", "503"), None),
            (0.006, _CUTS, _WHOLE),
            (0.002, ("delay",), _WHOLE),
            (0.004, (*_CUTS, "cut_late", "delay"), ["messages.send"]),
        ]
        share = [
            [kind, part * self.weather.strength, methods] for part, kinds, methods in parts for kind in kinds
        ]
        self.server.do("faults", share=share, delay_seconds=4.0, late_seconds=2.0)
        self.server.do("habits", message_ids="rewritten", search_lag=5.0, list_lag=0.5)
        self.server.do("notices", dropped=0.2, doubled=0.2, reordered=0.2, most_per_second=1)

    def calm_down(self) -> None:
        self.server.do("faults", clear=True)
        self.server.do("notices", dropped=0.0, doubled=0.0, reordered=0.0)
        self.kills += self._kill()  # whoever is started looks, so what nobody was told of waits no longer
        self._begin()

    async def _rage(self, begin: float) -> None:
        """Until every mail was written."""
        death = 0.0
        while not self.customers.are_done and time.monotonic() - begin < self.weather.longest:
            if time.monotonic() >= death:
                self.kills += self._kill()
                self._begin()
                dies_young = self._dice.random() < 0.1
                death = time.monotonic() + self._dice.uniform(0, 1) if dies_young else float("inf")
            elif death == float("inf") and self._works():
                death = time.monotonic() + self._dice.uniform(*self.weather.pause)
            started = time.monotonic()
            due = round(self.weather.begun_a_second * (started - begin)) - self.delivered.begun
            await self._write(self.customers.begin(max(due, 0)), due)
            await self._correspond()
            self._trouble()
            await asyncio.sleep(max(0.0, started + _TICK - time.monotonic()))

    async def _correspond(self) -> None:
        sent = raws_of(self.server.ask("sent", after=self._sent)["sent"])
        self._sent += len(sent)
        await self._write(self.customers.answer(sent))
        await self.agents.answer()

    async def _write(self, raws: list[bytes], begun: int = 0) -> None:
        self.delivered.begun += max(begun, 0)
        twice = [raw for raw in raws if self._dice.random() < 0.04]
        empty = [b"\r\n" * (len(self.delivered.empty) + 1)] if self._dice.random() < 0.02 and raws else []
        for kind, some in (
            (self.delivered.once, raws),
            (self.delivered.twice, twice),
            (self.delivered.empty, empty),
        ):
            if some:
                kind.update(zip(self.server.deliver(some), some, strict=True))

    def _trouble(self) -> None:
        """The history runs out after a third of the mails and again after two; access tokens end with it."""
        if self.expired < 2 and self.customers.written * 3 >= self.customers.mails * (self.expired + 1):
            self.expired += 1
            self.server.do("expire")
            self.server.do("expire_access")

    async def _come_to_rest(self) -> None:
        deadline = time.monotonic() + self.weather.rest
        while not await self._is_at_rest():
            assert self._daemon and self._daemon.poll() is None, "the daemon ended by itself"
            if time.monotonic() > deadline:
                return  # what is missing will be named
            await self._correspond()
            self._trouble()
            await asyncio.sleep(_TICK)

    async def _is_at_rest(self) -> bool:
        if (
            not self.customers.are_done
            or await self.agents.answer()
            or await self.service.due_in() is not None
        ):
            return False
        if await self.service.list_unlabelled(self.mailbox.id, 1):
            return False
        there = [one["id"] for one in self.server.ask("messages")["messages"]]
        settled = await self.service.settled_deliveries(self.mailbox.id, there)
        return set(there) == set(settled)

    def _begin(self) -> None:
        with (self.settings.home / "daemon.log").open("ab") as log:
            self._called = self._calls()
            self._daemon = subprocess.Popen(
                [sys.executable, "-c", "import cli; cli.main()", "sync"],
                env=os.environ | {"TTYDESK_HOME": str(self.settings.home), "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def _works(self) -> bool:
        """Whether the present daemon has called Google: a busy machine takes long until then."""
        assert self._daemon and self._daemon.poll() is None, "the daemon ended by itself"
        return self._calls() > self._called

    def _calls(self) -> int:
        return sum(self.server.ask("state")["calls"].values())

    def _kill(self) -> bool:
        """Whether there was one to kill."""
        daemon, self._daemon = self._daemon, None
        if daemon is None:
            return False
        assert daemon.poll() is None, "the daemon ended by itself"
        daemon.kill()
        daemon.wait()
        return True

    @property
    def log(self) -> bytes:
        """What all the daemons said."""
        found: bytes = (self.settings.home / "daemon.log").read_bytes()
        return found

    async def faults(self) -> list[str]:
        """What is not as it has to be, in sentences."""
        found = await faults_of(self.service, self.server, self.customers, self.agents, self.delivered)
        if b"Traceback" in self.log or b"nobody foresaw" in self.log:
            found.append("a daemon met what nobody foresaw")
        return found + [f"the server: {one}" for one in self.server.ask("state")["complaints"]]

    @property
    def struck(self) -> Counter[str]:
        """How often each fault struck, by its kind."""
        struck: Counter[str] = Counter()
        for name, times in self.server.ask("state")["struck"].items():
            struck[name.rpartition(" ")[2]] += times
        return struck


@asynccontextmanager
async def storm_over(home: Path, weather: Weather) -> AsyncIterator[Storm]:
    """A home, a server and a desk, and a storm that has not begun."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(GmailProcess(seed=weather.seed))
        settings = settings_of(
            home,
            server,
            poll_seconds=0.3,
            timeout_seconds=3.0,
            settling_seconds=SETTLING,
            **notified(stack, server),
        )
        service = await stack.enter_async_context(open_desk(settings, service=True))
        agent = await stack.enter_async_context(open_desk(settings))
        mailbox = await connected(service, settings, server)
        customers = Customers(weather.mails, server.address, weather.seed)
        yield Storm(weather, settings, server, mailbox, service, Agents(agent), customers)


async def ride(weather: Weather, keep: Path | None) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="ttydesk-bench-") as folder:
        async with storm_over(Path(folder), weather) as storm:
            await storm.run()
            faults = await storm.faults()
            print(f"{storm.customers.written} mails in {len(storm.customers.conversations)} conversations")
            print(f"{len(storm.agents.answers)} answers, {storm.kills} kills")
            print(f"the history ran out {storm.expired} times")
            print(f"{storm.server.ask('state')['published']} notifications")
            print(f"faults that struck: {dict(storm.struck)}")
            print(f"{storm.seconds['storm']:.0f} s of storm, {storm.seconds['all']:.0f} s in all")
            if keep:
                await asyncio.to_thread(keep.write_bytes, storm.log)
            return faults


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", default="0.5,5", help="seconds that a daemon works: least, most")
    parser.add_argument("--longest", type=float, default=3600, help="seconds until the storm ends anyway")
    parser.add_argument("--log", type=Path, help="where to keep what the daemons said")
    options = parser.parse_args()
    least, most = map(float, options.pause.split(","))
    weather = Weather(options.mails, options.seed, (least, most), longest=options.longest)
    faults = asyncio.run(ride(weather, options.log))
    print("\n".join(faults) or "Every mail is there once, and every answer left once.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
