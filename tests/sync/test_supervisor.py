"""sync.supervisor with a clock of its own: failures are told once, pauses grow, the other parts go on."""

import asyncio
import logging

import pytest

from core.errors import StorageFailed, Unreachable
from sync.supervisor import Pulse, Round, Supervisor, progress


class Fast(Supervisor):
    """Notes its pauses instead of waiting; ends after so many of them."""

    def __init__(self, pauses: int) -> None:
        self.stop = asyncio.Event()
        self.told: list[tuple[str, str]] = []
        self.pauses: list[float] = []
        self.most = pauses
        super().__init__(self.stop, lambda name, problem: self.told.append((name, problem)))

    async def sleep(self, seconds: float, bell: asyncio.Event | None = None) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == self.most:
            self.stop.set()
        await asyncio.sleep(0)


async def turns() -> None:
    """Let the others do all that they can do without waiting, however slow the machine is."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_work_is_done_again_after_the_pause_it_asks_for() -> None:
    supervisor = Fast(3)

    async def work() -> Round:
        return Round(0.25)

    await supervisor.keep("intake", work)
    assert supervisor.pauses == [0.25, 0.25, 0.25]


async def test_pauses_grow_while_it_fails_and_shrink_with_the_first_success() -> None:
    supervisor = Fast(9)
    outcomes = [StorageFailed("Away.", hint="Wait.")] * 7 + [None, StorageFailed("Away.")]

    async def work() -> Round:
        if error := outcomes.pop(0):
            raise error
        return Round(1.0)

    await supervisor.keep("intake", work)
    assert supervisor.pauses == [0.5, 1, 2, 4, 8, 10, 10, 1.0, 0.5]
    assert supervisor.told[0] == ("intake", "Away. Wait.")
    assert supervisor.told[7] == ("intake", "")


async def test_an_unforeseen_fault_is_logged_and_work_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    supervisor = Fast(2)

    async def work() -> Round:
        raise ZeroDivisionError("from a mail")

    with caplog.at_level(logging.ERROR):
        await supervisor.keep("outbox", work)
    assert supervisor.told[0] == (
        "outbox",
        "An unforeseen fault (ZeroDivisionError); the log says where it happened.",
    )
    assert "ZeroDivisionError" in caplog.text


async def test_a_part_that_fails_does_not_hold_up_the_others() -> None:
    supervisor = Fast(10)
    done = 0

    async def failing() -> Round:
        raise StorageFailed("Away.")

    async def working() -> Round:
        nonlocal done
        done += 1
        return Round(0.25)

    await asyncio.gather(supervisor.keep("intake", failing), supervisor.keep("outbox", working))
    assert done >= 4


async def test_the_end_is_not_waited_for() -> None:
    stop = asyncio.Event()
    supervisor = Supervisor(stop, lambda name, problem: None)
    waiting = asyncio.create_task(supervisor.sleep(3600))
    await asyncio.sleep(0)
    stop.set()
    await waiting


async def test_a_bell_ends_a_pause_and_is_not_missed_while_work_is_done() -> None:
    stop, bell = asyncio.Event(), asyncio.Event()
    supervisor = Supervisor(stop, lambda name, problem: None)
    rounds = 0

    async def work() -> Round:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            bell.set()  # somebody rings in the middle of it
        if rounds == 3:
            stop.set()
        return Round(3600)

    keeping = asyncio.create_task(supervisor.keep("intake", work, bell))
    await turns()
    assert rounds == 2
    bell.set()
    async with asyncio.timeout(60):
        await keeping
    assert rounds == 3


async def test_a_bell_does_not_hurry_what_fails() -> None:
    supervisor, bell = Fast(3), asyncio.Event()

    async def work() -> Round:
        bell.set()
        raise StorageFailed("Away.")

    await supervisor.keep("intake", work, bell)
    assert supervisor.pauses == [0.5, 1, 2]


async def test_what_is_broken_off_at_the_end_is_no_problem() -> None:
    supervisor = Fast(10)

    async def work() -> Round:
        supervisor.stop.set()
        raise Unreachable("It was broken off.")

    await supervisor.keep("intake", work)
    assert supervisor.told == []


async def test_a_part_that_rests_is_well_and_one_that_gets_on_too() -> None:
    now = 0.0
    pulse = Pulse(lambda: now)
    stop = asyncio.Event()
    supervisor = Supervisor(stop, lambda name, problem: None, pulse)
    gate = asyncio.Event()

    async def work() -> Round:
        await gate.wait()
        gate.clear()
        progress()
        await gate.wait()
        return Round(3600)

    keeping = asyncio.create_task(supervisor.keep("intake", work))
    await turns()
    now = 700.0
    assert pulse.stuck(600) == ["intake"]
    gate.set()
    await turns()
    assert pulse.stuck(600) == []
    gate.set()
    await turns()
    now = 10_000.0
    assert pulse.stuck(600) == [], "it waits for its next round"
    stop.set()
    await keeping
