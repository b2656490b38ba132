"""A line in the log for each request, when one looks for a fault: at the level of debugging, and no other.

It names the route, never the path: secrets lie in paths (/portal/in/TOKEN) and people's words in queries.
"""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_logger = logging.getLogger("ttydesk.web")


def route_of(scope: Scope) -> str:
    """Which of our routes it went to, as it stands in the code: /portal/in/{token}."""
    path: str | None = getattr(scope.get("route"), "path", None)
    return path or "(no page of ours)"


class AccessLog:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _logger.isEnabledFor(logging.DEBUG):
            await self._app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, noting)
        finally:
            milliseconds = round(1000 * (time.perf_counter() - began), 1)
            _logger.debug(
                "%s %s: %d",
                scope["method"],
                route_of(scope),
                status,
                extra={"status": status, "milliseconds": milliseconds},
            )
