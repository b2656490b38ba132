"""The web application: which router answers what."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from web import health, safety
from web.front import Front
from web.pages import STATIC
from web.problem import add_doors


def make_app(front: Front) -> FastAPI:
    """The application over an open desk; it opens and closes nothing itself."""
    app = FastAPI(
        title="ttydesk",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # it would lead to whatever host the request named
    )
    app.state.front = front
    app.include_router(health.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    add_doors(app)
    is_secure = (front.settings.web.address or "").startswith("https://")
    app.add_middleware(safety.Guard, is_secure=is_secure, limit_of=limit_of)
    return app


def limit_of(path: str) -> int:
    """Bytes of a request's body."""
    return safety.BODY_LIMIT
