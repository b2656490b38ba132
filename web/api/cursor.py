"""Where a list of tickets goes on: what SQL says, in letters that need no quoting in an address.

It is taken back only if it fits the order of the list. One that was made up leads nowhere, as addresses do.
"""

import base64
import re
from datetime import datetime

from core.errors import NotFound
from core.models import Sort

_NUMBER = re.compile(r"\d{1,18}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00")
_PRIORITY = re.compile("low|medium|high")
_PARTS = {
    Sort.NUMBER: (_NUMBER,),
    Sort.PRIORITY: (_PRIORITY, _TIME, _NUMBER),
    Sort.WAITING: (re.compile(f"infinity|{_TIME.pattern}"), _NUMBER),
}


def to_cursor(sort: Sort, place: str) -> str:
    return base64.urlsafe_b64encode(f"{sort}:{place}".encode()).decode().rstrip("=")


def from_cursor(sort: Sort, cursor: str) -> str:
    """What `Desk.list_tickets` takes as `after`. Raises NotFound."""
    try:
        told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        told = ""
    kind, _, place = told.partition(":")
    parts = place.split("|")
    wanted = _PARTS.get(sort, (_TIME, _NUMBER))
    fits = len(parts) == len(wanted) and all(
        one.fullmatch(part) for one, part in zip(wanted, parts, strict=False)
    )
    if kind != sort or not fits or not all(map(_exists, parts)):
        raise NotFound(
            "That cursor leads nowhere.", hint="Take it from the page before, and ask for the same order."
        )
    return place


def _exists(part: str) -> bool:
    """Not the 31st of February."""
    if not _TIME.fullmatch(part):
        return True
    try:
        return bool(datetime.fromisoformat(part))
    except ValueError:
        return False
