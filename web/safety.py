"""What holds for every answer and every request, whatever page it is about.

A browser is told to run nothing, frame nothing and tell nobody; a body that is too large is refused before
it is read, one that does not come on is not waited for. They sit around the whole application, so no page
can forget them.
"""

import asyncio
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers
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


def framed_by(sites: str) -> dict[str, str]:
    """Headers of a page that these sites (with commas between them) may show inside one of theirs."""
    policy = HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", f"frame-ancestors {' '.join(sites.replace(',', ' ').split())}"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "",  # it knows no list of sites; browsers heed the policy
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


BODY_LIMIT = 1024 * 1024
"""Bytes of a request, where a page does not allow more."""

PAUSE_SECONDS = 30.0
"""So long a body is waited for, and as much longer as what came of it takes at the slowest pace."""

LEAST_BYTES_A_SECOND = 4096
"""The slowest pace."""


_Header = tuple[bytes, bytes]


class Guard:
    """ASGI middleware: the headers, and the limits of a body."""

    def __init__(
        self,
        app: ASGIApp,
        is_secure: bool,
        limit_of: Callable[[str], int],
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        """`is_secure`: customers reach us by https. `limit_of`: from a path to the bytes it takes."""
        self._app, self._limit_of, self._pause_seconds = app, limit_of, pause_seconds
        headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if is_secure else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._completed(message.get("headers", ()))
            await send(message)

        headers, limit = Headers(scope=scope), self._limit_of(scope["path"])
        if refused := _refusal(headers, limit):
            refusal = problem(Request(scope), *refused, headers={"Connection": "close"})
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, _limited(receive, limit, self._pause_seconds), guarded)

    def _completed(self, said: Iterable[_Header]) -> list[_Header]:
        """What a page said, and of the rest what it did not say."""
        said = list(said)
        names = {name for name, _ in said}
        return [
            *((name, value) for name, value in said if value),
            *((name, value) for name, value in self._headers if name not in names),
        ]


def _refusal(headers: Headers, limit: int) -> tuple[int, str] | None:
    """Why this body is not even begun with."""
    announced = headers.getlist("content-length")
    if announced and "transfer-encoding" in headers:
        return 400, "This request says in two ways where it ends."  # RFC 9112, 6.1
    if any(not (length.isascii() and length.isdigit()) for length in announced):
        return 400, "This request does not say how long it is."
    if any(int(length) > limit for length in announced):
        return 413, _too_large(limit)
    return None


def _limited(receive: Receive, limit: int, pause_seconds: float) -> Receive:
    """The same for a body that does not say how long it is, or does not come on."""
    read, waited, is_complete = 0, 0.0, False
    now = asyncio.get_running_loop().time

    async def limited() -> Message:
        nonlocal read, waited, is_complete
        if is_complete:  # what still can come is that the visitor is gone
            return await receive()
        begun = now()
        try:
            async with asyncio.timeout(pause_seconds + read / LEAST_BYTES_A_SECOND - waited):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, "This came too slowly.", {"Connection": "close"}) from None
        waited += now() - begun
        read += len(message.get("body", b""))
        is_complete = not message.get("more_body", False)
        if read > limit:
            raise HTTPException(413, _too_large(limit), {"Connection": "close"})
        return message

    return limited


def _too_large(limit: int) -> str:
    return f"That is too much at once: {limit / 1024 / 1024:.0f} MB are the limit here."
