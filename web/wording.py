"""What pages say of tickets and times, in plain words."""

from datetime import UTC, datetime

import nh3
from markupsafe import Markup

from core.markdown import render
from core.models import Status
from core.text import safe_text

STATUS = {
    Status.OPEN: "We are working on it",
    Status.PENDING: "We wait for your answer",
    Status.RESOLVED: "Solved",
    Status.CLOSED: "Closed",
}
_TAGS = {
    *("p", "br", "hr", "a", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}


def moment(at: datetime) -> str:
    """As 2 March 2026, 10:00 UTC: nobody tells the server where the reader is."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def from_markdown(text: str) -> Markup:
    """What we wrote, as it looks in a mail. It is rendered clean, which is not taken on trust."""
    return Markup(
        nh3.clean(
            render(safe_text(text)),
            tags=_TAGS,
            attributes={"a": {"href"}, "ol": {"start"}, "*": {"dir"}},
            url_schemes={"http", "https", "mailto"},
        )
    )
