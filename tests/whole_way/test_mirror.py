"""What a Gmail account shows of the desk, and what the desk knows of the account, by the real programs, which
are killed at any moment.
"""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.gmail import GmailServer, Mailbox
from tests.sync.account import written
from tests.whole_way.gmail import allowed, make_known
from tests.whole_way.programs import Programs, wait

ADDRESS = "help@lamps.example"
COUNT = 30
STATUSES = ("open", "pending", "resolved", "closed")


@pytest.fixture
def google() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as google:
        yield google


@pytest.fixture
def desk(programs: Programs, google: GmailServer) -> Programs:
    allowed(programs, google, ADDRESS)
    make_known(programs.home, ADDRESS)
    return programs


@pytest.fixture
def box(google: GmailServer) -> Mailbox:
    return google.mailbox(ADDRESS)


def shown(box: Mailbox) -> dict[str, set[str]]:
    """Our labels on each mail, by its subject."""
    return {
        message.envelope.subject: {name for name in box.labels_of(message.id) if name.startswith("ttydesk/")}
        for message in box.messages
    }


def wanted(desk: Programs) -> dict[str, set[str]]:
    tickets = desk.json("ticket", "list", "--limit", str(COUNT))
    return {one["subject"]: {f"ttydesk/{one['status'].capitalize()}"} for one in tickets}


def deliver(box: Mailbox, name: str, *labels: str, age: timedelta = timedelta(0)) -> str:
    at = int((datetime.now(UTC) - age).timestamp() * 1000)
    raw = written(name, subject=name, to=ADDRESS)
    return box.deliver(raw, labels or ("INBOX", "UNREAD"), internal_date=at).id


def test_labels_follow_the_desk_through_the_deaths_of_its_daemon(desk: Programs, box: Mailbox) -> None:
    dice = random.Random(5)
    for number in range(COUNT):
        deliver(box, f"question-{number}")
    for _ in range(6):
        process = desk.start("sync", stdout=None, stderr=None)
        try:
            time.sleep(dice.uniform(0.8, 2.5))  # it dies at whatever it is at
        finally:
            process.kill()
            process.communicate()
        numbers = [str(one["number"]) for one in desk.json("ticket", "list", "--limit", str(COUNT))]
        if some := dice.sample(numbers, len(numbers) // 3):
            desk.run("ticket", "update", *some, "--status", dice.choice(STATUSES))
    with desk.daemon():
        wait(
            lambda: len(wanted(desk)) == COUNT and shown(box) == wanted(desk),
            "Gmail shows every status",
            lambda: (shown(box), wanted(desk)),
        )
        answered = box.messages[0].envelope.subject
        (ticket,) = (
            one for one in desk.json("ticket", "list", "--limit", "99") if one["subject"] == answered
        )
        desk.run("ticket", "reply", str(ticket["number"]), "--body", "Try another bulb.", "--grace", "0")
        wait(lambda: shown(box).get(f"Re: {answered}") == {"ttydesk/Pending"}, "the answer has it, too")
    names = [label.name for label in box.labels if not label.is_system]
    assert len(names) == len(set(map(str.lower, names))), "no label was made twice"
    assert desk.nothing_is_lost() == COUNT


def test_every_difference_is_named_and_made_good(desk: Programs, box: Mailbox) -> None:
    deliver(box, "kept")
    gone = deliver(box, "gone")
    deliver(box, "spam", "SPAM")
    assert desk.run("sync", "--once").code == 0
    assert [one["subject"] for one in desk.json("ticket", "list", "--view", "spam")] == ["spam"]
    box.delete([gone])
    late = deliver(box, "late")
    ran = desk.run("mail", "verify")
    assert (ran.code, ran.said.startswith("Not every mail is accounted for.")) == (1, True)
    said = ran.out.decode()
    assert f"1 waiting in {ADDRESS}:\n  {late}" in said
    assert f"1 taken in and no longer in {ADDRESS}:\n  {gone}" in said

    assert desk.run("sync", "--once").code == 0
    # What was taken in before does not count as waiting, though it is as old as what the cursor has passed.
    old = deliver(box, "old", age=timedelta(days=20))
    box.expire_history()
    assert desk.run("sync", "--once").code == 0, (
        "the resync looks at what came lately, and passes the old one"
    )
    found = desk.run("mail", "verify", "--since", "2026-01-02", "--json")
    assert found.code == 1 and old in found.out.decode()
    assert desk.json("mail", "verify", "--repair")["mailboxes"][0]["missing"] == []
    assert desk.nothing_is_lost() == 5
    assert {one["subject"] for one in desk.json("ticket", "list")} == {"kept", "gone", "late", "old"}


def test_the_daemon_finds_by_itself_what_was_overlooked(desk: Programs, box: Mailbox) -> None:
    deliver(box, "kept")
    assert desk.run("sync", "--once").code == 0
    deliver(box, "overlooked", age=timedelta(days=20))
    box.expire_history()
    with desk.daemon():
        wait(lambda: len(desk.json("ticket", "list")) == 2, "it was taken in")
        (status,) = desk.json("gmail", "status")
        assert (status["verified"]["missing"], status["verified"]["checked"]) == (1, 2)
        assert "verified" in desk.run("sync", "status").out.decode()
