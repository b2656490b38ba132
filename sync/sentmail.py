"""The sent mail of a Gmail account: what leaves, and whether it has left.

Gmail takes no key by which it would know a second sending of the same mail, so it has to be asked. A search
for the Message-ID finds it, unless the index lags or Gmail has put another in its place; then the newest sent
mails are looked at one by one. All of it blocks, and belongs to one thread at a time.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from googleapiclient.http import MediaIoBaseUpload

from core.errors import DeskError, Invalid, NotFound
from sync.compose import ID_HEADER
from sync.google import BrokenOff, Busy, Google
from sync.mailbox import Sent, Unsure

SIZE_LIMIT = 36_700_160
"""Bytes of a mail that Gmail sends."""

_ME = "me"
_RESUMABLE = 5 * 1024 * 1024
"""Above this a mail is uploaded apart from the call that sends it."""
_PAGE = 50
"""The least that is looked at; Google advises against more in one call."""
_CLOCKS = timedelta(minutes=5)
"""How far Google's clock and the database's may be apart."""
_REMEMBERED = 5_000
_EARLIER = ("X-Google-Original-Message-ID", ID_HEADER)
"""Where a mail keeps the Message-ID that it was sent with."""


@dataclass(frozen=True, slots=True)
class _Names:
    """What a sent mail is called, and when it left."""

    message_id: str
    earlier: frozenset[str]
    """What it was called before Gmail gave it another Message-ID."""
    at: datetime

    def given(self, ours: str) -> str | None:
        """The Message-ID that Gmail gave the mail, where it is another than ours."""
        return self.message_id if self.message_id and self.message_id != ours else None


class SentMail:
    def __init__(self, google: Google) -> None:
        self._google = google
        self._known: dict[str, _Names] = {}
        """By Gmail's id; they never change."""

    def send(
        self,
        raw: bytes,
        message_id: str,
        thread_id: str | None,
        last_moment: Callable[[], None] = lambda: None,
    ) -> Sent:
        if len(raw) > SIZE_LIMIT:
            raise Invalid(
                f"The mail has {len(raw) / 2**20:.0f} MB, and Gmail sends at most {SIZE_LIMIT / 2**20:.0f}.",
                hint="Send large files as a link.",
            )
        if (sent := self._searched(message_id)) is not None:
            return sent
        last_moment()
        try:
            answer = self._sent(raw, thread_id)
        except (NotFound, Invalid):
            if thread_id is None:
                raise
            last_moment()
            answer = self._sent(raw, None)  # the thread is gone, or is another mailbox's
        return Sent(answer["id"], self._given_id(answer["id"], message_id), answer.get("threadId"))

    def find(self, message_id: str, since: datetime) -> Sent | None:
        """None when nothing has left under this Message-ID since then."""
        if sent := self._searched(message_id):
            return sent
        looked_at, page = 0, None
        while True:
            listing = self._google.call("messages.list", self._list(maxResults=_PAGE, pageToken=page))
            if sent := self._among(listing, message_id):
                return sent
            ids = [one["id"] for one in listing.get("messages", ())]
            looked_at += len(ids)
            is_old = any(self._known[id].at < since - _CLOCKS for id in ids if id in self._known)
            page = listing.get("nextPageToken")
            if page is None or (is_old and looked_at >= _PAGE):
                return None

    def _sent(self, raw: bytes, thread_id: str | None) -> dict[str, Any]:
        """Once: whether it left although no answer came is asked before the next attempt."""
        body: dict[str, Any] = {"threadId": thread_id} if thread_id else {}
        messages = self._google.service.users().messages()
        if len(raw) <= _RESUMABLE:
            body["raw"] = base64.urlsafe_b64encode(raw).decode()
            request = messages.send(userId=_ME, body=body)
        else:
            media = MediaIoBaseUpload(io.BytesIO(raw), "message/rfc822", chunksize=-1, resumable=True)
            request = messages.send(userId=_ME, body=body, media_body=media)
        try:
            return self._google.call("messages.send", request, tries=1)
        except BrokenOff as error:
            raise Unsure(str(error)) from None
        except Busy as error:
            if error.was_refused:
                raise
            raise Unsure(str(error)) from None

    def _given_id(self, id: str, ours: str) -> str | None:
        try:
            return self._called([id])[id].given(ours)
        except (DeskError, KeyError):
            return None  # it has left; what Gmail calls it is learnt when it comes back with the history

    def _searched(self, message_id: str) -> Sent | None:
        request = self._list(q=f"rfc822msgid:{message_id.strip('<>')}", maxResults=1)
        return self._among(self._google.call("messages.list", request), message_id)

    def _list(self, **more: Any) -> Any:
        """Newest first; also what its owner, or a rule of theirs, has put into the bin."""
        messages = self._google.service.users().messages()
        return messages.list(userId=_ME, labelIds=["SENT"], includeSpamTrash=True, **more)

    def _among(self, listing: dict[str, Any], message_id: str) -> Sent | None:
        threads = {one["id"]: one.get("threadId") for one in listing.get("messages", ())}
        for id, names in self._called(list(threads)).items():
            if message_id == names.message_id or message_id in names.earlier:
                return Sent(id, names.given(message_id), threads[id])
        return None

    def _called(self, ids: Sequence[str]) -> dict[str, _Names]:
        """What these are called; those that are gone are left out."""
        unknown = [id for id in ids if id not in self._known]
        if unknown:
            self._known |= self._asked(unknown)
        found = {id: self._known[id] for id in ids if id in self._known}
        for id in list(self._known)[:-_REMEMBERED]:
            del self._known[id]
        return found

    def _asked(self, ids: Sequence[str]) -> dict[str, _Names]:
        messages = self._google.service.users().messages()
        headers = ["Message-ID", *_EARLIER]
        requests = {
            id: messages.get(userId=_ME, id=id, format="metadata", metadataHeaders=headers) for id in ids
        }
        answers = self._google.batch("messages.get", requests, in_part=True)
        if busy := {id: requests[id] for id, answer in answers.items() if isinstance(answer, Busy)}:
            answers |= self._google.batch("messages.get", busy)
        found: dict[str, _Names] = {}
        for id, answer in answers.items():
            if isinstance(answer, dict):
                found[id] = _names(answer)
            elif not isinstance(answer, NotFound):
                raise answer
        return found


def _names(answer: dict[str, Any]) -> _Names:
    headers = {one["name"].lower(): one["value"] for one in answer.get("payload", {}).get("headers", ())}
    earlier = frozenset(headers[name.lower()] for name in _EARLIER if name.lower() in headers)
    return _Names(headers.get("message-id", ""), earlier, received_at(answer))


def received_at(answer: dict[str, Any]) -> datetime:
    """When Gmail got the message."""
    return datetime.fromtimestamp(int(answer["internalDate"]) / 1000, UTC)
