"""Labels and threads, with the real client."""

from typing import Any

import pytest

from tests.gmail import Mailbox
from tests.gmail.sample import refusal, written


def test_gmails_own_labels_are_there(users: Any) -> None:
    labels = {one["id"]: one for one in users.labels().list(userId="me").execute()["labels"]}
    assert {"INBOX", "SPAM", "TRASH", "UNREAD", "SENT", "DRAFT", "CHAT", "STARRED"} <= labels.keys()
    assert all(one["type"] == "system" for one in labels.values())


def test_a_nested_label_is_made_and_put_on_a_message(users: Any, mailbox: Mailbox) -> None:
    body = {"name": "Desk/Waiting", "labelListVisibility": "labelShow", "messageListVisibility": "show"}
    made = users.labels().create(userId="me", body=body).execute()
    assert made["name"] == "Desk/Waiting" and made["type"] == "user" and made["id"] != made["name"]
    id = mailbox.deliver(written("a")).id
    users.messages().modify(userId="me", id=id, body={"addLabelIds": [made["id"]]}).execute()
    assert mailbox.labels_of(id) == {"INBOX", "UNREAD", "Desk/Waiting"}
    found = users.labels().get(userId="me", id=made["id"]).execute()
    counts = ("messagesTotal", "messagesUnread", "threadsTotal", "threadsUnread")
    assert [found[name] for name in counts] == [1, 1, 1, 1]


def test_a_name_is_there_once_whatever_its_case(users: Any) -> None:
    users.labels().create(userId="me", body={"name": "Desk"}).execute()
    for name in ("Desk", "desk"):
        assert refusal(users.labels().create(userId="me", body={"name": name})) == (409, "aborted")


@pytest.mark.parametrize("name", ["", "  ", "INBOX", "inbox", "Desk//Open", "/Desk", "x" * 226])
def test_a_name_that_cannot_be_is_refused(users: Any, name: str) -> None:
    assert refusal(users.labels().create(userId="me", body={"name": name})) == (400, "invalidArgument")


def test_a_label_is_renamed_and_coloured_and_gmails_own_is_not(users: Any) -> None:
    first = users.labels().create(userId="me", body={"name": "Desk/Open"}).execute()
    users.labels().create(userId="me", body={"name": "Desk/Closed"}).execute()
    color = {"textColor": "#000000", "backgroundColor": "#ffffff"}
    change = {"name": "Desk/New", "color": color}
    changed = users.labels().patch(userId="me", id=first["id"], body=change).execute()
    assert (changed["id"], changed["name"], changed["color"]) == (first["id"], "Desk/New", color)
    same = users.labels().patch(userId="me", id=first["id"], body={"name": "desk/new"}).execute()
    assert same["name"] == "desk/new"
    taken = users.labels().patch(userId="me", id=first["id"], body={"name": "Desk/closed"})
    assert refusal(taken) == (409, "aborted")
    assert refusal(users.labels().patch(userId="me", id="INBOX", body={"name": "x"})) == (
        400,
        "invalidArgument",
    )
    assert refusal(users.labels().patch(userId="me", id="Label_77", body={})) == (404, "notFound")


def test_a_label_that_its_owner_deletes_is_gone_from_the_messages(users: Any, mailbox: Mailbox) -> None:
    made = users.labels().create(userId="me", body={"name": "Desk"}).execute()
    id = mailbox.deliver(written("a"), ["INBOX", made["id"]]).id
    users.labels().delete(userId="me", id=made["id"]).execute()
    assert mailbox.labels_of(id) == {"INBOX"}
    body = {"addLabelIds": [made["id"]]}
    assert refusal(users.messages().modify(userId="me", id=id, body=body)) == (400, "invalidArgument")


def test_delivered_mail_joins_its_thread_by_references_and_subject(users: Any, mailbox: Mailbox) -> None:
    first = mailbox.deliver(written("a", "Lamp"))
    answer = mailbox.deliver(written("b", "RE: lamp", references="a"))
    assert answer.thread_id == first.thread_id
    assert mailbox.deliver(written("c", "Other", references="a")).thread_id != first.thread_id
    assert mailbox.deliver(written("d", "Lamp")).thread_id != first.thread_id
    thread = users.threads().get(userId="me", id=first.thread_id, format="minimal").execute()
    assert [one["id"] for one in thread["messages"]] == [first.id, answer.id]
    assert int(thread["historyId"]) == answer.history_id
    assert refusal(users.threads().get(userId="me", id="19ffffffffffffff")) == (404, "notFound")


def test_threads_are_listed_once_each(users: Any, mailbox: Mailbox, clock: Any) -> None:
    threads = []
    for name in "abc":
        threads.append(mailbox.deliver(written(name, name)).thread_id)
        clock.advance(1)
        mailbox.deliver(written(name * 2, name, references=name))
        clock.advance(1)
    found: list[str] = []
    request = users.threads().list(userId="me", maxResults=2)
    while request is not None:
        answer = request.execute()
        found += [one["id"] for one in answer["threads"]]
        request = users.threads().list_next(request, answer)
    assert found == threads[::-1]
    only = users.threads().list(userId="me", q="rfc822msgid:bb@example.net").execute()["threads"]
    assert [one["id"] for one in only] == [threads[1]]


def test_a_whole_thread_is_labelled_and_binned(users: Any, mailbox: Mailbox) -> None:
    first = mailbox.deliver(written("a"))
    second = mailbox.deliver(written("b", references="a"))
    users.threads().modify(userId="me", id=first.id, body={"addLabelIds": ["STARRED"]}).execute()
    assert all("STARRED" in mailbox.labels_of(one.id) for one in (first, second))
    users.threads().trash(userId="me", id=first.id).execute()
    assert all("TRASH" in mailbox.labels_of(one.id) for one in (first, second))
    users.threads().untrash(userId="me", id=first.id).execute()
    assert not any("TRASH" in mailbox.labels_of(one.id) for one in (first, second))
