"""What the methods of users.messages do."""

import base64
from collections.abc import Iterable
from typing import Any

from tests.gmail.mail import date_of
from tests.gmail.mailbox import Message
from tests.gmail.payload import attachment_of, base64url, metadata_of, payload_of
from tests.gmail.problem import Json, Problem, invalid
from tests.gmail.query import query_of
from tests.gmail.service import Call, Handler

_METADATA_SCOPE = "https://www.googleapis.com/auth/gmail.metadata"
_MOST_AT_ONCE = 1_000
_HIDDEN = frozenset({"SPAM", "TRASH"})


def message_json(message: Message, format: str, headers: Iterable[str] = ()) -> Json:
    found: Json = {"id": message.id, "threadId": message.thread_id}
    if message.labels:
        found["labelIds"] = sorted(message.labels)
    found |= {
        "snippet": message.snippet,
        "sizeEstimate": len(message.raw),
        "historyId": str(message.history_id),
        "internalDate": str(message.internal_date),
    }
    if format == "raw":
        found["raw"] = base64url(message.raw)
    elif format == "full":
        found["payload"] = payload_of(message.raw, message.id)
    elif format == "metadata":
        found["payload"] = metadata_of(message.raw, headers)
    return found


def short(message: Message) -> Json:
    return {"id": message.id, "threadId": message.thread_id, "labelIds": sorted(message.labels)}


def checked(id: str) -> str:
    """Gmail calls what is no hexadecimal number no id at all, and what is one perhaps unknown."""
    try:
        int(id, 16)
    except ValueError:
        raise invalid("Invalid id value") from None
    return id


def found_by(call: Call, after: tuple[int, str] | None = None) -> Iterable[Message]:
    """What a list asks for, newest first, below the place that a page token names."""
    parameters, mailbox = call.parameters, call.mailbox
    labels, text = parameters.get("labelIds", []), parameters.get("q") or ""
    if text and _METADATA_SCOPE in call.scopes and len(call.scopes) == 1:
        raise Problem(403, "forbidden", "Metadata scope does not support 'q' parameter")
    now = call.service.clock()
    query = query_of(text, mailbox.labels, now)
    everywhere = parameters["includeSpamTrash"] or query.reaches_everywhere or _HIDDEN & {*labels}
    habits = call.service.habits
    indexed_by = now - (habits.search_lag if text else habits.list_lag)
    for message in mailbox.before(after, labels, query.message_id):
        is_shown = everywhere or not _HIDDEN & message.labels
        if is_shown and message.arrived_at <= indexed_by and query.matches(message):
            yield message


def page_size(parameters: dict[str, Any]) -> int:
    return max(1, min(int(parameters["maxResults"]), 500))


def place_of(token: str | None) -> tuple[int, str] | None:
    """Where a page begins: tokens name the last result, so what arrives meanwhile shifts nothing."""
    if not token:
        return None
    try:
        date, id = base64.urlsafe_b64decode(token).decode().split(":")
        return int(date), id
    except ValueError:
        raise invalid("Invalid pageToken") from None


def token_of(message: Message) -> str:
    return base64url(f"{message.internal_date}:{message.id}".encode())


def _list(call: Call) -> Json:
    size = page_size(call.parameters)
    found: list[Message] = []
    for message in found_by(call, place_of(call.parameters["pageToken"])):
        found.append(message)
        if len(found) > size:
            break
    page = found[:size]
    answer: Json = {"resultSizeEstimate": len(found)}
    if page:
        answer["messages"] = [{"id": one.id, "threadId": one.thread_id} for one in page]
    if len(found) > size:
        answer["nextPageToken"] = token_of(page[-1])
    return answer


def _get(call: Call) -> Json:
    format = call.parameters["format"]
    if format in ("full", "raw") and call.scopes == {_METADATA_SCOPE}:
        raise Problem(403, "forbidden", f"Metadata scope doesn't allow format {format.upper()}")
    message = call.mailbox.message(checked(call.parameters["id"]))
    return message_json(message, format, call.parameters["metadataHeaders"])


def _send(call: Call) -> Json:
    raw = call.raw(call.body)
    return short(call.service.post.send(call.mailbox, raw, call.body.get("threadId")))


def _insert(call: Call) -> Json:
    return short(_put(call, call.body.get("labelIds", ())))


def _import(call: Call) -> Json:
    """Like mail that arrives. Its labels where none are given are not documented: those of such mail."""
    return short(_put(call, call.body.get("labelIds", ("INBOX", "UNREAD"))))


def _put(call: Call, labels: Iterable[str]) -> Message:
    raw = call.raw(call.body)
    date = date_of(raw) if call.parameters["internalDateSource"] == "dateHeader" else None
    return call.mailbox.add(raw, labels, date, call.body.get("threadId"))


def _modify(call: Call) -> Json:
    id = checked(call.parameters["id"])
    with call.mailbox.lock:
        call.mailbox.modify([id], call.body.get("addLabelIds", ()), call.body.get("removeLabelIds", ()))
        return short(call.mailbox.message(id))


def _batch_modify(call: Call) -> None:
    ids = _ids(call)
    call.mailbox.modify(ids, call.body.get("addLabelIds", ()), call.body.get("removeLabelIds", ()))


def _batch_delete(call: Call) -> None:
    call.mailbox.delete(_ids(call))


def _ids(call: Call) -> list[str]:
    ids = call.body.get("ids", [])
    if not ids:
        raise invalid("No message ids specified.")
    if len(ids) > _MOST_AT_ONCE:
        raise invalid("Too many message ids specified.")
    return [checked(id) for id in ids]


def _delete(call: Call) -> None:
    call.mailbox.message(checked(call.parameters["id"]))
    call.mailbox.delete([call.parameters["id"]])


def _attachment(call: Call) -> Json:
    message = call.mailbox.message(checked(call.parameters["messageId"]))
    return attachment_of(message.raw, message.id, call.parameters["id"])


CALLS: dict[str, Handler] = {
    "messages.list": _list,
    "messages.get": _get,
    "messages.send": _send,
    "messages.insert": _insert,
    "messages.import": _import,
    "messages.modify": _modify,
    "messages.batchModify": _batch_modify,
    "messages.batchDelete": _batch_delete,
    "messages.delete": _delete,
    "messages.trash": lambda call: short(call.mailbox.trash(checked(call.parameters["id"]))),
    "messages.untrash": lambda call: short(call.mailbox.untrash(checked(call.parameters["id"]))),
    "messages.attachments.get": _attachment,
}
