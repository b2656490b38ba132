"""Under which condition a request is meant: for a version of a ticket (RFC 9110, 13), or once and no more
(draft-ietf-httpapi-idempotency-key-header).

A ticket's ETag is its version and, where all of it is shown, a hash of what is shown: a delivery that got on
is another sight of the same version. Whoever changes a ticket means a version.
"""

import hashlib
import re
from uuid import UUID, uuid4, uuid5

from fastapi import Request
from starlette.exceptions import HTTPException

from web.api.caller import Caller

_SPACE = UUID("6f1c7a52-5d0e-5a0b-9a52-2f1b8f3f2d77")
"""Of the ids that are made of keys."""
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_TAGS = re.compile(rf"{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def etag_of(version: int, shown: bytes = b"") -> str:
    return f'"{version}-{hashlib.sha256(shown).hexdigest()[:16]}"' if shown else f'"{version}"'


def is_unchanged(request: Request, etag: str) -> bool:
    """Whether the program has it already (If-None-Match, compared weakly)."""
    asked = request.headers.get("if-none-match")
    return asked is not None and (asked.strip() == "*" or etag.strip('"') in _opaque(asked, weak=True))


def versions_of(request: Request) -> list[int] | None:
    """The versions that a change is meant for (If-Match, compared strongly); None: any."""
    asked = request.headers.get("if-match")
    if asked is None or asked.strip() == "*":
        return None
    return [
        int(tag.partition("-")[0]) for tag in _opaque(asked, weak=False) if re.match(r"\d{1,18}(-|$)", tag)
    ]


def _opaque(header: str, weak: bool) -> list[str]:
    if not _TAGS.fullmatch(header.strip()):
        raise HTTPException(400, 'An ETag stands in quotes, as "17".')
    return [tag for is_weak, tag in _TAG.findall(header) if weak or not is_weak]


def request_id_of(request: Request, caller: Caller) -> UUID:
    """One's own for each of the caller's keys; without a key, one that nobody has."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return uuid4()
    key = key.strip().removeprefix('"').removesuffix('"')
    if not _KEY.fullmatch(key):
        raise HTTPException(400, "An idempotency key has 1 to 255 characters of ASCII.")
    return uuid5(_SPACE, f"{caller.name}:{key}")
