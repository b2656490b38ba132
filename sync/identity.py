"""Message ids and dates of a header (RFC 5322, sections 3.3 and 3.6.4), repaired where senders slip."""

import re
from datetime import UTC, datetime, timedelta, timezone

BRACKETED = re.compile(r"<([^<>]*)>")
SPACE = re.compile(r"[\s\x00]+")
ID = re.compile(r"[^\s<>,;\"()@]{1,256}@[^\s<>,;\"()]{1,256}")
# More references than any thread needs; the first and the last say where it belongs.
LIMIT = 1000


def message_ids(value: str) -> tuple[str, ...]:
    """Every id of In-Reply-To or References, in order, once each; ids without brackets get them."""
    if not value:
        return ()
    found = [f"<{SPACE.sub('', inner)}>" for inner in BRACKETED.findall(value) if inner.strip()]
    if not found:
        found = [f"<{bare}>" for bare in ID.findall(value)]
    unique = tuple(dict.fromkeys(found))
    return unique if len(unique) <= LIMIT else unique[:1] + unique[1 - LIMIT :]


def message_id(value: str) -> str | None:
    found = message_ids(value)
    if found:
        return found[0]
    bare = SPACE.sub("", value).strip("<>")
    return f"<{bare}>" if bare else None


def date(value: str) -> datetime | None:
    """Aware; a date without a zone counts as UTC."""
    if not value:
        return None
    from email.utils import parsedate_tz

    try:
        parts = parsedate_tz(value[:200])
        if parts is None:
            return None
        zone = timezone(timedelta(seconds=parts[9])) if parts[9] else UTC
        return datetime(*parts[:6], tzinfo=zone)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
