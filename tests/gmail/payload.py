"""A mail as the tree of parts that `format=full` gives, its attachments and its snippet."""

import base64
import codecs
import email
import html
import re
import secrets
from collections.abc import Iterable, Iterator
from email.message import Message as Part

from tests.gmail.mail import headers_of
from tests.gmail.problem import Json, invalid

_SNIPPET = 200
_SNIPPET_SOURCE = 65_536


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def payload_of(raw: bytes, message_id: str) -> Json:
    """`message_id` is Gmail's; the ids of attachments are made of it."""
    return _part(email.message_from_bytes(raw), "", message_id)


def metadata_of(raw: bytes, wanted: Iterable[str]) -> Json:
    """The headers alone, or of them those that are wanted."""
    names = {name.lower() for name in wanted}
    top = email.message_from_bytes(raw[:_SNIPPET_SOURCE])
    headers = [
        {"name": name, "value": value}
        for name, value in headers_of(raw)
        if not names or name.lower() in names
    ]
    return {"partId": "", "mimeType": top.get_content_type(), "headers": headers}


def attachment_of(raw: bytes, message_id: str, attachment_id: str) -> Json:
    try:
        owner, path, _ = base64.urlsafe_b64decode(attachment_id).decode().split(":")
    except ValueError:
        raise invalid("Invalid attachment token") from None
    part = dict(_walk(email.message_from_bytes(raw), "")).get(path)
    if owner != message_id or part is None:
        raise invalid("Invalid attachment token")
    content = _content(part)
    return {"size": len(content), "data": base64url(content)}


def text_of(raw: bytes) -> str:
    """Of the first part that is text."""
    texts = [
        part
        for _, part in _walk(email.message_from_bytes(raw), "")
        if part.get_content_maintype() == "text" and not part.get_filename()
    ]
    plain = [part for part in texts if part.get_content_subtype() == "plain"]
    for part in [*plain, *texts][:1]:
        written = _content(part).decode(_charset(part), "replace")
        return re.sub(r"<[^>]*>", " ", written) if part.get_content_subtype() == "html" else written
    return ""


def has_attachment(raw: bytes) -> bool:
    return any(part.get_filename() for _, part in _walk(email.message_from_bytes(raw), ""))


def snippet_of(raw: bytes) -> str:
    """Escaped for HTML, as Gmail's are."""
    return html.escape(" ".join(text_of(raw[:_SNIPPET_SOURCE]).split())[:_SNIPPET])


def _charset(part: "Part[str, str]") -> str:
    name = part.get_content_charset("utf-8")
    try:
        codecs.lookup(name)
    except (LookupError, ValueError):
        return "latin-1"
    return name


def _walk(part: "Part[str, str]", path: str) -> Iterator[tuple[str, "Part[str, str]"]]:
    yield path, part
    if part.get_content_maintype() == "multipart" and isinstance(children := part.get_payload(), list):
        for index, child in enumerate(children):
            yield from _walk(child, f"{path}.{index}" if path else str(index))


def _part(part: "Part[str, str]", path: str, message_id: str) -> Json:
    filename = part.get_filename() or ("noname.eml" if part.get_content_type() == "message/rfc822" else "")
    found: Json = {
        "partId": path,
        "mimeType": part.get_content_type(),
        "filename": filename,
        "headers": [{"name": name, "value": value} for name, value in headers_of(_head(part))],
    }
    children = part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(children, list):
        found["body"] = {"size": 0}
        found["parts"] = [
            _part(child, f"{path}.{index}" if path else str(index), message_id)
            for index, child in enumerate(children)
        ]
        return found
    content = _content(part)
    if filename:
        # A different one at every look, though each of them works: Gmail's are not stable.
        token = base64url(f"{message_id}:{path}:{secrets.token_hex(16)}".encode())
        found["body"] = {"size": len(content), "attachmentId": token}
    else:
        found["body"] = {"size": len(content), "data": base64url(content)}
    return found


def _head(part: "Part[str, str]") -> bytes:
    pairs = [f"{name}: {value}" for name, value in part.raw_items()]
    return "\n".join(pairs).encode("utf-8", "surrogateescape")


def _content(part: "Part[str, str]") -> bytes:
    content = part.get_payload(decode=True)
    if isinstance(content, bytes):
        return content
    inner = part.get_payload()
    return (
        b"".join(one.as_bytes() for one in inner if isinstance(one, Part)) if isinstance(inner, list) else b""
    )
