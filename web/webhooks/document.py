"""Documents of others by which senders are known: their certificates.

Each is kept for as long as its sender allows. When it cannot be fetched anew, the old one goes on: until when
a certificate is good, it says itself. Nobody who asks can make us fetch often.
"""

import asyncio
import logging
import re
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from fastapi import Request

from core.errors import Unreachable
from core.text import safe_line

_TIMEOUT_SECONDS = 10.0
_LARGEST = 256 * 1024
_AGAIN = timedelta(minutes=1)
"""So long after a failure, or after it was fetched, a document is not fetched again."""
_MOST = 16
"""Documents that are kept."""
_DAY = 86_400.0
_logger = logging.getLogger("ttydesk.web")


@dataclass(frozen=True, slots=True)
class Fetched:
    content: bytes
    seconds: float
    """For so long its sender lets us keep it."""


Fetch = Callable[[str], Awaitable[Fetched]]


async def fetch(url: str) -> Fetched:
    """The document at an address, and no other that it leads to. Raises Unreachable."""
    return await asyncio.to_thread(_fetch, url)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *request: Any) -> None:
        return None


def _fetch(url: str) -> Fetched:
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(url, timeout=_TIMEOUT_SECONDS) as answer:
            content = answer.read(_LARGEST + 1)
            seconds = _seconds(answer.headers)
    except HTTPError as error:
        error.close()
        raise Unreachable(f"{_named(url)} cannot be fetched: the answer is {error.code}.") from error
    except (OSError, ValueError, HTTPException) as error:  # what it raises else is an OSError
        raise Unreachable(f"{_named(url)} cannot be fetched: {safe_line(str(error), limit=200)}.") from error
    if len(content) > _LARGEST:
        raise Unreachable(f"{_named(url)} is larger than any certificate.")
    return Fetched(content, seconds)


def _named(url: str) -> str:
    """Without its query, which may hold what is good as a secret."""
    return safe_line(url.partition("?")[0], limit=200)


def _seconds(headers: Mapping[str, str]) -> float:
    """RFC 9111, 4.2.1: max-age, less what it has been under way."""
    allowed = re.search(r"\bmax-age=(\d{1,9})\b", headers.get("Cache-Control") or "")
    age = headers.get("Age") or "0"
    return min(max(float(allowed[1]) - float(age if age.isdigit() else 0), 0.0), _DAY) if allowed else 0.0


@dataclass(slots=True)
class _Kept:
    content: bytes
    fetched_at: datetime
    until: datetime


class Documents:
    def __init__(self, fetch: Fetch, now: Callable[[], datetime]) -> None:
        self._fetch, self._now = fetch, now
        self._kept: dict[str, _Kept] = {}
        self._failed_at: dict[str, datetime] = {}
        self._lock = asyncio.Lock()

    async def get(self, url: str, newer: bool = False) -> bytes:
        """The document; a `newer` one where what we have lacks something, unless it was fetched just now.

        Raises Unreachable when there is none at all.
        """
        kept = self._kept.get(url)
        if kept is not None and not newer and self._now() < kept.until:
            return kept.content
        async with self._lock:
            kept = self._kept.get(url)
            if kept is None or self._is_old(kept, newer):
                return await self._renew(url, kept)
            return kept.content

    async def ask(self, url: str) -> None:
        """Ask for an address because somebody waits for that. Raises Unreachable."""
        await self._fetch(url)

    def _is_old(self, kept: _Kept, newer: bool) -> bool:
        return self._now() >= (kept.fetched_at + _AGAIN if newer else kept.until)

    async def _renew(self, url: str, kept: _Kept | None) -> bytes:
        try:
            failed_at = self._failed_at.get(url)
            if failed_at is not None and failed_at + _AGAIN > self._now():
                raise Unreachable(f"{_named(url)} could not be fetched a moment ago.")
            fetched = await self._attempt(url)
        except Unreachable:
            if kept is None:
                raise
            return kept.content
        now = self._now()
        lasts = max(timedelta(seconds=fetched.seconds), _AGAIN)
        self._kept.pop(url, None)
        self._kept[url] = _Kept(fetched.content, now, now + lasts)
        while len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return fetched.content

    async def _attempt(self, url: str) -> Fetched:
        try:
            return await self._fetch(url)
        except Unreachable as error:
            self._failed_at = {
                one: at for one, at in self._failed_at.items() if at + _AGAIN > self._now()
            } | {url: self._now()}
            _logger.warning("%s", error)
            raise


def documents_of(request: Request) -> Documents:
    documents: Documents = request.app.state.documents
    return documents
