"""Pages for people: Jinja2 templates, in which everything is escaped that does not say otherwise."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from core.config import Settings

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def static(name: str) -> str:
    """Where a file of ours is fetched: elsewhere when it is another one, so it can be kept for a year."""
    return f"/static/{name}?v={_digest(name)}"


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


class StaticPages(StaticFiles):
    """What is asked for by that address is kept by browsers; anything else is not."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        asked = scope["query_string"].decode("latin-1")
        if answer.status_code in (200, 304) and asked == f"v={_digest(path)}":
            answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


templates.globals["static"] = static


def page(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """The template filled in; it always knows `desk_name`, the name that stands before answers."""
    settings: Settings = request.app.state.settings
    text = templates.get_template(template).render(desk_name=settings.mailbox.name, **shown)
    return HTMLResponse(text, status)
