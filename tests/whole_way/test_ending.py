"""SIGTERM: the daemon ends in order and within ten seconds, whatever it is at, and nothing is lost by it."""

import signal
import time
from collections.abc import Iterator

import pytest

from tests.gmail import GmailServer
from tests.gmail.sample import written
from tests.whole_way.gmail import allowed, make_known
from tests.whole_way.line import Line, Nowhere
from tests.whole_way.programs import Daemon, Programs, wait

ADDRESS = "support@lamps.example"
LIMIT = 10.0


@pytest.fixture
def server() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as server:
        yield server
        server.faults.clear()


def connected(programs: Programs, server: GmailServer, api_root: str | None = None) -> None:
    allowed(programs, server, ADDRESS, api_root)
    make_known(programs.home, ADDRESS)


def ends_soon(daemon: Daemon) -> float:
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(60) == 0, daemon.said
    took = time.monotonic() - began
    assert took < LIMIT, daemon.said
    assert "Traceback" not in daemon.said and "unforeseen" not in daemon.said, daemon.said
    return took


def in_order(daemon: Daemon) -> bool:
    return "The daemon has ended." in daemon.said


def test_while_a_large_mail_is_fetched_slowly(programs: Programs, server: GmailServer) -> None:
    large = written("large", to=ADDRESS) + b"a line of a large mail\r\n" * 1_300_000
    server.mailbox().deliver(large)
    with Line(server.url) as line:
        connected(programs, server, line.url)
        line.pause = 0.05  # some 300 KB a second
        with programs.daemon() as daemon:
            wait(lambda: line.passed > 200_000, "the mail is on its way")
            assert ends_soon(daemon) and in_order(daemon)
            assert line.passed < 10_000_000
        assert programs.json("ticket", "list") == []
        line.pause = 0.0
        with programs.daemon():
            wait(lambda: len(programs.json("ticket", "list")) == 1, "the mail is a ticket")


def test_while_it_waits_before_the_next_attempt(programs: Programs, server: GmailServer) -> None:
    connected(programs, server)
    server.faults.retry_after = 30
    server.faults.share("503", 1.0, ["messages.list", "history.list", "getProfile"])
    with programs.daemon() as daemon:
        wait(lambda: server.calls["getProfile"] or server.calls["messages.list"], "Google was asked")
        assert ends_soon(daemon) and in_order(daemon)


def test_while_an_answer_is_being_sent(programs: Programs, server: GmailServer) -> None:
    """It has five seconds to get away; whether it left is found out by the next life."""
    connected(programs, server)
    server.mailbox().deliver(written("lamp", to=ADDRESS))
    with programs.daemon():
        wait(lambda: len(programs.json("ticket", "list")) == 1, "the mail is a ticket")
    server.faults.nth("messages.send", "delay")
    programs.json("ticket", "reply", "1001", "--body", "Try another bulb.", "--grace", "0")
    with programs.daemon() as daemon:
        wait(lambda: server.calls["messages.send"], "the answer is on its way")
        assert ends_soon(daemon) > 4 and in_order(daemon)
    server.faults.clear()
    programs.variables["TTYDESK_GOOGLE_SETTLING_SECONDS"] = "1"
    with programs.daemon():
        wait(lambda: programs.json("sync", "status")["outbox"]["waiting"] == 0, "it is known to have left")
    assert len(server.mailbox().sent) == 1


def test_while_it_waits_for_units_of_the_quota(programs: Programs, server: GmailServer) -> None:
    for number in range(12):
        server.mailbox().deliver(written(f"{number}", to=ADDRESS, subject=f"Lamp {number}"))
    connected(programs, server)
    programs.variables["TTYDESK_GOOGLE_UNITS_A_MINUTE"] = "30"
    with programs.daemon() as daemon:
        wait(lambda: server.calls["messages.list"], "Google was asked")
        time.sleep(1)
        assert ends_soon(daemon) and in_order(daemon)


def test_while_it_listens_to_pubsub(programs: Programs, server: GmailServer) -> None:
    connected(programs, server)
    with Line(server.url) as line:
        line.stand_still()
        programs.variables |= {
            "TTYDESK_GOOGLE_PUBSUB_ROOT": line.url,
            "TTYDESK_GOOGLE_SUBSCRIPTION": "projects/desk/subscriptions/mail",
        }
        with programs.daemon() as daemon:
            wait(lambda: line._open, "it listens")
            assert ends_soon(daemon) and in_order(daemon)


def test_while_google_cannot_be_reached(programs: Programs, server: GmailServer) -> None:
    with Nowhere() as nowhere:
        connected(programs, server, nowhere.url)
        with programs.daemon() as daemon:
            time.sleep(2)
            ends_soon(daemon)


def test_while_the_database_stands_still(programs: Programs) -> None:
    programs.json("mail", "ingest", stdin=b"Subject: Lamp\nFrom: j@example.com\n\nDark.\n")
    with programs.daemon(), Line(str(programs.home / "postgres/.s.PGSQL.5432")) as line:
        other = Programs(programs.home / "other", dict(programs.variables))
        other.home.mkdir()
        address = f"postgresql://ttydesk@127.0.0.1:{line.port}/ttydesk?sslmode=disable&gssencmode=disable"
        other.variables["TTYDESK_DATABASE_URL"] = address
        with other.daemon() as daemon:
            time.sleep(1)
            line.stand_still()
            time.sleep(2)
            ends_soon(daemon)


def test_while_the_database_is_away(programs: Programs) -> None:
    programs.json("mail", "ingest", stdin=b"Subject: Lamp\nFrom: j@example.com\n\nDark.\n")
    with programs.daemon():
        line = Line(str(programs.home / "postgres/.s.PGSQL.5432"))
        other = Programs(programs.home / "other", dict(programs.variables))
        other.home.mkdir()
        address = f"postgresql://ttydesk@127.0.0.1:{line.port}/ttydesk?sslmode=disable&gssencmode=disable"
        other.variables["TTYDESK_DATABASE_URL"] = address
        with other.daemon() as daemon:
            time.sleep(1)
            line.__exit__()
            daemon.until_said("cannot be reached")
            ends_soon(daemon)
        with other.daemon_begun() as daemon:
            daemon.until_said("It is tried again")
            ends_soon(daemon)
