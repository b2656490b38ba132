"""Authentication-Results (RFC 8601) in a small form: which server found what by which method."""

import re
from collections.abc import Iterable

from sync.parsed import Verdict

COMMENT = re.compile(r"\([^()]*\)")
RESULT = re.compile(r"(?:^|[;\s])(?:x-)?([a-z0-9-]{2,30})\s*=\s*([a-z]+)", re.IGNORECASE)
METHODS = frozenset(
    ["arc", "auth", "dkim", "dkim-adsp", "dmarc", "iprev", "spf", "smime", "vbr", "bimi", "compauth"]
)


def verdicts(values: Iterable[str]) -> tuple[Verdict, ...]:
    found: list[Verdict] = []
    for value in values:
        server, _, rest = COMMENT.sub("", value[:8000]).partition(";")
        for method, result in RESULT.findall(rest):
            if method.lower() in METHODS:
                found.append(Verdict(server.strip().split(" ")[0], method.lower(), result.lower()))
    return tuple(found)
