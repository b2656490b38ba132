"""The doctor's way to Google where there is no answer, or one that is not Google's."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from typing import Any

import httplib2
import pytest

from sync.auth import Grant, TokenStore
from sync.doctor_call import Line
from sync.doctor_finding import Result, Told, Verdict
from tests.sync.clinic import ADDRESS, Clinic


def told(line: Line, url: str) -> Verdict:
    with pytest.raises(Told) as caught:
        line.post(url, {"grant_type": "refresh_token"})
    return caught.value.verdict


@pytest.fixture
def line() -> Line:
    return Line(lambda: datetime.now(UTC), seconds=30)


@contextmanager
def listening() -> Iterator[str]:
    """A server that takes a call and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


def test_silence_is_told_once_and_not_waited_for_again() -> None:
    line = Line(lambda: datetime.now(UTC), seconds=0.3)
    with listening() as url:
        verdict = told(line, f"{url}/token")
        assert verdict.result is Result.FAILED and "did not answer within 0 seconds" in verdict.said
        assert told(line, f"{url}/other") == Verdict(Result.UNKNOWN, "127.0.0.1 did not answer before.")


def test_nobody_listens(line: Line) -> None:
    with listening() as url:
        pass
    verdict = told(line, url)
    assert verdict.said == "127.0.0.1 cannot be reached: connection refused." and "network" in verdict.advice


def test_a_name_that_is_not_found(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: object, **more: object) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    verdict = told(line, "https://oauth2.googleapis.com/token")
    assert verdict.said == "The name oauth2.googleapis.com is not found." and "DNS" in verdict.advice


def test_a_certificate_that_is_not_accepted(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object, **more: object) -> Any:
        raise ssl.SSLCertVerificationError("certificate is not yet valid")

    monkeypatch.setattr(httplib2.HTTPSConnectionWithTimeout, "connect", refused)
    verdict = told(line, "https://oauth2.googleapis.com/token")
    assert "certificate" in verdict.said and "clock" in verdict.advice


def test_the_portal_of_a_network_is_not_google(line: Line) -> None:
    class Portal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            page = b"<html>Please accept our terms</html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Portal) as server:
        Thread(target=server.handle_request, daemon=True).start()
        verdict = told(line, f"http://127.0.0.1:{server.server_address[1]}/token")
    assert verdict.result is Result.FAILED and "was not Google (200)" in verdict.said


@pytest.mark.parametrize("fault", ["cut_before", "cut_during", "malformed"])
async def test_a_line_that_breaks_is_a_finding(clinic: Clinic, fault: Any) -> None:
    clinic.server.faults.share(fault, 1.0, ["getProfile"])
    found = await clinic.finding("gmail")
    assert found.result is Result.FAILED and "127.0.0.1" in found.said
    assert (await clinic.finding("history")).said == "It takes an answer of Gmail's to tell."


async def test_a_server_that_fell_silent_is_not_asked_for_more(clinic: Clinic) -> None:
    clinic.server.faults.share("cut_before", 1.0, ["history.list"])
    await clinic.service.save_watch(clinic.known.id, None)
    found = {one.check: one for one in await clinic.diagnose() if one.about == ADDRESS}
    assert found["history"].result is Result.FAILED
    assert found["subscription"].said == found["topic"].said == "127.0.0.1 did not answer before."


async def test_what_hangs_is_left(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    never = Event()

    def hang(self: object, address: str) -> Grant | None:
        never.wait(30)
        return None

    monkeypatch.setattr(TokenStore, "load", hang)
    found = await clinic.diagnose(patience=0.2)
    never.set()
    assert [(one.check, one.result) for one in found if one.about == ADDRESS] == [("the rest", Result.FAILED)]
    assert any(one.about == "support@example.com" for one in found)
