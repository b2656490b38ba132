"""/api/tickets: what `ttydesk ticket` does, for programs."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from pydantic_core import to_json

from core.errors import NotFound
from core.models import Changed, Event, Mailto, Priority, Sort, Status, TicketPage
from core.query import PATTERN, parse_query
from web.api.answer import KEPT, Detail, Done, answered
from web.api.attachments import Handle, uploaded
from web.api.body import ADDRESS, Asked, Department, Email, Line, Subject, Text, body_of, left_out, read_body
from web.api.caller import Caller, caller_of
from web.api.condition import etag_of, is_unchanged, request_id_of, versions_of
from web.api.cursor import from_cursor, to_cursor
from web.api.door import ApiRoute, by_number
from web.front import front_of

router = APIRouter(prefix="/api/tickets", tags=["tickets"], route_class=ApiRoute)

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
Id = Annotated[str, Path(pattern=f"^(?:[0-9]{{1,18}}|{_UUID})$", description="A ticket's number, or its id.")]
Assignee = Annotated[str, Field(pattern=f"^(?:me|{ADDRESS})$")]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]


_ASSIGNEE = 'An agent\'s address, "me", or "none" for nobody.'
_SEVERAL = "One of these: {}. It may be given several times."
_SAME = "It is what `If-None-Match` says the program has."
_NEW = {"requester_email": "kim@example.com", "subject": "Broken lamp", "content": "Kim rang up: it is dark."}
_CHANGES = {"status": "resolved", "assignee": "me"}
_ANSWER = {"content": "Please try the *other* switch.", "status": "pending"}
_NOTE = {"content": "She has called twice."}


class NewTicket(Asked):
    """What a customer wants who did not write it: who rang up perhaps."""

    requester_email: Email
    requester_name: Line = ""
    subject: Subject
    content: Text
    status: Status = Field(default_factory=left_out)
    priority: Priority = Field(default_factory=left_out)
    department: Department | None = None
    assignee: Assignee | None = None
    """An agent's address, or "me"."""

    def changes(self) -> dict[str, Any]:
        wanted = {"status", "priority", "department", "assignee"}
        return self.model_dump(mode="json", exclude_unset=True, include=wanted)


class TicketChanges(Asked):
    """What a ticket is to become. What is left out stays as it is."""

    status: Status = Field(default_factory=left_out)
    priority: Priority = Field(default_factory=left_out)
    subject: Subject = Field(default_factory=left_out)
    department: Department | None = Field(default_factory=left_out)
    assignee: Assignee | None = Field(default_factory=left_out)
    """An agent's address, "me", or null for nobody."""
    spam: bool = Field(default_factory=left_out)
    reason: Line = ""
    """Kept with the change."""

    def changes(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True, exclude={"reason"})


class Recipient(Asked):
    email: Email
    name: Line = ""


class Answer(Asked):
    """An answer to the customer."""

    content: Text
    """Markdown."""
    status: Status | None = Status.PENDING
    """The ticket's afterwards; null leaves it as it is."""
    to: Annotated[list[Recipient], Field(min_length=1, max_length=100)] | None = None
    """In place of those who would get it: `reply_to` of the ticket says who."""
    cc: Annotated[list[Recipient], Field(max_length=100)] | None = None
    attachments: Annotated[list[Handle], Field(max_length=50)] = []
    """What `POST /api/uploads` said."""
    grace_seconds: Annotated[float, Field(ge=0, le=3600)] | None = None
    """How long it can be taken back; the desk's own time where nothing is said."""


class NewNote(Asked):
    content: Text


@router.get("", response_model=TicketPage, summary="List tickets")
async def list_tickets(
    request: Request,
    *,
    query: Annotated[
        str,
        Query(
            max_length=1000,
            json_schema_extra={"pattern": PATTERN},
            description='As in the search: status:open assignee:me created:<7d refund "a phrase" -not',
        ),
    ] = "",
    status: Annotated[
        list[Status], Query(default_factory=list, description=_SEVERAL.format(", ".join(Status)))
    ],
    priority: Annotated[
        list[Priority], Query(default_factory=list, description=_SEVERAL.format(", ".join(Priority)))
    ],
    assignee: Annotated[
        str, Query(default_factory=left_out, pattern=f"^(?:me|none|{ADDRESS})$", description=_ASSIGNEE)
    ],
    requester: Annotated[
        str,
        Query(default_factory=left_out, pattern=f"^{ADDRESS}$", description="A customer's whole address."),
    ],
    sort: Annotated[Sort, Query(description=f"What comes first: {', '.join(Sort)}.")] = Sort.LATEST,
    reverse: Annotated[bool, Query(description="The other way round.")] = False,
    limit: Limit = 50,
    after: Annotated[
        str, Query(default_factory=left_out, max_length=200, description="`next` of the page before.")
    ],
) -> Response:
    """Those that match, the most pressing first, as `ttydesk ticket list` has them. Every filter given
    has to hold. The header `Link` has the address of the next page."""
    plain = {"status": status, "priority": priority, "assignee": assignee, "requester": requester}
    wanted = parse_query(query, front_of(request).now()).model_copy(
        update={name: value for name, value in plain.items() if value}
    )
    page: Any = await caller_of(request).gateway.read(
        "list_tickets",
        filter=wanted.model_dump(mode="json", exclude_none=True),
        sort=sort,
        reverse=reverse,
        limit=limit,
        after=from_cursor(sort, after) if after else None,
    )
    if page["next"] is None:
        return answered(page)
    page["next"] = to_cursor(sort, page["next"])
    return answered(page, headers={"Link": f'<{_next_page(request, page["next"])}>; rel="next"'})


