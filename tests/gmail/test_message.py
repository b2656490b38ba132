"""Getting, listing, changing and deleting messages, with the real client."""

import base64
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest

from tests.gmail import Clock, GmailServer, Mailbox
from tests.gmail.sample import encoded, raw_of, refusal, with_attachment, written


def test_a_raw_message_is_the_one_that_was_delivered(users: Any, mailbox: Mailbox, clock: Clock) -> None:
    raw = b"From: a@b.example\nSubject: caf\xe9\n\nnot \xff\x00 text\r\n"
    message = mailbox.deliver(raw)
    answer = users.messages().get(userId="me", id=message.id, format="raw").execute()
    assert raw_of(answer) == raw
    assert answer["id"] == message.id and answer["threadId"] == message.id
    assert set(answer["labelIds"]) == {"INBOX", "UNREAD"}
    assert int(answer["internalDate"]) == clock.milliseconds
    assert answer["sizeEstimate"] == len(raw)
    assert int(answer["historyId"]) == mailbox.history_id > 2**53


def test_minimal_and_metadata_hold_no_body(users: Any, mailbox: Mailbox) -> None:
    id = mailbox.deliver(with_attachment()).id
    minimal = users.messages().get(userId="me", id=id, format="minimal").execute()
    assert "payload" not in minimal and "raw" not in minimal
    assert minimal["snippet"] == "See the picture."
    wanted = users.messages().get(
        userId="me", id=id, format="metadata", metadataHeaders=["subject", "List-ID", "X-No"]
    )
    payload = wanted.execute()["payload"]
    assert payload["headers"] == [
        {"name": "Subject", "value": "Grüße: Lamp"},
        {"name": "List-Id", "value": "<lamps.example.net>"},
    ]
    assert "body" not in payload and payload["mimeType"] == "multipart/mixed"


def test_full_is_the_tree_of_parts_and_attachments_come_apart(users: Any, mailbox: Mailbox) -> None:
    id = mailbox.deliver(with_attachment()).id
    payload = users.messages().get(userId="me", id=id).execute()["payload"]
    assert payload["mimeType"] == "multipart/mixed" and payload["partId"] == ""
    alternative, picture = payload["parts"]
    assert [part["partId"] for part in alternative["parts"]] == ["0.0", "0.1"]
    plain = alternative["parts"][0]
    assert plain["mimeType"] == "text/plain"
    assert base64.urlsafe_b64decode(plain["body"]["data"]) == b"See the picture.\n"
    assert (picture["filename"], picture["mimeType"]) == ("lämp.png", "image/png")
    assert picture["body"]["size"] == 256 and "data" not in picture["body"]
    attachments = users.messages().attachments()
    found = attachments.get(userId="me", messageId=id, id=picture["body"]["attachmentId"]).execute()
    assert base64.urlsafe_b64decode(found["data"]) == bytes(range(256)) and found["size"] == 256


def test_the_id_of_an_attachment_changes_and_belongs_to_its_message(users: Any, mailbox: Mailbox) -> None:
    id, other = mailbox.deliver(with_attachment()).id, mailbox.deliver(with_attachment("other")).id

    def attachment_id() -> str:
        payload = users.messages().get(userId="me", id=id).execute()["payload"]
        return str(payload["parts"][1]["body"]["attachmentId"])

    first, second = attachment_id(), attachment_id()
    assert first != second
    attachments = users.messages().attachments()
    assert attachments.get(userId="me", messageId=id, id=first).execute()["size"] == 256
    assert refusal(attachments.get(userId="me", messageId=other, id=first)) == (400, "invalidArgument")


def test_what_is_not_there_is_404_and_what_is_no_id_is_400(users: Any) -> None:
    assert refusal(users.messages().get(userId="me", id="19ffffffffffffff")) == (404, "notFound")
    assert refusal(users.messages().get(userId="me", id="no-id")) == (400, "invalidArgument")
    assert refusal(users.messages().trash(userId="me", id="19ffffffffffffff")) == (404, "notFound")


def test_a_list_pages_from_the_newest_and_what_arrives_meanwhile_shifts_nothing(
    users: Any, mailbox: Mailbox, clock: Clock
) -> None:
    ids = []
    for name in "abcde":
        ids.append(mailbox.deliver(written(name)).id)
        clock.advance(1)
    first = users.messages().list(userId="me", maxResults=2).execute()
    assert [one["id"] for one in first["messages"]] == [ids[4], ids[3]]
    assert set(first["messages"][0]) == {"id", "threadId"}
    mailbox.deliver(written("new"))
    second = users.messages().list(userId="me", maxResults=2, pageToken=first["nextPageToken"]).execute()
    assert [one["id"] for one in second["messages"]] == [ids[2], ids[1]]
    last = users.messages().list(userId="me", maxResults=2, pageToken=second["nextPageToken"]).execute()
    assert [one["id"] for one in last["messages"]] == [ids[0]] and "nextPageToken" not in last
    assert refusal(users.messages().list(userId="me", pageToken="?")) == (400, "invalidArgument")


def test_an_empty_list_has_no_messages_at_all(users: Any) -> None:
    assert users.messages().list(userId="me").execute() == {"resultSizeEstimate": 0}


