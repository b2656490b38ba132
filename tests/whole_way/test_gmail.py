"""A mailbox at Gmail from its connection to its end, by the real programs.

Google is our own server in a process of its own; nobody sits at a browser, so what it answered is pasted.
"""

import json
import re
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

import pytest
import requests

from tests.whole_way.programs import MAIL, ROOT, Programs, ended, wait

ADDRESS, SALES = "help@lamps.example", "sales@lamps.example"


@dataclass
class Google:
    url: str
    client: dict[str, Any]

    def tell(self, what: str, body: bytes = b"{}", **query: str) -> None:
        answer = requests.post(
            f"{self.url}/__test/{what}", body, params={"address": ADDRESS} | query, timeout=10
        )
        assert answer.ok, answer.text

    def deliver(self, name: str, to: str = ADDRESS) -> None:
        self.tell("deliver", MAIL % (name.encode(), name.encode()), address=to)

    def sent(self, sender: str = ADDRESS) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/__test/sent", params={"address": sender}, timeout=10)
        sent: list[dict[str, Any]] = answer.json()["sent"]
        return sent


@pytest.fixture
def google() -> Iterator[Google]:
    command = [sys.executable, "-m", "tests.gmail", "--quota", "0", "--account", ADDRESS, "--account", SALES]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin and server.stdout
        try:
            ready = json.loads(server.stdout.readline())
            yield Google(ready["url"], ready["client"])
        finally:
            server.stdin.close()
            server.wait(60)


@pytest.fixture
def desk(programs: Programs, google: Google) -> Programs:
    """Its settings name the address, and where Google is."""
    (programs.home / "client.json").write_text(json.dumps(google.client))
    with (programs.home / "config.toml").open("a") as config:
        config.write(
            f'signature = "The lamp people"\n[google]\napi_root = "{google.url}"\n'
            'client_file = "client.json"\npoll_seconds = 0.2\n'
        )
    # The sign-in speaks plain HTTP on loopback, and there is no browser here.
    programs.variables |= {
        "TTYDESK_TOKENS": "file",
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
        "DISPLAY": "",
        "WAYLAND_DISPLAY": "",
        "BROWSER": "",
    }
    return programs


def connect(desk: Programs, *words: str, address: str = ADDRESS) -> str:
    """As over SSH: the address is opened elsewhere, and where that ends is pasted."""
    process = desk.start("gmail", "connect", "--address", address, *words)
    assert process.stdin and process.stderr
    for line in process.stderr:
        if found := re.match(rb"http\S+/auth\?\S+", line):
            answer = requests.get(found[0].decode(), allow_redirects=False, timeout=10)
            ran = ended(process, answer.headers["Location"].encode() + b"\n")
            assert ran.code == 0, ran
            return ran.out.decode()
    raise AssertionError(f"It named no address to open: {process.communicate()}")


def subjects(desk: Programs) -> set[str]:
    return {ticket["subject"] for ticket in desk.json("ticket", "list")}


def standing(desk: Programs) -> dict[str, Any]:
    (found,) = desk.json("gmail", "status")
    assert isinstance(found, dict)
    return found


def test_from_the_consent_to_the_first_answer_and_to_the_end(desk: Programs, google: Google) -> None:
    google.deliver("before")
    said = connect(desk)
    assert "Mail that arrives from now on becomes tickets" in said
    assert said.endswith("Now start the daemon: ttydesk sync\n")
    google.deliver("first")

    assert desk.run("sync", "--once").code == 0
    (ticket,) = desk.json("ticket", "list")
    assert (ticket["subject"], ticket["mailbox"]) == ("Lamp first", "help"), "and nothing older"
    number = str(ticket["number"])
    assert desk.run("ticket", "reply", number, "--body", "Try another bulb.", "--grace", "0").code == 0
    assert desk.run("sync", "--once").code == 0
    (answer,) = google.sent()
    mail = message_from_bytes(urlsafe_b64decode(answer["raw"] + "=="), policy=policy.default)
    assert (mail["From"].addresses[0].addr_spec, mail["In-Reply-To"]) == (ADDRESS, "<first@example.com>")
    body = mail.get_body(("plain",))
    assert body and "The lamp people" in body.get_content()
    assert not (desk.home / "mail").exists(), "the Maildir has given way"

    now = standing(desk)
    assert (now["address"], now["connected"], now["token"]["state"]) == (ADDRESS, True, "works")
    assert now["advice"] == "Start one with: ttydesk sync" and now["synced_at"]

    ran = desk.run("gmail", "disconnect", "--revoke")
    assert (ran.code, ran.said) == (0, "")
    assert ran.out.startswith(f"{ADDRESS} is disconnected. Its tickets stay".encode())
    assert not list((desk.home / "tokens").iterdir())
    assert subjects(desk) == {"Lamp first"}
    assert not standing(desk)["connected"]


