"""Answers of the API: what an operation gave, as it is. SQL made it; nothing checks it again on its way."""

from typing import Any
from uuid import UUID

from pydantic_core import to_json
from starlette.responses import Response

from core.carriers import Record
from core.models import Message, Note, Recipients, Ticket

KEPT = {"Cache-Control": "private, no-cache"}
"""Whoever asked may keep it, but has to ask whether it still holds."""


class Detail(Record):
    """A ticket with all that was said on it, oldest first."""

    ticket: Ticket
    messages: list[Message]
    notes: list[Note]
    earlier: int
    """Messages before the first one here, left out because the thread is very long."""
    reply_to: Recipients
    """Whom an answer goes to that says nothing else."""


class Done(Record):
    """What a command did."""

    request_id: UUID
    """With it the command can be taken back: ttydesk ticket undo."""
    ticket: Ticket


class Upload(Record):
    """A file that waits to be sent with an answer."""

    upload: str
    """Names it in `attachments` of an answer; good for a day, and for whoever uploaded it."""
    filename: str
    content_type: str
    size: int
    """Bytes."""
    sha256: str


def answered(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(content), status, headers, media_type="application/json")
