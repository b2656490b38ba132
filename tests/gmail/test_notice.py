"""Watches and notifications."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue
from typing import Any

import pytest

from tests.gmail import Clock, GmailServer, Mailbox, Notice
from tests.gmail.sample import refusal, written

TOPIC = "projects/desk/topics/mail"


def watch(users: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = users.watch(userId="me", body={"topicName": TOPIC, **more}).execute()
    return answer


def drained(queue: "SimpleQueue[Notice]") -> list[int]:
    return [queue.get().history_id for _ in range(queue.qsize())]


def test_a_watch_says_where_it_begins_and_when_it_ends(
    users: Any, server: GmailServer, mailbox: Mailbox, clock: Clock
) -> None:
    heard = server.notices.subscribe()
    mailbox.deliver(written("before"))
    answer = watch(users)
    assert answer["historyId"] == str(mailbox.history_id)
    assert int(answer["expiration"]) == clock.milliseconds + 7 * 86_400_000
    mailbox.deliver(written("a"))
    notice = heard.get_nowait()
    told = json.loads(base64.urlsafe_b64decode(notice.data))
    assert told == {"emailAddress": "support@example.com", "historyId": str(mailbox.history_id)}
    assert notice.topic == TOPIC
    server.notices.history_id_as = "number"
    mailbox.deliver(written("b"))
    assert json.loads(base64.urlsafe_b64decode(heard.get_nowait().data))["historyId"] == mailbox.history_id
    clock.advance(7 * 86_400)
    mailbox.deliver(written("c"))
    assert heard.empty()


def test_nothing_is_told_after_stop_or_of_another_account(
    users: Any, server: GmailServer, mailbox: Mailbox
) -> None:
    heard = server.notices.subscribe()
    watch(users)
    server.mailbox("sales@example.com").deliver(written("a"))
    users.stop(userId="me").execute()
    mailbox.deliver(written("b"))
    assert heard.empty()


def test_a_watch_may_be_of_some_labels(users: Any, server: GmailServer, mailbox: Mailbox) -> None:
    heard = server.notices.subscribe()
    watch(users, labelIds=["INBOX"], labelFilterBehavior="include")
    mailbox.deliver(written("a"), ["SPAM"])
    assert heard.empty()
    mailbox.deliver(written("b"))
    assert len(drained(heard)) == 1
    watch(users, labelIds=["INBOX"], labelFilterBehavior="exclude")
    mailbox.deliver(written("c"))
    assert heard.empty()
    mailbox.deliver(written("d"), ["SPAM"])
    assert len(drained(heard)) == 1


@pytest.mark.parametrize("topic", ["", "mail", "projects/desk/topics", "projects/desk/subscriptions/mail"])
def test_a_topic_has_its_form(users: Any, topic: str) -> None:
    assert refusal(users.watch(userId="me", body={"topicName": topic})) == (400, "invalidArgument")


def test_notifications_are_lost_doubled_and_reordered(
    users: Any, server: GmailServer, mailbox: Mailbox
) -> None:
    heard = server.notices.subscribe()
    watch(users)
    chances = server.notices.chances
    chances.dropped, chances.doubled, chances.reordered = 0.2, 0.2, 0.2
    for at in range(300):
        mailbox.deliver(written(f"m{at}"))
    assert server.notices.flush()
    found, published = drained(heard), [one.history_id for one in server.notices.published]
    assert len(published) == 300
    assert 30 < len(set(published) - set(found)) < 90
    assert 20 < len(found) - len(set(found)) < 80
    assert found != sorted(found) and set(found) < set(published)


def test_at_most_one_a_second_where_that_is_wanted(
    users: Any, server: GmailServer, mailbox: Mailbox, clock: Clock
) -> None:
    heard = server.notices.subscribe()
    server.notices.most_per_second = 1
    watch(users)
    for name in "abc":
        mailbox.deliver(written(name))
    clock.advance(1)
    mailbox.deliver(written("d"))
    assert len(drained(heard)) == 2


class Listener(HTTPServer):
    """Takes what is pushed, but the first only at the second time."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any], str | None]] = []
        self.refusals = 1
        super().__init__(("127.0.0.1", 0), ListenerHandler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class ListenerHandler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refusals:
            self.server.refusals -= 1
            self.send_response(503)
        else:
            self.server.heard.append((self.path, body, self.headers["Authorization"]))
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        yield listener
        listener.shutdown()
        thread.join()


def test_a_push_is_repeated_until_it_is_taken(
    users: Any, server: GmailServer, mailbox: Mailbox, listener: Listener
) -> None:
    server.notices.push_to(f"{listener.url}/push?token=t", lambda: {"Authorization": "Bearer signed"})
    watch(users)
    mailbox.deliver(written("a"))
    assert server.notices.flush()
    ((path, body, authorization),) = listener.heard
    assert (path, authorization) == ("/push?token=t", "Bearer signed")
    assert body["subscription"] == "projects/desk/subscriptions/mail"
    told = json.loads(base64.urlsafe_b64decode(body["message"]["data"]))
    assert told["historyId"] == str(mailbox.history_id)


def test_a_topic_is_published_to_as_pubsub_wants_it(
    users: Any, server: GmailServer, mailbox: Mailbox, listener: Listener
) -> None:
    listener.refusals = 0
    server.notices.publish_to(listener.url)
    watch(users)
    mailbox.deliver(written("a"))
    assert server.notices.flush()
    ((path, body, _),) = listener.heard
    assert path == f"/v1/{TOPIC}:publish"
    told = json.loads(base64.b64decode(body["messages"][0]["data"], validate=True))
    assert told["emailAddress"] == "support@example.com"


def test_a_push_that_nobody_takes_is_remembered(
    users: Any, server: GmailServer, mailbox: Mailbox, listener: Listener
) -> None:
    listener.refusals, server.notices.patience = 1_000, 0.0
    server.notices.push_to(listener.url)
    watch(users)
    mailbox.deliver(written("a"))
    assert server.notices.flush() and "503" in server.notices.failures[0]
