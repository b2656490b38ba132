"""What the methods of users.labels do."""

from tests.gmail.problem import Json
from tests.gmail.service import Call, Handler


def _list(call: Call) -> Json:
    with call.mailbox.lock:
        return {"labels": [label.json() for label in call.mailbox.labels]}


def _get(call: Call) -> Json:
    with call.mailbox.lock:
        label = call.mailbox.labels.get(call.parameters["id"])
        return label.json() | call.mailbox.label_counts(label)


def _create(call: Call) -> Json:
    with call.mailbox.lock:
        return call.mailbox.labels.create(call.body).json()


def _patch(call: Call) -> Json:
    with call.mailbox.lock:
        return call.mailbox.labels.patch(call.parameters["id"], call.body).json()


def _delete(call: Call) -> None:
    call.mailbox.delete_label(call.parameters["id"])


CALLS: dict[str, Handler] = {
    "labels.list": _list,
    "labels.get": _get,
    "labels.create": _create,
    "labels.patch": _patch,
    "labels.update": _patch,
    "labels.delete": _delete,
}
