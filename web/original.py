"""A mail as its sender made it: HTML, shown in a frame that may do nothing.

Three locks: what could act is taken out of it (nh3), the frame runs and submits nothing and is of no origin
(`sandbox`), and the answer that fills the frame may fetch nothing, so no sender learns that it was looked at.
"""

from email import message_from_bytes
from email.message import Message

import nh3

from core.portal_link import without_links

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}
"""Of what stands in the frame. Styles in it can reach nothing: no page of ours is in there."""

_LIMIT = 1_000_000
"""Characters."""
_PAGE = '<!doctype html><html><head><meta charset="utf-8"><title>A mail</title></head><body>{}</body></html>'
_SIDES = ("", "-top", "-right", "-bottom", "-left")
_STYLES = {
    *(
        "color",
        "background-color",
        "font",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "line-height",
    ),
    *(
        "text-align",
        "text-decoration",
        "text-indent",
        "vertical-align",
        "white-space",
        "word-break",
        "direction",
    ),
    *("width", "height", "min-width", "max-width", "display", "direction", "list-style-type"),
    *("border-collapse", "border-spacing", "border-color", "border-style", "border-width", "border-radius"),
    *(f"{what}{side}" for what in ("margin", "padding", "border") for side in _SIDES),
}
"""None of them has a place for an address; what could lie over the rest of the page is left out as well."""
_TAGS = (nh3.ALLOWED_TAGS | {"font", "main", "section", "u", "big"}) - {"img", "map", "area"}


def html_of(raw: bytes) -> str | None:
    """The HTML of a mail, if it has any; never raises, whatever the bytes."""
    for part in message_from_bytes(raw).walk():
        if part.get_content_type() == "text/html" and part.get_content_disposition() != "attachment":
            return _text(part)[:_LIMIT]
    return None


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def harmless(html: str) -> str:
    """A page of its own, without anything that acts or is fetched."""
    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    attributes["*"] = attributes.get("*", set()) | {"style", "dir", "align", "bgcolor", "width", "height"}
    attributes["font"] = {"color", "size"}
    clean = nh3.clean(
        without_links(html),
        tags=_TAGS,
        attributes=attributes,
        url_schemes={"http", "https", "mailto"},
        filter_style_properties=_STYLES,
    )
    return _PAGE.format(clean)
