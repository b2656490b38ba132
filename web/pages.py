"""Pages for people: Jinja2 templates, in which everything is escaped that does not say otherwise."""

from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

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


def page(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """The template filled in; it always knows `desk_name`, the name that stands before answers."""
    settings: Settings = request.app.state.settings
    text = templates.get_template(template).render(desk_name=settings.mailbox.name, **shown)
    return HTMLResponse(text, status)
