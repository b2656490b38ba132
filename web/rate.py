"""How often somebody may ask, counted in this process over a moving window."""

import ipaddress
import math
import time
from dataclasses import dataclass

from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to somebody after this request."""

    is_given: bool
    limit: int
    remaining: int
    reset_seconds: int
    """Until one more is free."""


class Rates:
    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limits: dict[str, RateLimitItem] = {}

    async def take(self, what: str, rate: str, who: str) -> Allowance:
        """Count one request of `who` for `what`; `rate` is as "20/minute" or "5 per 10 minutes"."""
        limit = self._limits.get(rate) or self._limits.setdefault(rate, parse(rate))
        is_given = await self._limiter.hit(limit, what, who)
        reset_at, remaining = await self._limiter.get_window_stats(limit, what, who)
        reset = max(1, math.ceil(reset_at - time.time()))
        return Allowance(is_given, limit.amount, remaining, reset)


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
