"""Stored attachments that belong to no message: of bounces and copies, and of answers that were never sent.

They are found and named, and left where they are: an answer that waits for the network may still need them.
"""

import asyncio
from collections.abc import Sequence
from itertools import islice

from core.desk import Desk
from core.files import Files

_PAGE = 1000


async def orphans(desk: Desk, files: Files) -> list[str]:
    """Their hashes. Who is asked twice: what was being stored meanwhile has its message the second time."""
    listing = files.listing("attachments")
    found: list[str] = []
    while page := await asyncio.to_thread(lambda: list(islice(listing, _PAGE))):
        found += await _unnamed(desk, page)
    return await _unnamed(desk, found)


async def _unnamed(desk: Desk, hashes: Sequence[str]) -> list[str]:
    left: list[str] = []
    for start in range(0, len(hashes), _PAGE):
        page = hashes[start : start + _PAGE]
        named = set(await desk.named_attachments(page))
        left += [sha256 for sha256 in page if sha256 not in named]
    return left
