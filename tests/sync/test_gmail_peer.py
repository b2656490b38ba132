"""sync.gmail against the Gmail server that others wrote.

It has no batches, profiles or expired history; what those need is tested against our own server.
"""

import base64
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

import pytest
import requests

from core.errors import NotFound
from sync.consent import MODIFY, Request, ask_consent
from sync.gmail import Cursor, Gmail
from sync.google import Access, Google
from sync.quota import Quota
from tests.peers.google import ADDRESS, REDIRECT, agree, client_of, emulator


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    with emulator() as root:
        yield root


@pytest.fixture
def access(root: str, monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    def browse(address: str) -> bool:
        threading.Thread(target=lambda: requests.get(agree(address), timeout=10)).start()
        return True

    request = Request(client_of(root), [MODIFY], REDIRECT, ADDRESS)
    token, grant = ask_consent(request, lambda address: None, browse, None)
    return Access(grant, token)


@pytest.fixture
def users(access: Access, root: str) -> Iterator[Any]:
    """The same account by the plain client, as its owner uses it."""
    google = Google(access, Quota(), root=root)
    yield google.service.users()
    google.close()


@pytest.fixture
async def gmail(access: Access, root: str) -> AsyncIterator[Gmail]:
    quota = Quota()
    gmail = Gmail(
        Google(access, quota, root=root), Google(access, quota, root=root), datetime(2026, 1, 1, tzinfo=UTC)
    )
    yield gmail
    await gmail.close()


def written(name: str, subject: str = "Lamp") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Kim Hidé <kim@example.net>", ADDRESS
    mail["Subject"], mail["Message-ID"] = subject, f"<{name}@example.net>"
    mail.set_content("It is dark: wirklich dunkel.", cte="base64")
    mail.add_attachment(bytes(range(256)), "image", "png", filename="lämp.png")
    return mail.as_bytes()


def arrive(users: Any, raw: bytes, *labels: str) -> dict[str, str]:
    body = {"raw": base64.urlsafe_b64encode(raw).decode(), "labelIds": [*labels]}
    answer: dict[str, str] = users.messages().insert(userId="me", body=body).execute()
    return answer


def now_of(users: Any, id: str) -> str:
    history = users.messages().get(userId="me", id=id, format="minimal").execute()["historyId"]
    return str(Cursor(int(history), datetime.now(UTC)))


async def test_new_mail_is_found_by_history_and_comes_as_it_was_written(gmail: Gmail, users: Any) -> None:
    old = arrive(users, written("old"), "INBOX")
    cursor = now_of(users, old["id"])
    raws = {arrive(users, raw, "INBOX")["id"]: raw for raw in map(written, ("one", "two", "three"))}
    news = await gmail.news(cursor)
    assert list(news.perhaps) == list(raws)
    for id, raw in raws.items():
        arrival = await gmail.fetch(id)
        assert arrival and arrival.raw == raw
        assert arrival.thread_id and arrival.received_at and not arrival.is_sent
        assert (arrival.is_spam, arrival.ignore) == (False, "")
    assert news.cursor
    again = await gmail.news(news.cursor)
    assert (list(again.perhaps), list(again.fresh)) == ([], [])


async def test_spam_drafts_and_the_bin_are_told_apart(gmail: Gmail, users: Any) -> None:
    spam = await gmail.fetch(arrive(users, written("spam"), "SPAM")["id"])
    assert spam and spam.is_spam and not spam.ignore
    draft = await gmail.fetch(arrive(users, written("draft"), "DRAFT")["id"])
    assert draft and draft.ignore == "It is a draft in Gmail."
    binned = await gmail.fetch(arrive(users, written("bin"), "TRASH")["id"])
    assert binned and binned.ignore == "It was in Gmail's bin."


async def test_what_is_gone_is_none(gmail: Gmail) -> None:
    assert await gmail.fetch("0123456789abcdef") is None


async def test_an_answer_leaves_in_its_thread(gmail: Gmail, users: Any) -> None:
    first = arrive(users, written("asked", "Broken lamp"), "INBOX")
    raw = written("answer", "Re: Broken lamp")
    sent = await gmail.send(raw, "<answer@example.net>", first["threadId"])
    assert sent.thread_id == first["threadId"]
    kept = users.messages().get(userId="me", id=sent.provider_id, format="raw").execute()
    assert "SENT" in kept["labelIds"]
    assert message_from_bytes(base64.urlsafe_b64decode(kept["raw"]))["Message-ID"] == "<answer@example.net>"
    arrival = await gmail.fetch(sent.provider_id)
    assert arrival and arrival.is_sent


async def test_an_unknown_thread_does_not_hold_an_answer_back(gmail: Gmail) -> None:
    sent = await gmail.send(written("lost"), "<lost@example.net>", "ffffffffffffffff")
    assert sent.provider_id


def test_a_message_that_is_not_there_is_not_found(access: Access, root: str) -> None:
    google = Google(access, Quota(), root=root)
    try:
        with pytest.raises(NotFound):
            google.call("messages.get", google.service.users().messages().get(userId="me", id="ffff"))
    finally:
        google.close()


async def test_labels_are_made_and_put_on_conversations(gmail: Gmail, users: Any) -> None:
    first = arrive(users, written("labelled", "A lamp"), "INBOX")
    among = ["ttydesk/Open", "ttydesk/Closed"]

    def shown() -> set[str]:
        labels = users.labels().list(userId="me").execute()["labels"]
        names = {one["id"]: one["name"] for one in labels}
        kept = users.messages().get(userId="me", id=first["id"], format="minimal").execute()
        return {names[id] for id in kept["labelIds"]}

    for name in among:
        assert await gmail.label({first["threadId"]: name}, among) == [first["threadId"]]
        assert shown() == {"INBOX", name}
    assert await gmail.label({first["threadId"]: None}, among) == [first["threadId"]]
    assert shown() == {"INBOX"}
    assert await gmail.label({"ffffffffffffffff": "ttydesk/Open"}, among) == ["ffffffffffffffff"]
