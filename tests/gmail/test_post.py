"""Sending, drafts and uploads, with the real client."""

import io
from email import message_from_bytes
from typing import Any

import httplib2
import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from tests.gmail import GmailServer, Mailbox
from tests.gmail.post import SEND_LIMIT
from tests.gmail.sample import encoded, raw_of, refusal, written

OWN = "Support <support@example.com>"


def answer(name: str = "answer", subject: str = "Re: Lamp", references: str = "", **more: str) -> bytes:
    return written(name, subject, more.pop("to", "kim@example.net"), more.pop("sender", OWN), references)


def send(users: Any, raw: bytes, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = users.messages().send(userId="me", body=encoded(raw, **more)).execute()
    return found


def headers_of(users: Any, id: str) -> Any:
    return message_from_bytes(raw_of(users.messages().get(userId="me", id=id, format="raw").execute()))


def test_a_sent_mail_is_there_as_sent(users: Any, mailbox: Mailbox) -> None:
    start = str(mailbox.history_id)
    sent = send(users, answer())
    assert sent["labelIds"] == ["SENT"]
    assert [one.id for one in mailbox.sent] == [sent["id"]]
    read = headers_of(users, sent["id"])
    assert read["Message-ID"] == "<answer@example.net>" and read["Date"]
    assert "gmailapi.google.com" in read["Received"]
    (record,) = users.history().list(userId="me", startHistoryId=start).execute()["history"]
    assert record["messagesAdded"][0]["message"] == {
        "id": sent["id"], "threadId": sent["threadId"], "labelIds": ["SENT"],
    }  # fmt: skip


@pytest.mark.parametrize("habit", ["rewritten", "replaced"])
def test_the_message_id_may_not_be_kept(users: Any, server: GmailServer, habit: Any) -> None:
    server.habits.message_ids = habit
    read = headers_of(users, send(users, answer())["id"])
    assert read["Message-ID"].endswith("@mail.gmail.com>")
    assert read["X-Google-Original-Message-ID"] == ("<answer@example.net>" if habit == "rewritten" else None)


def test_a_mail_without_an_id_gets_one_and_a_foreign_sender_becomes_the_account(users: Any) -> None:
    raw = b"From: Boss <boss@elsewhere.example>\r\nTo: kim@example.net\r\nSubject: x\r\n\r\ny\r\n"
    read = headers_of(users, send(users, raw)["id"])
    assert read["From"] == "Boss <support@example.com>" and read["Message-ID"]


@pytest.mark.parametrize("raw", [b"garbage", b"From: support@example.com\n\nno one", b"To: nobody\n\nx"])
def test_a_mail_without_recipients_is_refused(users: Any, mailbox: Mailbox, raw: bytes) -> None:
    assert refusal(users.messages().send(userId="me", body=encoded(raw))) == (400, "invalidArgument")
    assert mailbox.sent == []


def test_the_thread_is_taken_only_with_references_and_the_same_subject(users: Any, mailbox: Mailbox) -> None:
    asked = mailbox.deliver(written("asked", "Lamp"))
    thread = asked.thread_id
    assert send(users, answer("a", "Re: Lamp", "asked"), threadId=thread)["threadId"] == thread
    assert send(users, answer("b", "Lamp", "asked"), threadId=thread)["threadId"] == thread
    assert send(users, answer("c", "Re: Lamp"), threadId=thread)["threadId"] != thread
    assert send(users, answer("d", "Re: Sofa", "asked"), threadId=thread)["threadId"] != thread
    assert send(users, answer("e", "Re: Lamp", "asked"))["threadId"] == thread
    unknown = users.messages().send(userId="me", body=encoded(answer("f"), threadId="19ffffffffffffff"))
    assert refusal(unknown) == (404, "notFound")


def test_mail_to_another_account_here_arrives_there_without_its_secret_recipients(
    users: Any, server: GmailServer
) -> None:
    raw = b"Bcc: boss@example.net\r\n" + answer(to="Sales@example.com, kim@example.net")
    sent = send(users, raw)
    (arrived,) = server.mailbox("sales@example.com").messages
    assert arrived.message_id == "<answer@example.net>" and b"Bcc" not in arrived.raw
    assert server.mailbox("sales@example.com").labels_of(arrived.id) == {"INBOX", "UNREAD"}
    assert headers_of(users, sent["id"])["Bcc"] == "boss@example.net"


def test_mail_to_oneself_is_one_message(users: Any, mailbox: Mailbox) -> None:
    sent = send(users, answer(to="support@example.com"))
    assert mailbox.labels_of(sent["id"]) == {"SENT", "INBOX", "UNREAD"} and len(mailbox.messages) == 1


def test_a_draft_becomes_another_message_when_it_is_sent(users: Any, mailbox: Mailbox) -> None:
    draft = users.drafts().create(userId="me", body={"message": encoded(answer())}).execute()
    assert draft["message"]["labelIds"] == ["DRAFT"]
    listed = users.drafts().list(userId="me").execute()["drafts"]
    assert [one["id"] for one in listed] == [draft["id"]]
    body = {"message": encoded(answer("second"))}
    updated = users.drafts().update(userId="me", id=draft["id"], body=body).execute()
    assert updated["id"] == draft["id"] and updated["message"]["id"] != draft["message"]["id"]
    start = str(mailbox.history_id)
    sent = users.drafts().send(userId="me", body={"id": draft["id"]}).execute()
    assert sent["labelIds"] == ["SENT"] and sent["id"] != updated["message"]["id"]
    assert mailbox.sent[0].message_id == "<second@example.net>"
    records = users.history().list(userId="me", startHistoryId=start).execute()["history"]
    assert [("messagesAdded" in one, "messagesDeleted" in one) for one in records] == [
        (True, False),
        (False, True),
    ]
    assert "drafts" not in users.drafts().list(userId="me").execute()
    assert refusal(users.drafts().get(userId="me", id=draft["id"])) == (404, "notFound")


def upload(raw: bytes, **more: Any) -> MediaIoBaseUpload:
    return MediaIoBaseUpload(io.BytesIO(raw), "message/rfc822", **more)


def test_simple_and_multipart_uploads_hold_the_mail_and_not_its_envelope(
    users: Any, mailbox: Mailbox
) -> None:
    asked = mailbox.deliver(written("asked", "Lamp"))
    simple = users.messages().insert(userId="me", media_body=upload(answer("a"))).execute()
    assert mailbox.message(simple["id"]).raw == answer("a")
    raw = answer("b", "Re: Lamp", "asked")
    body = {"threadId": asked.thread_id}
    sent = users.messages().send(userId="me", body=body, media_body=upload(raw)).execute()
    assert sent["threadId"] == asked.thread_id
    assert mailbox.message(sent["id"]).raw.endswith(raw.partition(b"\n\n")[2])


def test_a_resumable_upload_comes_in_pieces(users: Any, mailbox: Mailbox) -> None:
    raw = answer("a") + b"x" * 600_000
    media = upload(raw, chunksize=256 * 1024, resumable=True)
    request = users.messages().insert(userId="me", body={"labelIds": ["INBOX"]}, media_body=media)
    progress = []
    answered = None
    while answered is None:
        status, answered = request.next_chunk()
        progress += [status.resumable_progress] if status else []
    assert progress == [262_144, 524_288]
    assert mailbox.message(answered["id"]).raw == raw
    assert mailbox.labels_of(answered["id"]) == {"INBOX"}


def test_a_resumable_upload_goes_on_after_a_cut(users: Any, server: GmailServer, mailbox: Mailbox) -> None:
    raw = answer("a") + b"x" * 600_000
    media = upload(raw, chunksize=256 * 1024, resumable=True)
    request = users.messages().insert(userId="me", media_body=media)
    server.faults.nth("upload.chunk", "cut_before", 2)
    server.faults.nth("upload.chunk", "503", 3)
    server.faults.nth("messages.insert", "cut_after")
    answered, failures = None, []
    while answered is None:
        try:
            answered = request.next_chunk()[1]
        except (OSError, httplib2.HttpLib2Error, HttpError) as error:
            failures.append(isinstance(error, HttpError))
    assert failures == [False, True, False]
    assert [one.raw for one in mailbox.messages] == [raw]


def test_what_is_above_the_limit_is_refused(users: Any, server: GmailServer, mailbox: Mailbox) -> None:
    raw = answer("a")
    raw += b"x" * (SEND_LIMIT - len(raw))
    server.post.send(mailbox, raw)
    assert refusal(users.messages().send(userId="me", body=encoded(raw + b"x"))) == (413, "uploadTooLarge")
    assert len(mailbox.sent) == 1


def test_media_that_is_no_mail_is_refused(users: Any) -> None:
    request = users.messages().insert(userId="me", media_body=upload(answer()))
    request.headers["content-type"] = "image/png"
    assert refusal(request) == (400, "badContent")
