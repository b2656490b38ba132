"""What the methods of users.threads do."""

from collections.abc import Callable

from tests.gmail.calls.message import checked, found_by, message_json, page_size, place_of, short, token_of
from tests.gmail.mailbox import Mailbox, Message
from tests.gmail.problem import Json
from tests.gmail.service import Call, Handler


def _list(call: Call) -> Json:
    """Threads of which any message matches, by their newest that does."""
    size, seen = page_size(call.parameters), set[str]()
    place = place_of(call.parameters["pageToken"])
    found: list[Message] = []
    for message in found_by(call):
        if message.thread_id in seen:
            continue
        seen.add(message.thread_id)
        if place is None or message.key < place:
            found.append(message)
        if len(found) > size:
            break
    page = found[:size]
    answer: Json = {"resultSizeEstimate": len(found)}
    if page:
        answer["threads"] = [_summary(call.mailbox, one.thread_id) for one in page]
    if len(found) > size:
        answer["nextPageToken"] = token_of(page[-1])
    return answer


def _summary(mailbox: Mailbox, id: str) -> Json:
    messages = mailbox.thread(id)
    history = max(message.history_id for message in messages)
    return {"id": id, "snippet": messages[-1].snippet, "historyId": str(history)}


def _get(call: Call) -> Json:
    id = checked(call.parameters["id"])
    with call.mailbox.lock:
        messages = call.mailbox.thread(id)
        history = max(message.history_id for message in messages)
        format, headers = call.parameters["format"], call.parameters["metadataHeaders"]
        shown = [message_json(message, format, headers) for message in messages]
    return {"id": id, "historyId": str(history), "messages": shown}


def _modify(call: Call) -> Json:
    id = checked(call.parameters["id"])
    with call.mailbox.lock:
        ids = [message.id for message in call.mailbox.thread(id)]
        call.mailbox.modify(ids, call.body.get("addLabelIds", ()), call.body.get("removeLabelIds", ()))
        return {"id": id, "messages": [short(message) for message in call.mailbox.thread(id)]}


def _each(act: Callable[[Mailbox, str], object]) -> Handler:
    def handle(call: Call) -> Json:
        id = checked(call.parameters["id"])
        with call.mailbox.lock:
            for message in call.mailbox.thread(id):
                act(call.mailbox, message.id)
            return {"id": id, "messages": [short(message) for message in call.mailbox.thread(id)]}

    return handle


CALLS: dict[str, Handler] = {
    "threads.list": _list,
    "threads.get": _get,
    "threads.modify": _modify,
    "threads.trash": _each(Mailbox.trash),
    "threads.untrash": _each(Mailbox.untrash),
}
