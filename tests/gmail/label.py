"""The labels of one mailbox: Gmail's own and its owner's, nested by slashes in their names."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.gmail.problem import Json, Problem, invalid, not_found

SYSTEM = (
    "CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "STARRED", "UNREAD",
    "CATEGORY_FORUMS", "CATEGORY_UPDATES", "CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL",
)  # fmt: skip
FIXED = frozenset({"CHAT", "SENT", "DRAFT"})
"""Nobody puts them on a message or takes them off."""

_VISIBLE = {"labelListVisibility": "labelShow", "messageListVisibility": "show"}
_RESERVED = frozenset(name.casefold() for name in SYSTEM) | {"drafts", "chats", "all mail", "sent mail"}
_LONGEST = 225
_MOST = 10_000


@dataclass(slots=True)
class Label:
    id: str
    name: str
    shown: dict[str, str]
    color: dict[str, str] | None = None
    is_system: bool = False

    def json(self) -> Json:
        found: Json = {"id": self.id, "name": self.name, **self.shown}
        found["type"] = "system" if self.is_system else "user"
        return found | ({"color": self.color} if self.color else {})


class Labels:
    """Not for several threads: its mailbox has the lock."""

    def __init__(self) -> None:
        self._labels = {id: Label(id, id, {}, is_system=True) for id in SYSTEM}
        self._next = 1

    def __contains__(self, id: object) -> bool:
        return id in self._labels

    def __iter__(self) -> Iterator[Label]:
        return iter(self._labels.values())

    def get(self, id: str) -> Label:
        if id not in self._labels:
            raise not_found()
        return self._labels[id]

    def create(self, body: Json) -> Label:
        if len(self._labels) >= _MOST + len(SYSTEM):
            raise invalid("Too many labels")
        label = Label(f"Label_{self._next}", self._free_name(body.get("name")), dict(_VISIBLE))
        self._next += 1
        self._show(label, body)
        self._labels[label.id] = label
        return label

    def patch(self, id: str, body: Json) -> Label:
        label = self.get(id)
        if label.is_system:
            raise invalid("Cannot modify system label")
        if "name" in body:
            label.name = self._free_name(body["name"], id)
        self._show(label, body)
        return label

    def delete(self, id: str) -> None:
        if self.get(id).is_system:
            raise invalid("Invalid delete request")
        del self._labels[id]

    def named(self, name: str) -> Label | None:
        """As a search writes it: dashes stand for spaces and slashes."""
        wanted = _searched(name)
        return next((label for label in self if _searched(label.name) == wanted), None)

    def _show(self, label: Label, body: Json) -> None:
        label.shown |= {key: body[key] for key in _VISIBLE if key in body}
        label.color = body.get("color", label.color)

    def _free_name(self, name: object, own: str | None = None) -> str:
        if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST:
            raise invalid("Invalid label name")
        if name.casefold() in _RESERVED or "" in [part.strip() for part in name.split("/")]:
            raise invalid("Invalid label name")
        taken = {label.name.casefold() for label in self if label.id != own}
        if name.casefold() in taken:
            raise Problem(409, "aborted", "Label name exists or conflicts")
        return name


def _searched(name: str) -> str:
    return name.casefold().replace(" ", "-").replace("/", "-")
