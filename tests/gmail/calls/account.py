"""What the methods of a user do: profile, history, watch and stop."""

import base64
import re

from tests.gmail.calls.message import page_size
from tests.gmail.history import TYPES
from tests.gmail.payload import base64url
from tests.gmail.problem import Json, invalid
from tests.gmail.service import Call, Handler

_MOST = 2**64 - 1


def _profile(call: Call) -> Json:
    mailbox = call.mailbox
    with mailbox.lock:
        messages, threads = mailbox.counts
        return {
            "emailAddress": mailbox.address,
            "messagesTotal": messages,
            "threadsTotal": threads,
            "historyId": str(mailbox.history_id),
        }


def _history(call: Call) -> Json:
    parameters, size = call.parameters, page_size(call.parameters)
    start = _history_id(parameters["startHistoryId"])
    if token := parameters["pageToken"]:
        start = _place(token, start)
    kinds = [TYPES[name] for name in parameters["historyTypes"]]
    with call.mailbox.lock:
        records, is_more = call.mailbox.history.page(start, size, kinds, parameters["labelId"])
        answer: Json = {"historyId": str(call.mailbox.history_id)}
    if records:
        answer["history"] = [record.json() for record in records]
    if is_more:
        answer["nextPageToken"] = base64url(f"{parameters['startHistoryId']}:{records[-1].id}".encode())
    return answer


def _history_id(written: str | None) -> int:
    if written is None or not re.fullmatch(r"\d{1,20}", written) or int(written) > _MOST:
        raise invalid("Invalid value for startHistoryId" if written else "Missing startHistoryId")
    return int(written)


def _place(token: str, start: int) -> int:
    try:
        of, last = map(int, base64.urlsafe_b64decode(token).decode().split(":"))
    except ValueError:
        raise invalid("Invalid pageToken") from None
    if of != start:
        raise invalid("Invalid pageToken")
    return last


def _watch(call: Call) -> Json:
    with call.mailbox.lock:
        return call.service.notices.watch(call.mailbox, call.body)


def _stop(call: Call) -> None:
    call.service.notices.stop(call.mailbox.address)


CALLS: dict[str, Handler] = {
    "getProfile": _profile,
    "history.list": _history,
    "watch": _watch,
    "stop": _stop,
}
