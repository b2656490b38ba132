"""The web application: which router answers what."""

from fastapi import FastAPI, Request
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from core.config import Settings
from web import health, safety
from web.front import Front
from web.pages import STATIC
from web.problem import add_doors, away


def make_app(front: Front) -> FastAPI:
    """The application over an open desk; it opens and closes nothing itself."""
    app = _bare(front.settings)
    app.state.front = front
    app.include_router(health.router)
    return app


def make_closed(settings: Settings) -> FastAPI:
    """What answers while there is no desk to ask: that it cannot be reached right now."""
    app = _bare(settings)
    not_found = app.router.default

    async def closed(scope: Scope, receive: Receive, send: Send) -> None:
        answer = away(Request(scope)) if scope["type"] == "http" else not_found
        await answer(scope, receive, send)

    app.router.default = closed
    return app


def _bare(settings: Settings) -> FastAPI:
    app = _Guarded(
        title="ttydesk",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # it would lead to whatever host the request named
    )
    app.state.settings = settings
    app.mount("/static", StaticFiles(directory=STATIC))
    add_doors(app)
    return app


class _Guarded(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        """Around all of it: a middleware that is added would not see the answer to an unforeseen error."""
        settings: Settings = self.state.settings
        is_secure = (settings.web.address or "").startswith("https://")
        return safety.Guard(super().build_middleware_stack(), is_secure=is_secure, limit_of=limit_of)


def limit_of(path: str) -> int:
    """Bytes of a request's body."""
    return safety.BODY_LIMIT
