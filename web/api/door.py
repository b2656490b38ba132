"""The door of the API: nobody comes by who has no token, asks too often, or takes no JSON.

Every route of it is an `ApiRoute`, so none can be forgotten.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from web.api.caller import find_caller
from web.front import front_of
from web.rate import Allowance

_FITTING = {"*/*", "application/*", "application/json", "application/problem+json"}


class ApiRoute(APIRoute):
    answers_json = True

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            await _admit(request, self.answers_json)
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
