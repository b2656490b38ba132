"""`ttydesk web` and `ttydesk up` as people start them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.web.test_server import free_port
from tests.whole_way.programs import Daemon, Programs, wait


@pytest.fixture
def address(programs: Programs) -> str:
    port = free_port()
    programs.variables["TTYDESK_WEB_PORT"] = str(port)
    return f"http://127.0.0.1:{port}"


@contextmanager
def begun(programs: Programs, *words: str) -> Iterator[Daemon]:
    log = programs.home / "daemon.log"
    with log.open("ab") as said:
        process = programs.start(*words, stdout=said, stderr=said)
    try:
        yield Daemon(process, log)
    finally:
        process.kill()
        process.communicate()


def is_well(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=60).json() == {"status": "ok"}
    except (httpx.TransportError, ValueError):
        return False


def ends_in_order(program: Daemon, by: signal.Signals) -> None:
    program.process.send_signal(by)
    assert program.process.wait(60) == 0, program.said
    assert "without waiting" not in program.said and "Traceback" not in program.said, program.said


def test_web_answers_and_ends(programs: Programs, address: str) -> None:
    with begun(programs, "web") as web:
        web.until_said(f"The web server answers at {address}.")
        assert is_well(address)
        assert programs.run("web").refusal.startswith("Port ")
        ends_in_order(web, signal.SIGTERM)


def test_up_answers_takes_mail_in_and_ends(programs: Programs, address: str) -> None:
    with begun(programs, "up") as up:
        up.until_said("The daemon works on a Maildir.")
        programs.deliver("one")
        up.until_said("Mail 1: created.")
        wait(lambda: is_well(address), "the web server answers")
        assert programs.run("sync").refusal.startswith("A daemon works in")
        ends_in_order(up, signal.SIGINT)
    assert "The daemon has ended." in up.said and "The web server has ended." in up.said
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
