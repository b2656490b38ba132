"""The history, read by the real client."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gmail import Clock, GmailServer, Mailbox
from tests.gmail.sample import encoded, refusal, written


def history(users: Any, start: int | str, **asked: Any) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    request = users.history().list(userId="me", startHistoryId=str(start), **asked)
    while request is not None:
        answer = request.execute()
        found += answer.get("history", [])
        request = users.history().list_next(request, answer)
    return found


def test_each_kind_of_change_has_its_record(users: Any, mailbox: Mailbox) -> None:
    start = mailbox.history_id
    message = mailbox.deliver(written("a"))
    mailbox.modify([message.id], add=["STARRED"], remove=["UNREAD"])
    mailbox.delete([message.id])
    added, changed, deleted = history(users, start)
    short = {"id": message.id, "threadId": message.thread_id}
    assert added["messages"] == [short]
    assert added["messagesAdded"] == [{"message": short | {"labelIds": ["INBOX", "UNREAD"]}}]
    assert changed["labelsAdded"][0]["labelIds"] == ["STARRED"]
    assert changed["labelsRemoved"][0]["labelIds"] == ["UNREAD"]
    assert changed["labelsRemoved"][0]["message"]["labelIds"] == ["INBOX", "STARRED"]
    assert deleted["messagesDeleted"][0]["message"]["id"] == message.id
    assert {key for key in deleted} == {"id", "messages", "messagesDeleted"}


def test_a_change_that_changes_nothing_leaves_no_record(users: Any, mailbox: Mailbox) -> None:
    message = mailbox.deliver(written("a"))
    before = mailbox.history_id
    mailbox.modify([message.id], add=["INBOX"], remove=["STARRED"])
    assert mailbox.history_id == before and history(users, before) == []


def test_no_history_is_an_answer_without_any(users: Any, mailbox: Mailbox) -> None:
    now = str(mailbox.history_id)
    assert users.history().list(userId="me", startHistoryId=now).execute() == {"historyId": now}


def test_a_draft_is_in_the_history_by_its_label(users: Any, mailbox: Mailbox) -> None:
    start = mailbox.history_id
    users.drafts().create(userId="me", body={"message": encoded(written("a"))}).execute()
    (record,) = history(users, start)
    assert record["messagesAdded"][0]["message"]["labelIds"] == ["DRAFT"]


def test_only_what_is_asked_for_comes(users: Any, mailbox: Mailbox) -> None:
    start = mailbox.history_id
    inbox = mailbox.deliver(written("a")).id
    mailbox.deliver(written("b"), ["SPAM"])
    mailbox.modify([inbox], remove=["INBOX"], add=["STARRED"])
    added = history(users, start, historyTypes=["messageAdded"])
    assert ["messagesAdded" in record for record in added] == [True, True]
    both = history(users, start, historyTypes=["labelAdded", "labelRemoved"])
    assert [set(record) for record in both] == [{"id", "messages", "labelsAdded", "labelsRemoved"}]
    assert len(history(users, start, labelId="SPAM")) == 1
    in_inbox = history(users, start, labelId="INBOX")
    assert [("messagesAdded" in one, "labelsRemoved" in one) for one in in_inbox] == [
        (True, False),
        (False, True),
    ]
    request = users.history().list(userId="me", startHistoryId=str(start))
    request.uri += "&historyTypes=everything"
    assert refusal(request) == (400, "invalidArgument")


def test_an_id_that_is_too_old_or_from_nowhere_is_404(users: Any, mailbox: Mailbox) -> None:
    start = mailbox.history_id
    mailbox.deliver(written("a"))
    assert len(history(users, start)) == 1
    mailbox.expire_history()
    for unknown in (start, mailbox.history_id + 1, 1, 2**64 - 1):
        request = users.history().list(userId="me", startHistoryId=str(unknown))
        assert refusal(request) == (404, "notFound")
    profile = users.getProfile(userId="me").execute()
    mailbox.deliver(written("b"))
    assert len(history(users, profile["historyId"])) == 1


def test_the_id_may_expire_between_two_pages(users: Any, mailbox: Mailbox) -> None:
    start = mailbox.history_id
    for name in "abc":
        mailbox.deliver(written(name))
    request = users.history().list(userId="me", startHistoryId=str(start), maxResults=1)
    following = users.history().list_next(request, request.execute())
    mailbox.expire_history()
    assert refusal(following) == (404, "notFound")


@pytest.mark.parametrize("id", ["", "abc", "-1", str(2**64)])
def test_what_is_no_id_is_refused(users: Any, id: str) -> None:
    assert refusal(users.history().list(userId="me", startHistoryId=id)) == (400, "invalidArgument")


def test_a_page_token_belongs_to_its_start(users: Any, mailbox: Mailbox) -> None:
    start = mailbox.history_id
    middle = mailbox.deliver(written("a")).history_id
    mailbox.deliver(written("b"))
    token = (
        users.history().list(userId="me", startHistoryId=str(start), maxResults=1).execute()["nextPageToken"]
    )
    other = users.history().list(userId="me", startHistoryId=str(middle), pageToken=token)
    assert refusal(other) == (400, "invalidArgument")


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[GmailServer, Any]]:
    with GmailServer(clock=Clock(1_790_000_000.0), quota=None) as server:
        service = server.service()
        yield server, service.users()
        service.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), st.integers(0, 9)),
        st.tuples(st.sampled_from(["star", "unstar", "trash", "delete"]), st.integers(0, 9)),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=STEPS, meanwhile=STEPS, size=st.integers(1, 5))
def test_pages_give_every_change_exactly_once(
    standing: tuple[GmailServer, Any],
    before: list[tuple[str, int]],
    meanwhile: list[tuple[str, int]],
    size: int,
) -> None:
    """Also those that are made between two pages."""
    server, users = standing
    mailbox = server.mailbox()
    start, begun = mailbox.history_id, len(mailbox.history._records)
    walk(mailbox, before)
    request = users.history().list(userId="me", startHistoryId=str(start), maxResults=size)
    found: list[dict[str, Any]] = []
    while request is not None:
        answer = request.execute()
        assert len(answer.get("history", [])) <= size
        found += answer.get("history", [])
        walk(mailbox, meanwhile[:3])
        meanwhile = meanwhile[3:]
        request = users.history().list_next(request, answer)
    last = int(found[-1]["id"]) if found else start
    expected = [one.json() for one in mailbox.history._records[begun:] if one.id <= last]
    assert found == expected
    rest = users.history().list(userId="me", startHistoryId=str(last)).execute().get("history", [])
    made = [one.json() for one in mailbox.history._records[begun:]]
    assert found + rest == made
    ids = [int(record["id"]) for record in made]
    assert all(after - earlier > 1 for earlier, after in pairwise(ids))


def walk(mailbox: Mailbox, steps: list[tuple[str, int]]) -> None:
    for step, which in steps:
        messages = mailbox.messages
        if step == "deliver" or not messages:
            mailbox.deliver(written(f"m{len(messages)}"))
            continue
        id = messages[which % len(messages)].id
        if step == "trash":
            mailbox.trash(id)
        elif step == "delete":
            mailbox.delete([id])
        else:
            mailbox.modify([id], **{"add" if step == "star" else "remove": ["STARRED"]})
