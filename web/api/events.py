"""/api/events: what happens on the desk, for programs that follow it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from core.models import EventPage
from web.api.answer import answered
from web.api.body import left_out
from web.api.caller import caller_of
from web.api.door import ApiRoute

_NUMBER = "(?:0|[1-9][0-9]{0,17})"

router = APIRouter(prefix="/api/events", tags=["events"], route_class=ApiRoute)


@router.get("", response_model=EventPage, summary="Follow the desk")
async def events_since(
    request: Request,
    *,
    since: Annotated[
        str,
        Query(
            default_factory=left_out,
            max_length=4000,
            pattern=f"^{_NUMBER}:(?:{_NUMBER}(?:,{_NUMBER})*)?$",
            description="`cursor` of the answer before. Without one: nothing but the cursor of now.",
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 500,
) -> Response:
    """What happened since, on tickets in sight; none is skipped or told twice. Ask again with the `cursor` of
    the answer, at once while it has events, else after some seconds."""
    return answered(await caller_of(request).gateway.read("events_since", cursor=since, limit=limit))