def test_a_permission_that_is_taken_back_stops_all_and_a_new_one_sets_it_going_again(
    desk: Programs, google: Google
) -> None:
    connect(desk)
    google.deliver("first")
    with desk.daemon():
        wait(lambda: subjects(desk) == {"Lamp first"}, "the first mail is a ticket")
        google.tell("revoke")
        google.deliver("second")
        wait(lambda: standing(desk)["token"]["state"] == "revoked", "it is said that the permission is gone")
        (ticket,) = desk.json("ticket", "list")
        desk.run("ticket", "reply", str(ticket["number"]), "--body", "Wait for it.", "--grace", "0")
        wait(lambda: "taken back or has run out" in standing(desk)["problem"], "it is said why")

        assert "It goes on where it stopped: mail since 20" in connect(desk)
        wait(lambda: subjects(desk) == {"Lamp first", "Lamp second"}, "mail that came meanwhile is a ticket")
        wait(lambda: len(google.sent()) == 1, "the answer that waited has left")
        wait(lambda: standing(desk)["problem"] == "", "nothing is wrong any more", lambda: standing(desk))
    assert len(google.sent()) == 1


def test_a_daemon_that_runs_begins_with_a_new_mailbox_and_takes_up_an_earlier_day(
    desk: Programs, google: Google
) -> None:
    google.deliver("before")
    with desk.daemon():
        assert "The daemon begins with it in a few seconds" in connect(desk)
        google.deliver("first")
        wait(lambda: subjects(desk) == {"Lamp first"}, "a mail is a ticket")
        again = desk.run("gmail", "connect", "--address", ADDRESS, "--since", "2020-01-01")
        assert (again.code, again.said) == (0, ""), "the permission holds, so nobody is asked"
        wait(lambda: subjects(desk) == {"Lamp before", "Lamp first"}, "older mail is a ticket, too")
        assert desk.run("gmail", "disconnect").code == 0
        wait(lambda: standing(desk)["daemon"] is None, "the daemon has left it")
    google.deliver("after")
    assert desk.run("sync", "--once").code == 0
    assert subjects(desk) == {"Lamp before", "Lamp first"}


def test_each_of_several_mailboxes_has_its_department_and_its_answers(desk: Programs, google: Google) -> None:
    connect(desk, "--department", "repairs", "--signature", "The workshop")
    connect(desk, "--department", "sales", "--signature", "The shop", address=SALES)
    google.deliver("broken", to=ADDRESS)
    google.deliver("wanted", to=SALES)
    for address in (ADDRESS, SALES):
        google.deliver("both", to=address)

    assert desk.run("sync", "--once").code == 0
    tickets = {one["subject"]: one for one in desk.json("ticket", "list")}
    assert set(tickets) == {"Lamp broken", "Lamp wanted", "Lamp both"}, "one mail in both is one ticket"
    assert tickets["Lamp broken"]["department"] == "repairs" and tickets["Lamp broken"]["mailbox"] == "help"
    assert tickets["Lamp wanted"]["department"] == "sales" and tickets["Lamp wanted"]["mailbox"] == "sales"
    for subject in ("Lamp broken", "Lamp wanted"):
        number = str(tickets[subject]["number"])
        assert desk.run("ticket", "reply", number, "--body", "Here you are.", "--grace", "0").code == 0
    assert desk.run("sync", "--once").code == 0
    for address, name, team in ((ADDRESS, "broken", "The workshop"), (SALES, "wanted", "The shop")):
        (answer,) = google.sent(address)
        mail = message_from_bytes(urlsafe_b64decode(answer["raw"] + "=="), policy=policy.default)
        assert (mail["From"].addresses[0].addr_spec, mail["In-Reply-To"]) == (
            address,
            f"<{name}@example.com>",
        )
        body = mail.get_body(("plain",))
        assert body and team in body.get_content()
