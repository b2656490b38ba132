"""Messages over a socket pair: whole, in order, however large."""

import asyncio
import json
import socket
from collections.abc import Iterator

import pytest

from core.frames import Frames, framed

LARGE = "ü" * 1_000_000
"""More than a socket takes at once."""


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


async def test_they_come_whole_and_in_order(ends: tuple[socket.socket, socket.socket]) -> None:
    here, there = map(Frames, ends)
    for message in (1, LARGE, [], "last"):
        here.send(json.dumps(message).encode())
    async with asyncio.timeout(60):
        assert [await there.receive() for _ in range(4)] == [1, LARGE, [], "last"]


async def test_the_end_is_none_and_what_is_sent_then_goes_nowhere(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    here = Frames(ends[0])
    here.send(json.dumps(LARGE).encode())
    ends[1].close()
    here.send(b"2")
    async with asyncio.timeout(60):
        assert await here.receive() is None


async def test_half_a_message_is_none(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].send(framed(b'"whole"') + framed(b'"cut off"')[:-1])
    ends[1].close()
    here = Frames(ends[0])
    async with asyncio.timeout(60):
        assert [await here.receive() for _ in range(2)] == ["whole", None]
