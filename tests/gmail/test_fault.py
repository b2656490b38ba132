"""Quota and faults: what the real client gets to see, and what happened behind it."""

import http.client
import json
import time
from collections import Counter
from typing import Any

import httplib2
import pytest
import requests
from googleapiclient.errors import HttpError

from tests.gmail import Clock, GmailServer, Mailbox
from tests.gmail.fault import Faults
from tests.gmail.sample import encoded, refusal, written


def sending(users: Any, name: str = "answer") -> Any:
    raw = written(name, to="kim@example.net", sender="support@example.com")
    return users.messages().send(userId="me", body=encoded(raw))


def test_units_are_counted_by_method(users: Any, server: GmailServer, mailbox: Mailbox) -> None:
    id = mailbox.deliver(written("a")).id
    users.messages().get(userId="me", id=id).execute()
    users.messages().list(userId="me").execute()
    users.messages().modify(userId="me", id=id, body={}).execute()
    users.getProfile(userId="me").execute()
    users.history().list(userId="me", startHistoryId=str(mailbox.history_id)).execute()
    sending(users).execute()
    assert server.quota.used[mailbox.address] == 20 + 5 + 5 + 1 + 2 + 100


@pytest.mark.parametrize(("status", "reason"), [(429, "rateLimitExceeded"), (403, "userRateLimitExceeded")])
@pytest.mark.parametrize("says_when", [True, False])
def test_beyond_the_quota_of_a_minute_calls_are_refused(
    users: Any, server: GmailServer, clock: Clock, status: Any, reason: str, says_when: bool
) -> None:
    server.quota.limit, server.quota.status, server.quota.retry_after = 10, status, says_when
    users.messages().list(userId="me").execute()
    clock.advance(20)
    users.messages().list(userId="me").execute()
    with pytest.raises(HttpError) as error:
        users.getProfile(userId="me").execute()
    assert (error.value.resp.status, error.value.error_details[0]["reason"]) == (status, reason)
    assert error.value.resp.get("retry-after") == ("40" if says_when else None)
    clock.advance(41)
    users.messages().list(userId="me").execute()
    assert refusal(users.messages().list(userId="me")) == (status, reason)
    assert server.quota.used["support@example.com"] == 15 and server.quota.refused["support@example.com"] == 2


def test_the_quota_is_that_of_a_user(users: Any, server: GmailServer) -> None:
    server.quota.limit = 1
    users.getProfile(userId="me").execute()
    other = server.service("sales@example.com")
    other.users().getProfile(userId="me").execute()
    other.close()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("429", (429, "rateLimitExceeded")),
        ("403", (403, "userRateLimitExceeded")),
        ("500", (500, "backendError")),
        ("503", (503, "backendError")),
        ("400", (400, "failedPrecondition")),
    ],
)
def test_a_fault_strikes_at_the_call_it_is_planned_for(
    users: Any, server: GmailServer, mailbox: Mailbox, kind: Any, expected: tuple[int, str]
) -> None:
    server.faults.nth("messages.send", kind, 2)
    sending(users, "one").execute()
    assert refusal(sending(users, "two")) == expected
    sending(users, "three").execute()
    assert [one.message_id for one in mailbox.sent] == ["<one@example.net>", "<three@example.net>"]
    assert server.faults.struck == Counter({("messages.send", kind): 1})


@pytest.mark.parametrize(("cut", "left"), [("cut_before", 0), ("cut_during", 1), ("cut_after", 1)])
def test_a_cut_comes_before_or_after_the_effect(
    users: Any, server: GmailServer, mailbox: Mailbox, cut: Any, left: int
) -> None:
    server.faults.nth("messages.send", cut)
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        sending(users).execute()
    assert len(mailbox.sent) == left


def test_the_client_library_left_alone_sends_twice_when_cut(
    users: Any, server: GmailServer, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody hears of it: httplib2 takes the cut for a stale connection, also with RETRIES = 1."""
    monkeypatch.undo()
    monkeypatch.setattr(httplib2, "RETRIES", 1)
    server.faults.nth("messages.send", "cut_after")
    sending(users).execute()
    assert [one.message_id for one in mailbox.sent] == ["<answer@example.net>"] * 2


def test_a_delay_keeps_the_answer_and_not_the_effect(server: GmailServer, mailbox: Mailbox) -> None:
    server.faults.nth("messages.send", "delay")
    body = encoded(written("a", to="kim@example.net"))
    headers = {"Authorization": f"Bearer {server.grant().access_token}"}
    url = f"{server.url}/gmail/v1/users/me/messages/send"
    with pytest.raises(requests.Timeout):
        requests.post(url, json=body, headers=headers, timeout=(60, 0.2))
    deadline = time.monotonic() + 60
    while not mailbox.sent and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(mailbox.sent) == 1


def test_an_answer_may_be_no_json(users: Any, server: GmailServer) -> None:
    server.faults.nth("getProfile", "malformed")
    answer = users.getProfile(userId="me").execute()
    assert isinstance(answer, str), "the client hands over what it cannot read as it came"
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(answer)


def test_a_planned_401_is_met_with_a_refresh(users: Any, server: GmailServer) -> None:
    server.faults.nth("getProfile", "401")
    users.getProfile(userId="me").execute()
    assert server.authority.refreshes["support@example.com"] == 1


def test_chance_is_seeded_has_its_share_and_its_methods() -> None:
    def drawn(seed: int) -> list[str | None]:
        faults = Faults(seed)
        faults.share("503", 0.1, ["messages.get"])
        faults.share("cut_after", 0.05)
        return [faults.draw("messages.get") for _ in range(2000)]

    first = Counter(drawn(1))
    assert 150 < first["503"] < 250 and 50 < first["cut_after"] < 150
    assert drawn(1) == drawn(1) != drawn(2)
    faults = Faults(1)
    faults.share("503", 1.0, ["messages.get"])
    assert (faults.draw("messages.send"), faults.draw("messages.get")) == (None, "503")
    faults.clear()
    assert faults.draw("messages.get") is None


def test_a_bug_of_the_server_itself_is_no_fault_that_passes(
    users: Any, server: GmailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mailbox, "counts", None)
    assert refusal(users.getProfile(userId="me")) == (500, "backendError")
    assert "TypeError" in server.complaints.pop()
