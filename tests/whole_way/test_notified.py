"""New mail wakes the real daemon, which would look for itself only an hour later."""

import asyncio
import time
from collections.abc import Iterator

import psycopg
import pytest

from core.config import Settings
from core.connect import open_desk
from tests.gmail import GmailServer
from tests.gmail.sample import written
from tests.peers.pubsub import SUBSCRIPTION, TOPIC, pubsub
from tests.whole_way.gmail import allowed, make_known
from tests.whole_way.programs import Programs, wait

ADDRESS = "support@lamps.example"


@pytest.fixture
def server() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as server:
        yield server


@pytest.fixture
def patient(programs: Programs, server: GmailServer) -> Programs:
    """Programs whose daemon looks once an hour."""
    allowed(programs, server, ADDRESS)
    make_known(programs.home, ADDRESS)
    programs.variables["TTYDESK_GOOGLE_POLL_SECONDS"] = "3600"
    return programs


def known(programs: Programs, query: str) -> object:
    """What the database says: a program for each question would take longer than what is waited for."""
    server = f"host={programs.home / 'postgres'} port=5432 user=ttydesk dbname=ttydesk"
    with psycopg.connect(server) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


SUBJECTS = "select coalesce(array_agg(subject order by number), '{}') from desk.tickets"
WATCHED = "select watched_until from desk.mailboxes where kind = 'gmail'"
CURSOR = "select split_part(cursor, ' ', 1) from desk.mailboxes where kind = 'gmail'"


def test_by_pubsub(patient: Programs, server: GmailServer) -> None:
    with pubsub() as root:
        server.notices.publish_to(root)
        patient.variables |= {
            "TTYDESK_GOOGLE_TOPIC": TOPIC,
            "TTYDESK_GOOGLE_SUBSCRIPTION": SUBSCRIPTION,
            "TTYDESK_GOOGLE_PUBSUB_ROOT": root,
        }
        with patient.daemon():
            wait(lambda: known(patient, WATCHED), "Gmail was asked to tell of new mail")
            assert server.calls["watch"] == 1
            server.mailbox().deliver(written("one", "one", to=ADDRESS))
            wait(lambda: known(patient, SUBJECTS) == ["one"], "the mail is a ticket")
            server.mailbox().deliver(written("two", "two", to=ADDRESS))
            wait(lambda: known(patient, SUBJECTS) == ["one", "two"], "the second mail is a ticket")
            reached = str(server.mailbox().history_id)
            wait(lambda: known(patient, CURSOR) == reached, "all of it is stored")
        assert server.notices.failures == []


def test_by_whoever_hears_of_it(patient: Programs, server: GmailServer) -> None:
    """As the web server will, where Google pushes: by the database, from any machine."""

    async def wake() -> None:
        settings = Settings(home=patient.home, agent="ada@lamps.example")
        async with open_desk(settings, service=True) as desk:
            assert await desk.wake_mailbox(ADDRESS)

    with patient.daemon():
        wait(lambda: known(patient, CURSOR), "it looked once")
        server.mailbox().deliver(written("one", "one", to=ADDRESS))
        looked = server.calls["history.list"]
        time.sleep(2)
        assert known(patient, SUBJECTS) == [] and server.calls["history.list"] == looked
        asyncio.run(wake())
        wait(lambda: known(patient, SUBJECTS) == ["one"], "the mail is a ticket")
