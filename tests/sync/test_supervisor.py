"""sync.supervisor with a clock of its own: failures are told once, pauses grow, the other parts go on."""

import asyncio
import logging

import pytest

from core.errors import StorageFailed
from sync.supervisor import Round, Supervisor


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
