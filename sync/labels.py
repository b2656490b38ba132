"""The labels of a Gmail account that stand for statuses, put on whole conversations.

They are made when they are first needed, and made again when their owner has deleted them; nothing is ever
deleted here. All of it blocks, and belongs to one thread at a time; whatever is done may be done twice.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import DeskError, Invalid, NotFound
from sync.google import Busy, Google

_ME = "me"
_Answers = Mapping[str, dict[str, Any] | DeskError]
_logger = logging.getLogger("ttydesk.labels")


class Labels:
    def __init__(self, google: Google) -> None:
        self._google = google
        self._ids: dict[str, str] = {}
        """By name, in small letters: Gmail tells names apart no further."""

    def put(self, wanted: Mapping[str, str | None], among: Sequence[str]) -> list[str]:
        """Put beside each conversation's id its label on it, and take the others of `among` off.

        Returns those that are done, or gone from the mailbox. None are done while there is no room in the
        quota: mail in and mail out come first.
        """
        if not self._google.has_room("threads.modify", len(wanted)):
            return []
        known = dict(self._ids)
        answers = self._modify(wanted, among)
        if any(isinstance(answer, NotFound | Invalid) for answer in answers.values()):
            self._look()  # is it the conversation that is gone, or a label?
            if self._ids != known:
                refused = {id: wanted[id] for id, answer in answers.items() if _is_refused(answer)}
                answers = {**answers, **self._modify(refused, among)}
        for answer in answers.values():
            if isinstance(answer, Invalid):
                _logger.warning("A conversation gets no label: %s", answer)
        return [id for id, answer in answers.items() if not isinstance(answer, Busy)]

    def _modify(self, wanted: Mapping[str, str | None], among: Sequence[str]) -> _Answers:
        for name in filter(None, wanted.values()):
            self._need(name)
        threads = self._google.service.users().threads()
        requests: dict[str, Any] = {}
        for id, label in wanted.items():
            off = [self._ids[one.lower()] for one in among if one != label and one.lower() in self._ids]
            on = [self._ids[label.lower()]] if label else []
            body = {"addLabelIds": on, "removeLabelIds": off}
            requests[id] = threads.modify(userId=_ME, id=id, body=body)
        return self._google.batch("threads.modify", requests)

    def _need(self, name: str) -> None:
        """The label, and those that it is nested in."""
        if name.lower() in self._ids:
            return
        self._look()
        parts = name.split("/")
        for depth in range(1, len(parts) + 1):
            part = "/".join(parts[:depth])
            if part.lower() not in self._ids:
                self._make(part)

    def _look(self) -> None:
        found = self._google.call("labels.list", self._labels().list(userId=_ME))
        self._ids = {one["name"].lower(): one["id"] for one in found.get("labels", ())}

    def _make(self, name: str) -> None:
        body = {"name": name, "labelListVisibility": "labelShow", "messageListVisibility": "show"}
        try:
            made = self._google.call("labels.create", self._labels().create(userId=_ME, body=body))
            self._ids[name.lower()] = made["id"]
        except Invalid as error:
            self._look()  # an attempt whose answer was lost may have made it
            if name.lower() not in self._ids:
                raise Invalid(
                    f"Gmail takes no label called “{name}”: {error}",
                    hint="Give google.label another name, or leave it empty for no labels.",
                ) from None

    def _labels(self) -> Any:
        return self._google.service.users().labels()


def _is_refused(answer: dict[str, Any] | DeskError) -> bool:
    return isinstance(answer, NotFound | Invalid)
