"""web.protocol: what is waited for, and what is not."""

import asyncio
from pathlib import Path

import pytest
from uvicorn.server import ServerState

from core.config import Settings
from web.app import make_closed
from web.protocol import Protocol
from web.server import config_of


class Line(asyncio.Transport):
    """One on which nothing comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        pass


@pytest.fixture
async def protocol(tmp_path: Path) -> Protocol:
    settings = Settings(home=tmp_path)
    config = config_of(settings, make_closed(settings))
    config.load()
    return Protocol(config, ServerState(), {})


async def test_only_a_head_is_waited_for(protocol: Protocol) -> None:
    line = Line()
    protocol.connection_made(line)
    assert protocol._late
    protocol.data_received(b"POST /health HTTP/1.1\r\nHost: help")
    waits = protocol._late
    assert waits
    protocol.data_received(b".example.com\r\nContent-Length: 5\r\n\r\n")
    assert waits.cancelled() and protocol._late is None, "the answer may take as long as it takes"
    protocol.data_received(b"hello")
    assert protocol._late is None
    protocol.connection_lost(None)


async def test_the_time_does_not_begin_anew_with_every_letter(protocol: Protocol) -> None:
    line = Line()
    protocol.connection_made(line)
    begun = protocol._late
    protocol.data_received(b"GET /health")
    protocol.data_received(b" HTTP/1.1\r\n")
    assert begun and protocol._late is begun
    protocol.connection_lost(None)
    assert begun.cancelled()
