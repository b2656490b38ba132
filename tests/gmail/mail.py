"""What Gmail reads out of a mail's header: who, which thread, when. Nothing a mail can hold makes it fail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses, mktime_tz, parsedate_tz

_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
_PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rif|r|i)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The part of a mail that is kept ready; everything else is read from the raw mail when asked for."""

    message_id: str
    """With its angle brackets; empty where there is none."""
    references: tuple[str, ...]
    """Of References and In-Reply-To."""
    subject: str
    topic: str
    """The subject as threads compare it."""


def envelope_of(raw: bytes) -> Envelope:
    found: dict[str, list[str]] = {"message-id": [], "references": [], "in-reply-to": [], "subject": []}
    for name, value in headers_of(raw):
        if (wanted := found.get(name.lower())) is not None:
            wanted.append(value)
    ids = _MESSAGE_ID.findall(" ".join(found["message-id"][:1]))
    references = _MESSAGE_ID.findall(" ".join(found["references"] + found["in-reply-to"]))
    subject = found["subject"][0] if found["subject"] else ""
    return Envelope(ids[0] if ids else "", tuple(dict.fromkeys(references)), subject, topic_of(subject))


def headers_of(raw: bytes) -> Iterator[tuple[str, str]]:
    """Names as written and values unfolded and decoded, in their order."""
    end = _HEADER_END.search(raw)
    block = raw[: end.start()] if end else raw
    for line in re.split(r"\r?\n", _FOLD.sub("", block.decode("utf-8", "replace"))):
        name, colon, value = line.partition(":")
        if colon and name and not re.search(r"\s", name):
            yield name, _decoded(value.strip())


def header(raw: bytes, name: str) -> str:
    """The first of that name, or nothing."""
    return next((value for found, value in headers_of(raw) if found.lower() == name.lower()), "")


def topic_of(subject: str) -> str:
    """Without Re: and the like; Gmail ignores them, case and spaces."""
    return " ".join(_PREFIX.sub("", subject).split()).casefold()


def addresses_of(raw: bytes, *names: str) -> list[str]:
    """Lower-case addresses of these headers."""
    wanted = {name.lower() for name in names}
    values = [value for name, value in headers_of(raw) if name.lower() in wanted]
    return [address.lower() for _, address in getaddresses(values) if "@" in address.strip("@")]


def date_of(raw: bytes) -> int | None:
    """The Date header in epoch milliseconds."""
    parsed = parsedate_tz(header(raw, "Date"))
    try:
        return None if parsed is None else int(mktime_tz(parsed) * 1000)
    except (ValueError, OverflowError):
        return None


def without(raw: bytes, *names: str) -> bytes:
    """The mail without these headers."""
    wanted = b"|".join(name.encode() for name in names)
    end = _HEADER_END.search(raw)
    at = end.start() + 2 if end else len(raw)
    field = rb"(?im)^(?:" + wanted + rb")[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*\n?"
    return re.sub(field, b"", raw[:at]) + raw[at:]


def with_header(raw: bytes, name: str, value: str) -> bytes:
    """One header more, on top, with the mail's own line ends."""
    line_end = b"\r\n" if b"\r\n" in raw[:2000] else b"\n"
    return f"{name}: {value}".encode() + line_end + raw


def _decoded(value: str) -> str:
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, UnicodeError, LookupError, ValueError):
        return value
