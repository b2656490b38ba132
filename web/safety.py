"""What holds for every answer and every request, whatever page it is about.

A browser is told to run nothing, frame nothing and tell nobody; a body that is too large is refused before
it is read. Both sit around the whole application, so no page can forget them.
"""

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problem import problem

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser sends "Origin: null" with our own forms
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""A page that needs another one sets it itself; an empty value means that the answer has none."""

BODY_LIMIT = 1024 * 1024
"""Bytes of a request, where a page does not allow more."""


class Guard:
    """ASGI middleware: the headers, and the limit of a body."""

    def __init__(self, app: ASGIApp, is_secure: bool, limit_of: Callable[[str], int]) -> None:
        """`is_secure`: customers reach us by https. `limit_of`: from a path to the bytes it takes."""
        self._app, self._limit_of = app, limit_of
        self._headers = dict(HEADERS)
        if is_secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                for name in [name for name, value in headers.items() if not value]:
                    del headers[name]
            await send(message)

        limit = self._limit_of(scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            refusal = problem(Request(scope), 413, _too_large(limit), headers={"Connection": "close"})
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, _limited(receive, limit), guarded)


def _limited(receive: Receive, limit: int) -> Receive:
    """The same for a body that does not say how long it is."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413, _too_large(limit), {"Connection": "close"})
        return message

    return limited


def _too_large(limit: int) -> str:
    return f"That is too much at once: {limit / 1024 / 1024:.0f} MB are the limit here."
