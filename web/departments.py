"""The departments that a form offers, without asking the database for every page."""

import time
from collections.abc import Callable
from contextlib import suppress

from core.config import Settings
from core.desk import Desk
from core.errors import DeskError

_FRESH_SECONDS = 30.0


class Departments:
    """Those of the settings, or all there are; a new one is offered within half a minute."""

    def __init__(self, settings: Settings, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk, self._clock = desk, clock
        named = [one.strip() for one in settings.web.departments.split(",") if one.strip()]
        self._named = None if not named else () if named == ["none"] else tuple(named)
        self._found: tuple[str, ...] | None = None
        self._asked_at = 0.0

    async def offered(self) -> tuple[str, ...]:
        """What was offered last is offered on while the database is asked, and while it is away.

        Never raises: a form without them can be filled in, and whoever sends it is told what is wrong.
        """
        if self._named is not None:
            return self._named
        if self._found is None or self._clock() - self._asked_at > _FRESH_SECONDS:
            self._asked_at = self._clock()
            with suppress(DeskError):
                self._found = tuple(await self._desk.list_departments())
        return self._found or ()
