"""Two daemons on one database, each with a home of its own, as on two machines."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.embedded import Embedded
from tests.gmail import GmailServer
from tests.gmail.sample import written
from tests.whole_way.gmail import allowed, make_known
from tests.whole_way.programs import Daemon, Programs, wait

SALES, SUPPORT = "sales@lamps.example", "support@lamps.example"


@pytest.fixture
def server() -> Iterator[GmailServer]:
    with GmailServer(SUPPORT, SALES, quota=None) as server:
        yield server


@pytest.fixture
def other(programs: Programs) -> Iterator[Programs]:
    """A second home on the database of the first one, whose server does not end with a daemon of it."""
    home = programs.home / "other"
    home.mkdir()
    (home / "config.toml").write_text('agent = "ada@lamps.example"\n')
    variables = {"TTYDESK_DATABASE_URL": conninfo(programs.home)}
    with Embedded(programs.home):
        yield Programs(home, variables)
    wait(lambda: not programs.servers(), "the last process of the server ended")


def conninfo(home: Path) -> str:
    return f"host={home / 'postgres'} port=5432 user=ttydesk dbname=ttydesk"


def leases_end(home: Path) -> None:
    """As if a minute, and the two minutes of a claim, had gone by."""
    with psycopg.connect(conninfo(home)) as connection:
        connection.execute("update desk.mailboxes set leased_until = now() where leased_by is not null")
        connection.execute("update desk.outbox set leased_until = now() where state = 'sending'")


@contextmanager
def begun(programs: Programs) -> Iterator[Daemon]:
    """A daemon that may be killed."""
    log = programs.home / "daemon.log"
    with log.open("wb") as said:
        process = programs.start("sync", stdout=said, stderr=said)
    daemon = Daemon(process, log)
    try:
        daemon.until_said("works on")
        yield daemon
    finally:
        process.kill()
        process.communicate()


def status(programs: Programs) -> Any:
    return programs.json("sync", "status")


def held(programs: Programs) -> dict[str, bool]:
    """Of each mailbox at Gmail that is worked on, whether it is this home's daemon that does."""
    boxes = [box for box in status(programs)["mailboxes"] if box["kind"] == "gmail" and box["held_by"]]
    return {box["address"]: box["is_ours"] for box in boxes}


def subjects(programs: Programs) -> list[str]:
    return sorted(ticket["subject"] for ticket in programs.json("ticket", "list", "--limit", "500"))


def test_each_mail_is_taken_in_once_and_a_killed_daemon_is_replaced(
    programs: Programs, other: Programs, server: GmailServer
) -> None:
    for home in (programs, other):
        for address in (SUPPORT, SALES):
            allowed(home, server, address)
    make_known(programs.home, SUPPORT, SALES)
    expected = []
    with begun(programs) as first, begun(other) as second:
        for number in range(20):
            for address in (SUPPORT, SALES):
                expected.append(f"{address} {number}")
                server.mailbox(address).deliver(written(f"{address}{number}", expected[-1], to=address))
        wait(lambda: subjects(programs) == sorted(expected), "every mail is a ticket, and one")
        assert len(held(programs)) == 2
        assert {name: not ours for name, ours in held(other).items()} == held(programs)
        assert [one["is_alive"] for one in status(programs)["daemons"]] == [True, True]

        first.process.kill()
        first.process.wait()
        server.mailbox(SUPPORT).deliver(written("late", "late", to=SUPPORT))
        programs.json("ticket", "reply", "1001", "--body", "Try another bulb.", "--grace", "0")
        leases_end(programs.home)
        wait(lambda: held(other) == {SUPPORT: True, SALES: True}, "the other one has taken over")
        wait(lambda: subjects(other) == sorted([*expected, "late"]), "the late mail is a ticket")
        wait(lambda: status(other)["outbox"]["waiting"] == 0, "the answer has left")
        assert not [one for one in status(programs)["daemons"] if one["is_here"] and one["is_alive"]]
        assert second.process.poll() is None
    assert sum(len(server.mailbox(address).sent) for address in (SUPPORT, SALES)) == 1


def test_one_that_stood_still_does_nothing_twice_when_it_wakes(
    programs: Programs, other: Programs, server: GmailServer
) -> None:
    for home in (programs, other):
        allowed(home, server, SUPPORT)
    make_known(programs.home, SUPPORT)
    server.mailbox(SUPPORT).deliver(written("one", "one", to=SUPPORT))
    with begun(programs) as first, begun(other):
        wait(lambda: subjects(programs) == ["one"], "the mail is a ticket")
        os.kill(first.process.pid, signal.SIGSTOP)
        leases_end(programs.home)
        server.mailbox(SUPPORT).deliver(written("two", "two", to=SUPPORT))
        other.json("ticket", "reply", "1001", "--body", "Try another bulb.", "--grace", "0")
        wait(lambda: len(server.mailbox(SUPPORT).sent) == 1, "the other one sent the answer")
        wait(lambda: subjects(other) == ["one", "two"], "the other one took the mail in")
        os.kill(first.process.pid, signal.SIGCONT)
        server.mailbox(SUPPORT).deliver(written("three", "three", to=SUPPORT))
        other.json("ticket", "reply", "1001", "--body", "And a new lamp.", "--grace", "0")
        wait(lambda: subjects(other) == ["one", "three", "two"], "the third mail is a ticket")
        wait(lambda: len(server.mailbox(SUPPORT).sent) == 2, "the second answer left")
        assert held(other) == {SUPPORT: True}


def test_a_maildir_belongs_to_the_machine_that_has_the_folder(programs: Programs, other: Programs) -> None:
    with begun(programs) as first:
        programs.deliver("one")
        wait(lambda: subjects(programs) == ["Lamp one"], "the mail is a ticket")
        with begun(other) as second:
            (box,) = status(other)["mailboxes"]
            assert (box["address"], box["is_ours"]) == ("help@lamps.example", False), "its settings stay"
            first.process.kill()
            first.process.wait()
            leases_end(programs.home)
            second.until_said("works on")
            programs.deliver("two")
            wait(lambda: len(status(other)["daemons"]) == 2, "the second one says that it lives")
            (box,) = status(other)["mailboxes"]
            assert (box["held_by"], box["problem"]) == (None, None)
            assert not (other.home / "mail").exists()
            with begun(programs):
                wait(lambda: subjects(programs) == ["Lamp one", "Lamp two"], "it goes on where the folder is")
