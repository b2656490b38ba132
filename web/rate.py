"""How often somebody may ask, counted in this process over a moving window."""

import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from fastapi import Request
from limits import RateLimitItem, parse

MOST = 100_000
"""Who are counted at once. Anybody can name himself otherwise at each request, by tokens that are none."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to somebody after this request."""

    is_given: bool
    limit: int
    remaining: int
    reset_seconds: int
    """Until one more is free."""


class _Window:
    """When somebody was given something, the oldest first."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.given: deque[float] = deque()

    def move(self, now: float) -> None:
        """Forget what lies behind it."""
        while self.given and self.given[0] <= now - self.seconds:
            self.given.popleft()


class Rates:
    """`limits` says what a rate means. It is counted here: its own storage looks through all who ever asked
    at each request, in a thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limits: dict[str, RateLimitItem] = {}
        self._windows: OrderedDict[tuple[str, str, str], _Window] = OrderedDict()
        """Who asked last is last."""

    async def take(self, what: str, rate: str, who: str) -> Allowance:
        """Count one request of `who` for `what`; `rate` is as "20/minute" or "5 per 10 minutes"."""
        limit = self._limits.get(rate) or self._limits.setdefault(rate, parse(rate))
        now, asked = self._clock(), (what, rate, who)
        window = self._windows.pop(asked, None) or _Window(limit.get_expiry())
        self._windows[asked] = window
        window.move(now)
        is_given = len(window.given) < limit.amount
        if is_given:
            window.given.append(now)
        self._forget(now)
        reset = max(1, math.ceil(window.given[0] + window.seconds - now)) if window.given else 1
        return Allowance(is_given, limit.amount, limit.amount - len(window.given), reset)

    def _forget(self, now: float) -> None:
        """Of those who have not asked for longest, two that have nothing left in their window; and who is
        one too many."""
        for asked in list(islice(self._windows, 2)):
            self._windows[asked].move(now)
            if not self._windows[asked].given:
                del self._windows[asked]
        if len(self._windows) > MOST:
            self._windows.popitem(last=False)


def visitor(request: Request) -> str:
    """Who asks, as far as one can tell: an address; of IPv6 its network, as a household has a whole one."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))


def minutes(seconds: float) -> str:
    """ "a minute", "7 minutes": rounded up."""
    count = math.ceil(seconds / 60)
    return "a minute" if count <= 1 else f"{count} minutes"
