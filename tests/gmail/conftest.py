"""A server whose clock stands, and the real client pointed at it."""

import http.client
from collections.abc import Iterator
from typing import Any

import httplib2
import pytest

from tests.gmail import Clock, GmailServer, Mailbox


@pytest.fixture(autouse=True)
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left alone, httplib2 says everything again when the line is cut, whatever its RETRIES are."""

    def getresponse(self: http.client.HTTPConnection) -> http.client.HTTPResponse:
        try:
            return http.client.HTTPConnection.getresponse(self)
        except http.client.BadStatusLine as error:
            raise ConnectionResetError(str(error)) from None

    monkeypatch.setattr(httplib2, "RETRIES", 1)
    monkeypatch.setattr(httplib2.HTTPConnectionWithTimeout, "getresponse", getresponse, raising=False)


@pytest.fixture
def clock() -> Clock:
    return Clock(1_790_000_000.0)


@pytest.fixture
def server(clock: Clock) -> Iterator[GmailServer]:
    with GmailServer("support@example.com", "sales@example.com", clock=clock, quota=None) as server:
        yield server


@pytest.fixture
def mailbox(server: GmailServer) -> Mailbox:
    return server.mailbox()


@pytest.fixture
def service(server: GmailServer) -> Iterator[Any]:
    service = server.service()
    yield service
    service.close()


@pytest.fixture
def users(service: Any) -> Any:
    return service.users()
