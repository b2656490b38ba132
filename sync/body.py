"""What of the MIME tree a person reads, and what is an attachment (RFC 2046, RFC 2183, RFC 2387)."""

import hashlib
import re
from dataclasses import dataclass, field

from sync.charset import decode
from sync.enclosed import take_out
from sync.flowed import unflow
from sync.header import read
from sync.parameter import clean_name
from sync.parsed import Attachment
from sync.part import Part
from sync.winmail import is_winmail, unpack

ENRICHED = ("text/enriched", "text/richtext")
TEXTS = ("text/plain", "text/html", *ENRICHED)
# RFC 1896: commands in brackets, some with parameters nobody reads, and a doubled bracket for one.
COMMAND = re.compile(r"<param>[^<]{0,500}</param>|</?[a-zA-Z][a-zA-Z-]{0,59}>")
# A page that says it is plain text.
PAGE = re.compile(r"\s{0,99}(?:<!doctype html|<html[\s>])", re.IGNORECASE)
# Leaves of a delivery report: read by report.py, of no use as files.
MACHINE = (
    "message/delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
    "message/global-delivery-status",
    "text/rfc822-headers",
)
META = re.compile(rb"<meta\b[^<>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
# Longer than anybody reads on a screen; what is longer is a file.
TEXT_LIMIT = 1_000_000


@dataclass(slots=True)
class Body:
    """Segments in reading order; each is (plain, html) of one thing, either may be blank."""

    segments: list[tuple[str, str]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def html(self) -> str:
        return "\n".join(html for _, html in self.segments if html)


def collect(root: Part, problems: list[str]) -> Body:
    body = Body(problems=problems)
    _walk(root, body, related=False)
    return body


def _walk(part: Part, body: Body, related: bool) -> None:
    if part.type == "multipart/alternative" and part.children:
        _alternative(part, body)
    elif part.children:
        inner = related or part.type == "multipart/related"
        for child in part.children:
            _walk(child, body, inner)
    elif _is_text(part, body):
        text = _text(part, body)
        segment = ("", text) if part.type == "text/html" or PAGE.match(text) else (text, "")
        body.segments.append(segment)
    elif not part.type.startswith("multipart/"):
        _attach(part, body, related)


def _alternative(part: Part, body: Body) -> None:
    """One thing said several ways: they are merged into one segment, what is no text stays an attachment."""
    before = len(body.segments)
    has_plain = any(child.type == "text/plain" and child.body.strip() for child in part.children)
    for child in part.children:
        if not (has_plain and child.type in ENRICHED and _is_text(child, body)):
            _walk(child, body, related=False)
    ways = body.segments[before:]
    plain = "\n".join(text for text, _ in ways if text.strip())
    html = "\n".join(markup for _, markup in ways if markup.strip())
    body.segments[before:] = [(plain, html)] if ways else []


def _is_text(part: Part, body: Body) -> bool:
    if part.type not in TEXTS or part.disposition == "attachment":
        return False
    if not part.filename:
        return True
    # A body that merely has a name: Content-Type: text/plain; name=..., before anything else to read.
    return part.disposition != "inline" and not any(p.strip() or h.strip() for p, h in body.segments)


def _text(part: Part, body: Body) -> str:
    content = part.content(body.problems)
    if len(content) > TEXT_LIMIT:
        body.problems.append("The text is very long: its beginning is shown, the whole is an attachment.")
        name = "long-text.html" if part.type == "text/html" else "long-text.txt"
        body.attachments.append(_attachment(name, part.type, content, "", False))
    content = content[:TEXT_LIMIT]
    if part.type == "text/plain":
        content, files = take_out(content)
        for written, data in files:
            named = clean_name(decode(written, part.parameters.get("charset", ""))[0])
            body.attachments.append(_attachment(named, _type_of(named), data, "", False))
    text, problem = decode(content, part.parameters.get("charset", "") or _told_by_page(part, content))
    if problem:
        body.problems.append(problem)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if part.type in ENRICHED:
        return "<".join(COMMAND.sub("", piece) for piece in text.split("<<"))
    if part.type == "text/plain" and part.parameters.get("format", "").lower() == "flowed":
        return unflow(text, part.parameters.get("delsp", "").lower() == "yes")
    return text


def _told_by_page(part: Part, content: bytes) -> str:
    """The charset that HTML says in its own head, for parts that say none in theirs."""
    told = META.search(content[:2048]) if part.type == "text/html" else None
    return told[1].decode("ascii") if told else ""


def _attach(part: Part, body: Body, related: bool) -> None:
    if part.type in MACHINE or not (part.header or part.body.strip()):
        return
    content = part.content(body.problems)
    if is_winmail(part.type, part.filename, content) and _unpack(part, content, body):
        return
    inline = part.disposition == "inline" or (related and part.disposition != "attachment")
    name = part.filename
    if not name and part.type == "message/rfc822":
        name = _subject_name(content)
    body.attachments.append(_attachment(name, part.type, content, part.content_id, inline))


def _subject_name(content: bytes) -> str:
    subject = clean_name(read(content)[0].text("subject").replace("/", "-"))
    return f"{subject[:120] or 'mail'}.eml"


def _unpack(part: Part, content: bytes, body: Body) -> bool:
    found = unpack(content)
    if found is None or not (found.files or found.text or found.html):
        body.problems.append("winmail.dat could not be read: it is kept as it came.")
        return False
    for name, data in found.files:
        body.attachments.append(_attachment(clean_name(name), _type_of(name), data, "", False))
    if (found.text or found.html) and not any(p.strip() or h.strip() for p, h in body.segments):
        body.segments.append((found.text.replace("\r\n", "\n"), found.html))
    return True


def _type_of(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _attachment(name: str, content_type: str, content: bytes, content_id: str, inline: bool) -> Attachment:
    digest = hashlib.sha256(content).hexdigest()
    return Attachment(name, content_type, len(content), digest, content_id, inline, content)
