"""The door of the web server: what went wrong becomes a status and a sentence.

Programs (all of /api) get application/problem+json (RFC 9457), people a page.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from core.errors import DeskError
from core.text import safe_line
from web.access import route_of
from web.pages import page

_logger = logging.getLogger("ttydesk.web")
_TITLES = {
    404: "Page not found",
    408: "That took too long",
    410: "No longer there",
    413: "That is too much at once",
    429: "That was too often",
    500: "Something went wrong",
    503: "Not right now",
}
"""Of pages, where HTTP's own words are a programmer's."""
_SENTENCES = {
    404: "There is no such page.",
    405: "This address does not take that method.",
    500: "Something went wrong here. It was noted; please try again later.",
}


def add_doors(app: FastAPI) -> None:
    app.add_exception_handler(DeskError, _refused)
    app.add_exception_handler(HTTPException, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    request: Request,
    status: int,
    detail: str,
    hint: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """The answer to a request that cannot be met, in the form that fits who asks."""
    title = HTTPStatus(status).phrase
    if not request.url.path.startswith("/api/"):
        words = _TITLES.get(status, "That did not work")
        answer: Response = page(request, "problem.html", status, title=words, detail=detail, hint=hint)
    else:
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
        if hint:
            body["hint"] = hint
        answer = JSONResponse(body, status, media_type="application/problem+json")
    answer.headers.update({**getattr(request.state, "headers", {}), **(headers or {})})
    return answer


def status_of(error: DeskError) -> int:
    """Our SQLSTATEs end in a status: PT404."""
    return int(error.code[2:])


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeskError)
    status = status_of(error)
    if status < 500:
        return problem(request, status, str(error), error.hint, _challenge(status))
    _logger.error("%s %s: %s", request.method, route_of(request.scope), safe_line(str(error)))
    return away(request, status)


def _challenge(status: int) -> dict[str, str]:
    """What a program is told of the token that it showed (RFC 6750, 3)."""
    said = {401: "invalid_token", 403: "insufficient_scope"}.get(status)
    return {"WWW-Authenticate": f'Bearer realm="ttydesk", error="{said}"'} if said else {}


def away(request: Request, status: int = 503) -> Response:
    """The answer while the database, or what it stands on, does not do its part."""
    said = "The desk cannot be reached right now. Please try again later."
    return problem(request, status, said, headers={"Retry-After": "5"})


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    default = HTTPStatus(error.status_code).phrase
    said = _SENTENCES.get(error.status_code, default) if error.detail == default else error.detail
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem(request, error.status_code, said, headers=headers)


def _allowed(request: Request) -> str:
    """The methods of this address, whichever route takes them."""

    def takes(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(method for method in ("GET", "HEAD", "POST", "PUT", "DELETE") if takes(method))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"field": ".".join(str(part) for part in one["loc"][1:]), "message": one["msg"]}
        for one in error.errors()
    ]
    return problem(request, 422, "Some values were not accepted.", errors=wrong)


async def _left(request: Request, error: Exception) -> Response:
    """Whoever sent it is gone before the end, as telephones are; nobody reads this."""
    return Response(status_code=400)


async def _unexpected(request: Request, error: Exception) -> Response:
    _logger.error("%s %s failed.", request.method, route_of(request.scope), exc_info=error)
    return problem(request, 500, _SENTENCES[500])
