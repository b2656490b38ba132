"""What the methods of users.drafts do: so that drafts come into the history and go out of it again."""

from collections.abc import Iterable

from tests.gmail.calls.message import found_by, message_json, page_size, place_of, short, token_of
from tests.gmail.mailbox import Mailbox, Message
from tests.gmail.problem import Json, not_found
from tests.gmail.service import Call, Handler


def _written(call: Call) -> Json:
    message = call.body.get("message", {})
    return message if isinstance(message, dict) else {}


def _create(call: Call) -> Json:
    written = _written(call)
    raw = call.raw(written)
    with call.mailbox.lock:
        message = call.mailbox.add(raw, ("DRAFT",), thread_id=written.get("threadId"))
        id = f"r{int(message.id, 16)}"
        call.mailbox.drafts[id] = message.id
        return {"id": id, "message": short(message)}


def _list(call: Call) -> Json:
    with call.mailbox.lock:
        drafts = {message: draft for draft, message in call.mailbox.drafts.items()}
    size = page_size(call.parameters)
    matching: Iterable[Message] = found_by(call, place_of(call.parameters["pageToken"]))
    found = [message for message in matching if message.id in drafts][: size + 1]
    answer: Json = {"resultSizeEstimate": len(found)}
    if found:
        answer["drafts"] = [
            {"id": drafts[one.id], "message": {"id": one.id, "threadId": one.thread_id}}
            for one in found[:size]
        ]
    if len(found) > size:
        answer["nextPageToken"] = token_of(found[size - 1])
    return answer


def _get(call: Call) -> Json:
    id = call.parameters["id"]
    message = _of(call.mailbox, id)
    return {"id": id, "message": message_json(message, call.parameters["format"])}


def _update(call: Call) -> Json:
    """The message behind a draft cannot change, so another takes its place."""
    id, written = call.parameters["id"], _written(call)
    raw = call.raw(written)
    with call.mailbox.lock:
        old = _of(call.mailbox, id)
        message = call.mailbox.add(raw, ("DRAFT",), thread_id=written.get("threadId", old.thread_id))
        call.mailbox.delete([old.id])
        call.mailbox.drafts[id] = message.id
        return {"id": id, "message": short(message)}


def _delete(call: Call) -> None:
    with call.mailbox.lock:
        call.mailbox.delete([_of(call.mailbox, call.parameters["id"]).id])


def _send(call: Call) -> Json:
    """The draft is deleted, and what was sent is another message."""
    draft = _of(call.mailbox, str(call.body.get("id", "")))
    written = _written(call)
    raw = call.raw(written) if call.media is not None or written.get("raw") else draft.raw
    message = call.service.post.send(call.mailbox, raw, draft.thread_id)
    call.mailbox.delete([draft.id])
    return short(message)


def _of(mailbox: Mailbox, id: str) -> Message:
    if id not in mailbox.drafts:
        raise not_found()
    return mailbox.message(mailbox.drafts[id])


CALLS: dict[str, Handler] = {
    "drafts.create": _create,
    "drafts.list": _list,
    "drafts.get": _get,
    "drafts.update": _update,
    "drafts.delete": _delete,
    "drafts.send": _send,
}
