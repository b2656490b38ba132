"""The web application: which router answers what."""

from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.config import Settings
from core.errors import Gone
from web import form, health, portal, portal_door, safety
from web.api.body import BODY_LIMIT as JSON_LIMIT
from web.api.document import add_api
from web.branch import add_routes
from web.departments import Departments
from web.form_page import FormPage
from web.front import Front
from web.pages import STATIC, StaticPages
from web.problem import add_doors, away
from web.upload import Limits
from web.webhooks import gmail, status
from web.webhooks.document import Documents, fetch

_WITH_FILES = ("/form", "/embed", "/f/", "/portal/tickets/")
"""Addresses that files are sent to."""


def make_app(front: Front) -> FastAPI:
    """The application over an open desk; it opens and closes nothing itself."""
    app = _bare(front.settings)
    app.state.front = front
    app.state.form_page = FormPage(front)
    app.state.departments = Departments(front.settings, front.desk)
    app.state.documents = Documents(fetch, front.now)
    app.include_router(health.router)
    app.include_router(form.router)
    app.include_router(portal_door.router)
    app.include_router(portal.router)
    app.include_router(gmail.router)
    app.include_router(status.router)
    app.add_exception_handler(Gone, portal_door.signed_out)
    add_api(app)
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
    app.mount("/static", StaticPages(directory=STATIC))
    add_doors(app)
    return app


class _Guarded(FastAPI):
    def include_router(self, router: APIRouter, **options: Any) -> None:
        assert not options, "What holds for all routes of a router is said to the router."
        add_routes(self.router.routes, router.routes)

    def build_middleware_stack(self) -> ASGIApp:
        """Around all of it: a middleware that is added would not see the answer to an unforeseen error."""
        settings: Settings = self.state.settings
        is_secure = (settings.web.address or "").startswith("https://")
        return safety.Guard(
            super().build_middleware_stack(), is_secure=is_secure, limit_of=partial(limit_of, settings)
        )


def limit_of(settings: Settings, path: str) -> int:
    """Bytes of a request's body."""
    if path.startswith(_WITH_FILES):
        return Limits.of(settings).body
    if path == "/api/uploads":
        return Limits.of(settings).size
    return JSON_LIMIT if path.startswith("/api/tickets") else safety.BODY_LIMIT
