"""What every page works with, and how it comes by it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import Request

from core.account import Accounts
from core.config import Settings
from core.desk import Desk
from core.files import Files
from web.rate import Rates


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Front:
    settings: Settings
    desk: Desk
    """As the service has it: who asks is for each page to find out."""
    files: Files
    key: str = field(repr=False)
    """Signs what a page hands out and takes back; all web servers of a desk have the same."""
    rates: Rates
    accounts: Accounts | None = None
    """Agents' own sign-ins; None where there are none."""
    now: Callable[[], datetime] = _utc_now


def front_of(request: Request) -> Front:
    front: Front = request.app.state.front
    return front
