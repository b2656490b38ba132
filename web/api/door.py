"""The door of the API: nobody comes by who has no token, asks too often, or takes no JSON.

Every route of it is an `ApiRoute`, so none can be forgotten.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from web.api.caller import find_caller
from web.front import front_of
from web.rate import Allowance

_FITTING = {"*/*", "application/*", "application/json", "application/problem+json"}


_NUMBER = re.compile("[0-9]{1,18}")
_BY_NUMBER: set[Callable[..., Any]] = set()

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


def by_number(endpoint: _Endpoint) -> _Endpoint:
    """What programs ask for most: by a number and without a query. FastAPI would only look at it, as long as
    the answer takes. `endpoint` takes the request and the number, and has a default for the rest."""
    _BY_NUMBER.add(endpoint)
    return endpoint


class ApiRoute(APIRoute):
    answers_json = True

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        by_number = self.endpoint if self.endpoint in _BY_NUMBER else None

        async def handle(request: Request) -> Response:
            await _admit(request, self.answers_json)
            id, query = request.path_params.get("id", ""), request.scope["query_string"]
            if by_number and not query and _NUMBER.fullmatch(id):
                response: Response = await by_number(request, id)
            else:
                response = await answer(request)
            response.headers.update(request.state.headers)
            return response

        return handle


class DownloadRoute(ApiRoute):
    """One that answers with a file, whatever it is."""

    answers_json = False


async def _admit(request: Request, answers_json: bool) -> None:
    front = front_of(request)
    caller = find_caller(request, front)
    rate = front.settings.web.api_rate
    allowance = await front.rates.take("api", rate, caller.name)
    request.state.headers = _told(allowance)
    if not allowance.is_given:
        raise HTTPException(
            429,
            f"This token may ask {allowance.limit} times in a while, and has.",
            {"Retry-After": str(allowance.reset_seconds)},
        )
    if answers_json and not _takes_json(request.headers.get("accept", "*/*")):
        raise HTTPException(406, "The API answers in application/json.")
    request.state.caller = caller


def _told(allowance: Allowance) -> dict[str, str]:
    """As most programs look for it (draft-ietf-httpapi-ratelimit-headers, up to 06)."""
    return {
        "RateLimit-Limit": str(allowance.limit),
        "RateLimit-Remaining": str(allowance.remaining),
        "RateLimit-Reset": str(allowance.reset_seconds),
    }


def _takes_json(accept: str) -> bool:
    """RFC 9110, 12.5.1. A type with q=0 is one that is not wanted."""
    for each in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in each.split(";"))
        unwanted = any(part.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for part in parameters)
        if kind in _FITTING and not unwanted:
            return True
    return not accept.strip()