def test_spam_and_the_bin_are_listed_only_when_asked_for(users: Any, mailbox: Mailbox) -> None:
    inbox, chat = mailbox.deliver(written("in")).id, mailbox.deliver(written("chat"), ["CHAT"]).id
    spam, binned = (
        mailbox.deliver(written("spam"), ["SPAM"]).id,
        mailbox.deliver(written("bin"), ["TRASH"]).id,
    )

    def listed(**asked: Any) -> set[str]:
        found = users.messages().list(userId="me", **asked).execute().get("messages", [])
        return {one["id"] for one in found}

    assert listed() == {inbox, chat}
    assert listed(includeSpamTrash=True) == {inbox, chat, spam, binned}
    assert listed(labelIds=["SPAM"]) == {spam}
    assert listed(labelIds=["INBOX", "UNREAD"]) == {inbox}
    assert listed(labelIds=["INBOX", "CHAT"]) == set()
    assert listed(q="in:trash") == {binned}


def test_labels_change_and_those_of_gmail_itself_do_not(users: Any, mailbox: Mailbox) -> None:
    id = mailbox.deliver(written("a")).id
    change = {"addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]}
    answer = users.messages().modify(userId="me", id=id, body=change).execute()
    assert set(answer["labelIds"]) == {"INBOX", "STARRED"} == mailbox.labels_of(id)
    for fixed in ("SENT", "DRAFT", "CHAT", "Label_99"):
        request = users.messages().modify(userId="me", id=id, body={"addLabelIds": [fixed]})
        assert refusal(request) == (400, "invalidArgument")


def test_a_message_goes_into_the_bin_and_comes_out_but_not_into_the_inbox(
    users: Any, mailbox: Mailbox
) -> None:
    id = mailbox.deliver(written("a")).id
    assert set(users.messages().trash(userId="me", id=id).execute()["labelIds"]) == {"TRASH", "UNREAD"}
    assert users.messages().untrash(userId="me", id=id).execute()["labelIds"] == ["UNREAD"]


def test_many_are_changed_at_once_and_in_one_record(users: Any, mailbox: Mailbox) -> None:
    ids = [mailbox.deliver(written(name)).id for name in "abc"]
    start = str(mailbox.history_id)
    body = {"ids": ids, "addLabelIds": ["STARRED"]}
    assert users.messages().batchModify(userId="me", body=body).execute() == ""
    assert all("STARRED" in mailbox.labels_of(id) for id in ids)
    (record,) = users.history().list(userId="me", startHistoryId=start).execute()["history"]
    assert [one["message"]["id"] for one in record["labelsAdded"]] == ids
    too_many = users.messages().batchModify(userId="me", body={"ids": ["1"] * 1001})
    assert refusal(too_many) == (400, "invalidArgument")


@pytest.fixture
def everything(server: GmailServer) -> Iterator[Any]:
    service = server.service(None, "https://mail.google.com/")
    yield service.users()
    service.close()


def test_deleting_needs_the_full_scope_and_is_for_good(users: Any, everything: Any, mailbox: Mailbox) -> None:
    id = mailbox.deliver(written("a")).id
    assert refusal(users.messages().delete(userId="me", id=id)) == (403, "insufficientPermissions")
    everything.messages().delete(userId="me", id=id).execute()
    assert refusal(users.messages().get(userId="me", id=id)) == (404, "notFound")
    assert mailbox.messages == []


def test_insert_keeps_the_mail_and_its_labels_and_import_takes_the_date_of_the_mail(
    users: Any, mailbox: Mailbox, clock: Clock
) -> None:
    raw = b"Date: Mon, 02 Mar 2026 10:00:00 +0100\r\n" + written("a")
    put = users.messages().insert(userId="me", body=encoded(raw, labelIds=["SENT"])).execute()
    assert mailbox.message(put["id"]).internal_date == clock.milliseconds
    assert mailbox.labels_of(put["id"]) == {"SENT"} and mailbox.sent == []
    imported = users.messages().import_(userId="me", body=encoded(raw, labelIds=["INBOX"])).execute()
    assert mailbox.message(imported["id"]).internal_date == 1_772_442_000_000
    assert mailbox.message(imported["id"]).raw == raw
    assert message_from_bytes(raw)["Message-ID"] == mailbox.message(put["id"]).message_id


def test_a_body_that_is_no_mail_is_refused(users: Any) -> None:
    assert refusal(users.messages().insert(userId="me", body={})) == (400, "invalidArgument")
    assert refusal(users.messages().insert(userId="me", body={"raw": "%%%"})) == (400, "invalidArgument")


def test_the_profile_counts_and_belongs_to_its_account(users: Any, mailbox: Mailbox) -> None:
    mailbox.deliver(written("a"))
    mailbox.deliver(written("b", references="a"))
    assert users.getProfile(userId="support@example.com").execute() == {
        "emailAddress": "support@example.com",
        "messagesTotal": 2,
        "threadsTotal": 1,
        "historyId": str(mailbox.history_id),
    }
    assert refusal(users.getProfile(userId="sales@example.com")) == (403, "forbidden")


def test_a_parameter_that_google_does_not_know_is_refused(users: Any) -> None:
    request = users.getProfile(userId="me")
    request.uri += "&colour=red"
    assert refusal(request) == (400, "invalidArgument")


def test_what_this_server_does_not_know_fails_the_test_that_uses_it() -> None:
    with pytest.raises(AssertionError, match="settings"):  # noqa: SIM117
        with GmailServer() as server:
            service = server.service()
            request = service.users().settings().getVacation(userId="me")
            assert refusal(request) == (404, "notFound")
            service.close()
