"""sync.lane: calls one after the other in a thread of their own, which nobody has to wait for."""

import asyncio
import threading
import time

import pytest

from core.errors import NotFound
from sync.lane import Lane


async def test_calls_are_made_one_after_the_other_in_one_thread() -> None:
    lane = Lane("test")
    answers = await asyncio.gather(*(lane.do(lambda n: (n, threading.get_ident()), n) for n in range(20)))
    assert [n for n, _ in answers] == list(range(20))
    assert len({thread for _, thread in answers} - {threading.get_ident()}) == 1
    assert await lane.close(5)


async def test_what_a_call_raises_is_raised() -> None:
    lane = Lane("test")

    def fail() -> None:
        raise NotFound("It is gone.")

    with pytest.raises(NotFound, match="It is gone"):
        await lane.do(fail)
    assert await lane.do(int) == 0
    assert await lane.close(5)


async def test_one_that_does_not_end_is_left_behind() -> None:
    lane, stuck = Lane("test"), threading.Event()
    waiting = asyncio.create_task(lane.do(stuck.wait))
    await asyncio.sleep(0.01)
    began = time.monotonic()
    assert not await lane.close(0.1)
    assert time.monotonic() - began < 5
    stuck.set()
    assert await waiting


async def test_a_call_nobody_waits_for_any_more_is_not_begun() -> None:
    lane, stuck, made = Lane("test"), threading.Event(), []
    first = asyncio.create_task(lane.do(stuck.wait))
    second = asyncio.create_task(lane.do(made.append, 1))
    await asyncio.sleep(0)  # both are begun: the calls are in the lane
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    stuck.set()
    await first
    assert await lane.close(5)
    assert made == []


async def test_one_that_was_never_used_is_closed_at_once() -> None:
    assert await Lane("test").close(0)