def _next_page(request: Request, cursor: str) -> str:
    """Relative (RFC 8288, 3.1): what host we have for the program is what it asked."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return f"{request.url.path}?{urlencode([*asked, ('after', cursor)])}"


@router.post(
    "",
    status_code=201,
    response_model=Done,
    summary="Create a ticket",
    openapi_extra=body_of(NewTicket, _NEW),
)
async def create_ticket(request: Request) -> Response:
    """Write down a ticket for a customer."""
    asked, caller = await read_body(request, NewTicket), caller_of(request)
    changed = await caller.desk.create_ticket(
        asked.requester_email,
        asked.subject,
        asked.content,
        asked.requester_name,
        asked.changes(),
        request_id_of(request, caller),
    )
    return _done(changed, 201)


@router.get("/{id}", response_model=Detail, summary="Show a ticket", responses={304: {"description": _SAME}})
@by_number
async def show_ticket(
    request: Request,
    id: Id,
    messages: Annotated[int, Query(ge=1, le=1000, description="At most so many, the newest.")] = 200,
) -> Response:
    """A ticket with all that was said on it, oldest first."""
    caller = caller_of(request)
    shown: Any = await caller.gateway.read("show_ticket", number=await _number(caller, id), limit=messages)
    del shown["drafts"]
    content = to_json(shown)
    headers = {"ETag": etag_of(shown["ticket"]["version"], content), **KEPT}
    if is_unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


@router.put(
    "/{id}", response_model=Done, summary="Update a ticket", openapi_extra=body_of(TicketChanges, _CHANGES)
)
async def update_ticket(request: Request, id: Id) -> Response:
    """Change the fields that are named. With the header `If-Match`, which takes what `ETag` said, one that
    was changed meanwhile is left alone (412)."""
    asked, caller = await read_body(request, TicketChanges), caller_of(request)
    changed = await caller.desk.update_tickets(
        [await _number(caller, id)],
        asked.changes(),
        asked.reason,
        request_id_of(request, caller),
        versions_of(request),
    )
    return _done(changed)


@router.post(
    "/{id}/reply",
    status_code=201,
    response_model=Done,
    summary="Answer",
    openapi_extra=body_of(Answer, _ANSWER),
)
async def reply(request: Request, id: Id) -> Response:
    """Mail an answer to the customer. It leaves after a while, and can be taken back until then."""
    asked, caller, front = await read_body(request, Answer), caller_of(request), front_of(request)
    grace = front.settings.grace_seconds if asked.grace_seconds is None else asked.grace_seconds
    changed = await caller.desk.reply(
        await _number(caller, id),
        asked.content,
        asked.status,
        _addresses(asked.to),
        _addresses(asked.cc),
        [uploaded(front, caller, handle) for handle in asked.attachments],
        grace,
        request_id_of(request, caller),
    )
    return _done(changed, 201)


@router.post(
    "/{id}/notes", status_code=201, response_model=Done, summary="Note", openapi_extra=body_of(NewNote, _NOTE)
)
async def note(request: Request, id: Id) -> Response:
    """Tell the agents something; it is never mailed."""
    asked, caller = await read_body(request, NewNote), caller_of(request)
    number = await _number(caller, id)
    return _done(await caller.desk.note(number, asked.content, request_id_of(request, caller)), 201)


@router.get("/{id}/events", response_model=list[Event], summary="What happened to a ticket")
async def list_events(request: Request, id: Id, limit: Limit = 200) -> Response:
    """The newest events, oldest first: who changed what, when and why."""
    caller = caller_of(request)
    return answered(await caller.gateway.read("list_events", number=await _number(caller, id), limit=limit))


async def _number(caller: Caller, id: str) -> int:
    return int(id) if id.isdecimal() else (await caller.desk.find_ticket(UUID(id))).number


def _addresses(asked: list[Recipient] | None) -> list[Mailto] | None:
    return None if asked is None else [Mailto(name=one.name, email=one.email) for one in asked]


def _done(changed: Changed, status: int = 200) -> Response:
    """A command changes one ticket here; its ETag goes into the next If-Match."""
    if not changed.tickets:  # of somebody else, who used the same request id
        raise NotFound
    (ticket,) = changed.tickets
    headers = {"ETag": etag_of(ticket.version)}
    if status == 201:
        headers["Location"] = f"/api/tickets/{ticket.number}"
    return answered({"request_id": changed.request_id, "ticket": ticket}, status, headers)
