"""What the API says of itself: an OpenAPI document, and a page for people made of it.

FastAPI reads the routes; added here is what holds for all of them, so that no route can leave it out: the
token, the refusals, and the headers of answers.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse

from core.tokens import SCOPES
from web.api import agents, attachments, events, tickets
from web.api.body import Asked
from web.pages import page

ROUTERS = (
    tickets.router,
    attachments.uploads,
    attachments.router,
    events.router,
    agents.me,
    agents.router,
)
_ASKED: tuple[type[Asked], ...] = (
    tickets.NewTicket,
    tickets.TicketChanges,
    tickets.Answer,
    tickets.NewNote,
    agents.NewAgent,
    agents.AgentChanges,
)
_DESCRIPTION = """\
What `ttydesk` does, for programs. A program shows a token (`ttydesk token create`) in the header
`Authorization: Bearer TOKEN`, and may do what the token's agent may, as far as its scopes go. On a desk at
Supabase an agent's access token does as well.

Once and no more: whatever is created or changed takes a header `Idempotency-Key`. Asked again with the
same key, within a week, the desk does nothing and answers the same; asked for something else with it, it
refuses (422).

Stale changes: `ETag` says which version of a ticket an answer is. `PUT` with that in the header
`If-Match` leaves a ticket alone that was changed meanwhile (412); `GET` with it in `If-None-Match` answers
304 while nothing has changed.

Refusals are `application/problem+json` (RFC 9457); `errors` names the fields that were not accepted.
"""

public = APIRouter(prefix="/api")


class Wrong(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """Why it could not be done (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    """What to do about it."""
    errors: list[Wrong] | None = None
    """Fields that were not accepted."""


_REFUSALS = {
    400: "The request cannot be read.",
    401: "There is no token, or it opens nothing (any more).",
    403: "The token or its agent may not do that.",
    404: "There is no such thing, or it is out of the agent's sight.",
    406: "The program does not take JSON.",
    408: "The body came too slowly.",
    409: "It does not go together with what there is.",
    412: "The ticket was changed meanwhile.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    422: "Some values were not accepted, or the idempotency key was used for another request.",
    429: "The token was used too often; `Retry-After` says when it may be used again.",
    500: "The desk made a mistake. It was noted.",
    503: "The database cannot be reached right now.",
    507: "A file could not be stored or read.",
}
_ALWAYS = (400, 401, 403, 404, 406, 408, 413, 422, 429, 500, 503)
_OF = {
    "post": (409, 415),
    "put": (409, 415),
    "put /api/tickets/{id}": (412,),
    "post /api/uploads": (507,),
    "get /api/attachments/{id}": (507,),
}
_TEXT = {"schema": {"type": "string"}}
_NUMBER = {"schema": {"type": "integer", "minimum": 0}}
_COUNTED = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
_HEADERS = {
    **{name: {"required": True, **_NUMBER} for name in _COUNTED},
    "Retry-After": {"description": "Seconds.", "required": True, **_NUMBER},
    "WWW-Authenticate": {"description": "RFC 6750.", "required": True, **_TEXT},
    "ETag": {"description": "Which version it is.", "required": True, **_TEXT},
    "Location": {"description": "Where the ticket is.", "required": True, **_TEXT},
    "Link": {"description": 'The next page: rel="next".', **_TEXT},
    "Content-Disposition": {"description": "The file's name.", "required": True, **_TEXT},
}
_SHOWN = {
    "get /api/tickets": {"200": ["Link"]},
    "post /api/tickets": {"201": ["ETag", "Location"]},
    "get /api/tickets/{id}": {"200": ["ETag"], "304": ["ETag"]},
    "put /api/tickets/{id}": {"200": ["ETag"]},
    "post /api/tickets/{id}/reply": {"201": ["ETag", "Location"]},
    "post /api/tickets/{id}/notes": {"201": ["ETag", "Location"]},
    "get /api/attachments/{id}": {"200": ["ETag", "Content-Disposition"], "304": ["ETag"]},
}
_LINKS = {
    "show_ticket": {"download": {"id": "$response.body#/messages/0/attachments/0/id"}},
    "create_ticket": {
        name: {"id": "$response.body#/ticket/number"}
        for name in ("show_ticket", "update_ticket", "reply", "note", "list_events")
    },
    "add_agent": {"update_agent": {"id": "$response.body#/id"}},
}
"""Where an answer leads: from one operation to others, with what of it they take."""
_CONDITIONS = {
    "IfMatch": ("If-Match", "Change the ticket only while it is at one of these versions."),
    "IfNoneMatch": ("If-None-Match", "Answer 304 while it is at one of these versions."),
    "IdempotencyKey": ("Idempotency-Key", "Do it once, however often it is asked for."),
}


@public.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    return JSONResponse(request.app.state.openapi)


@public.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    document = request.app.state.openapi
    routes = [
        (method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return page(request, "api.html", document=document, routes=routes, scopes=SCOPES)


def add_api(app: FastAPI) -> None:
    """Have the application answer under /api, and say what it answers."""
    for router in (*ROUTERS, public):
        app.include_router(router)
    app.state.openapi = document(app.state.front.settings.web.address)


def document(address: str | None = None) -> dict[str, Any]:
    """The OpenAPI document; `address` is where the API is reached, if that is known."""
    made = get_openapi(
        title="ttydesk",
        version=version("ttydesk"),
        description=_DESCRIPTION,
        routes=[route for router in ROUTERS for route in router.routes],
        servers=[{"url": (address or "").rstrip("/") or "/"}],
        separate_input_output_schemas=False,
    )
    parts = made.setdefault("components", {})
    parts["schemas"] = _schemas(parts.get("schemas", {}))
    parts["headers"] = _HEADERS
    parts["responses"] = {str(status): _refusal(status) for status in _REFUSALS}
    parts["parameters"] = {
        key: {"name": name, "in": "header", "description": said, **_TEXT}
        for key, (name, said) in _CONDITIONS.items()
    }
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, path)
    return made


def _schemas(found: dict[str, Any]) -> dict[str, Any]:
    models: list[tuple[Any, Literal["validation"]]] = [(model, "validation") for model in (*_ASKED, Problem)]
    _, asked = models_json_schema(models, ref_template="#/components/schemas/{model}")
    schemas = {**found, **asked["$defs"]}
    return {
        name: schema
        for name, schema in sorted(schemas.items())
        if name not in ("HTTPValidationError", "ValidationError")
    }


def _refusal(status: int) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    headers = {401: ["WWW-Authenticate"], 403: ["WWW-Authenticate"], 429: ["Retry-After", *sorted(_COUNTED)]}
    return {
        "description": _REFUSALS[status],
        "content": {"application/problem+json": {"schema": reference}},
        "headers": _references(headers.get(status, [])),
    }


def _references(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _complete(operation: dict[str, Any], method: str, path: str) -> None:
    route = f"{method} {path}"
    operation["operationId"] = operation["operationId"].partition("_api_")[0]
    responses = operation["responses"]
    for status in sorted({*_ALWAYS, *_OF.get(method, ()), *_OF.get(route, ())}):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    for status, response in responses.items():
        if "$ref" not in response:
            names = [*_SHOWN.get(route, {}).get(status, []), *sorted(_COUNTED)]
            response["headers"] = _references(names)
            if status != "304" and operation["operationId"] in _LINKS:
                response["links"] = {
                    name: {"operationId": name, "parameters": taken}
                    for name, taken in _LINKS[operation["operationId"]].items()
                }
