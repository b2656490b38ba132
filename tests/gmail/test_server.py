"""The server as a process of its own, and by many threads at once."""

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from google.oauth2.credentials import Credentials
from googleapiclient import discovery

from tests.gmail import GmailServer
from tests.gmail.route import document_for
from tests.gmail.sample import encoded, raw_of, refusal, written

ROOT = Path(__file__).parent.parent.parent


class Process:
    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, name: str, data: object = None, **query: Any) -> dict[str, Any]:
        body = data if isinstance(data, bytes) else json.dumps(data or {}).encode()
        answer = requests.post(f"{self.url}/__test/{name}", body, params=query, timeout=10)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, name: str, **query: Any) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.url}/__test/{name}", query, timeout=10).json()
        return found


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    command = [sys.executable, "-m", "tests.gmail", "--port", "0", "--quota", "0"]
    command += ["--account", "support@example.com"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin and server.stdout
        yield Process(json.loads(server.stdout.readline())["url"])
        server.stdin.close()
        assert server.wait(60) == 0


@pytest.fixture
def users_there(process: Process) -> Iterator[Any]:
    token = process.post("grant", address="support@example.com")["access_token"]
    credentials = Credentials(token)  # type: ignore[no-untyped-call]
    service = discovery.build_from_document(document_for(process.url), credentials=credentials)
    yield service.users()
    service.close()


def test_a_bench_delivers_and_reads_by_the_control(process: Process, users_there: Any) -> None:
    made = process.post("deliver", written("a"), address="support@example.com", labels="SPAM", date=5_000)
    got = users_there.messages().get(userId="me", id=made["id"], format="raw").execute()
    assert raw_of(got) == written("a") and got["internalDate"] == "5000" and got["labelIds"] == ["SPAM"]
    body = encoded(written("sent", to="kim@example.net"))
    sent = users_there.messages().send(userId="me", body=body).execute()
    (found,) = process.get("sent", address="support@example.com")["sent"]
    assert found["id"] == sent["id"] and found["messageId"] == "<sent@example.net>"
    assert b"kim@example.net" in base64.urlsafe_b64decode(found["raw"])
    process.post("modify", {"ids": [made["id"]], "add": ["STARRED"]}, address="support@example.com")
    messages = process.get("messages", address="support@example.com")["messages"]
    assert {one["id"]: one["labelIds"] for one in messages}[made["id"]] == ["SPAM", "STARRED"]
    many = {"mails": [encoded(written(name))["raw"] for name in "xyz"]}
    ids = process.post("deliver_all", many, address="support@example.com")["ids"]
    listed = users_there.messages().list(userId="me", q="rfc822msgid:y@example.net").execute()["messages"]
    assert [one["id"] for one in listed] == [ids[1]]
    assert "raw" not in process.get("sent", address="support@example.com", raw="no")["sent"][0]
    assert process.get("state")["complaints"] == []


def test_a_bench_sets_faults_clock_habits_and_quota(process: Process, users_there: Any) -> None:
    profile = users_there.getProfile(userId="me")
    process.post("faults", {"share": [["503", 1.0, ["getProfile"]]]})
    assert refusal(profile) == (503, "backendError")
    process.post("faults", {"clear": True, "nth": [["getProfile", "429", 1]], "retry_after": 3})
    assert refusal(profile) == (429, "rateLimitExceeded")
    start = profile.execute()["historyId"]
    process.post("expire", address="support@example.com")
    history = users_there.history().list(userId="me", startHistoryId=start)
    assert refusal(history) == (404, "notFound")
    process.post("habits", {"message_ids": "replaced"})
    process.post("quota", {"limit": 0})
    assert refusal(profile) == (429, "rateLimitExceeded")
    process.post("quota", {"limit": None})
    before = process.get("state")["now"]
    assert process.post("clock", {"advance": 100})["now"] >= before + 100
    process.post("notices", {"dropped": 0.5, "most_per_second": 1, "flush": True})
    process.post("consent", {"granted": False, "scopes": []})
    assert process.get("state")["struck"] == {"getProfile 503": 1, "getProfile 429": 1}


def test_a_control_that_is_not_there_says_so(process: Process) -> None:
    assert requests.get(f"{process.url}/__test/nothing", timeout=10).status_code == 404
    wrong = requests.post(f"{process.url}/__test/habits", json={"no_such": 1}, timeout=10)
    assert wrong.status_code == 400 and "no_such" in wrong.json()["error"]


def test_many_threads_lose_and_double_nothing(server: GmailServer) -> None:
    """Half deliver, half send; every history record is there once and in order."""
    mailbox, start = server.mailbox(), server.mailbox().history_id
    failures: list[BaseException] = []

    def work(at: int) -> None:
        try:
            service = server.service()
            for n in range(10):
                raw = written(f"{at}-{n}", to="kim@example.net")
                if at % 2:
                    service.users().messages().send(userId="me", body=encoded(raw)).execute()
                else:
                    mailbox.deliver(raw)
            service.close()
        except Exception as error:  # noqa: BLE001 - it is looked at where the threads end
            failures.append(error)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    names = {f"<{at}-{n}@example.net>" for at in range(6) for n in range(10)}
    assert {one.message_id for one in mailbox.messages} == names and len(mailbox.messages) == 60
    assert len(mailbox.sent) == 30
    service = server.service()
    answer = service.users().history().list(userId="me", startHistoryId=str(start), maxResults=500).execute()
    service.close()
    ids = [int(record["id"]) for record in answer["history"]]
    assert len(ids) == 60 and ids == sorted(set(ids)) and answer["historyId"] == str(ids[-1])


def test_closing_ends_what_is_under_way() -> None:
    with GmailServer() as server:
        server.faults.nth("getProfile", "delay")
        service = server.service()
        ended = threading.Event()

        def ask() -> None:
            service.users().getProfile(userId="me").execute()
            ended.set()

        thread = threading.Thread(target=ask)
        thread.start()
        while not server.calls["getProfile"]:
            assert not ended.wait(0.01)
    assert ended.wait(60)
    thread.join()
    service.close()
