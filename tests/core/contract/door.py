"""The ways to a desk, each with the same three who use it; a contract test goes through all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tenacity import RetryCallState

from core.desk import Desk
from core.errors import DeskError
from core.gateway import Gateway
from core.models import Mailbox, Role
from core.postgres import PostgresGateway
from core.supabase import SupabaseGateway, Token
from tests.conftest import desk_as
from tests.core.wire import wire_to
from tests.peers.hosted import PUBLISHABLE, SECRET, Project, sign

Opening = Callable[[], Coroutine[Any, Any, Gateway]]
Ways = tuple[Opening, Opening | None]

DOORS = ("postgres", "supabase", "supabase, every answer lost once")

AWKWARD = (
    "Größe 漢字 👩‍👩‍👧 \"double\" 'single' {a,b} [c] (d) \\back\\slash "
    "eq.1 is.null ?x&y=2%20+#; null\ttab\nline"
)
"""What an address, an array, JSON or SQL would have to quote."""


@dataclass
class Calls:
    operations: set[str] = field(default_factory=set)
    """Those that were called."""
    begun: int = 0
    ended: int = 0


@dataclass
class Door:
    service: Desk
    """As the daemon has it."""
    ada: Desk
    """As an admin has it."""
    grace: Desk
    """As an agent has it."""
    box: Mailbox
    database: str
    """The conninfo of what lies under it."""
    calls: Calls


class Watched:
    """A gateway that remembers what it was asked for, and whose answers Postgres itself has to give too:
    to what reads, to what is refused, and to a command that is given a second time."""

    def __init__(self, calls: Calls, first: Opening, second: Opening | None = None) -> None:
        """Each is opened when it is first needed."""
        self._calls = calls
        self._first = first
        self._second = second
        self._opened: dict[Opening, asyncio.Task[Gateway]] = {}

    async def nudges(self) -> AsyncIterator[None]:
        async for nudge in (await self._gateway(self._first)).nudges():
            yield nudge

    async def close(self) -> None:
        for opened in self._opened.values():
            await (await opened).close()

    async def _gateway(self, opening: Opening) -> Gateway:
        if opening not in self._opened:
            self._opened[opening] = asyncio.create_task(opening())
        return await asyncio.shield(self._opened[opening])  # who gives up does not close it for the others

    async def read(self, function: str, **arguments: Any) -> object:
        return await self._ask("read", function, arguments)

    async def write(self, function: str, **arguments: Any) -> object:
        return await self._ask("write", function, arguments)

    async def _ask(self, kind: str, function: str, arguments: dict[str, Any]) -> object:
        calls = self._calls
        calls.operations.add(function)
        calls.begun += 1
        place = calls.begun
        alone = calls.ended == place - 1
        try:
            answer = await getattr(await self._gateway(self._first), kind)(function, **arguments)
        except DeskError as error:
            await self._refuse_too(kind, function, arguments, error)
            raise
        finally:
            alone = alone and calls.begun == place  # others change what the second answer would be
            calls.ended += 1
        if alone and self._second and (kind == "read" or "request_id" in arguments):
            same = await getattr(await self._gateway(self._second), kind)(function, **arguments)
            assert _steady(answer) == _steady(same), function
        return answer

    async def _refuse_too(
        self, kind: str, function: str, arguments: dict[str, Any], error: DeskError
    ) -> None:
        if self._second is None:
            return
        try:
            await getattr(await self._gateway(self._second), kind)(function, **arguments)
        except DeskError as other:
            assert type(error) is type(other), function
            assert (str(error), error.hint) == (str(other), other.hint), function
        else:
            raise AssertionError(f"{function} is not refused by Postgres: {error}")


def _steady(answer: object) -> object:
    """Without what is another a moment later: so many seconds since or until something."""
    if isinstance(answer, dict):
        return {key: _steady(value) for key, value in answer.items() if not key.endswith("_seconds")}
    if isinstance(answer, list):
        return [_steady(each) for each in answer]
    return 0.0 if isinstance(answer, float) else answer


def at_once(state: RetryCallState) -> float:
    return 0


def token_of(subject: str) -> Token:
    token = sign(subject)

    async def give(refused: str | None = None) -> str:
        assert refused is None
        return token

    return give


@asynccontextmanager
async def postgres_door(database: str) -> AsyncIterator[Door]:
    def ways(subject: str | None) -> Ways:
        return (lambda: _postgres(database, subject), None)

    async with _door(database, ways) as door:
        yield door


@asynccontextmanager
async def supabase_door(project: Project, lossy: bool) -> AsyncIterator[Door]:
    async with wire_to(project.url) as wire:
        wire.lose_each_once = lossy

        def ways(subject: str | None) -> Ways:
            return (lambda: _supabase(wire.url, subject), lambda: _postgres(project.database, subject))

        async with _door(project.database, ways) as door:
            yield door


@asynccontextmanager
async def _door(database: str, ways: Callable[[str | None], Ways]) -> AsyncIterator[Door]:
    async with desk_as(database, "service_role") as service:
        box = await service.connect_mailbox("support", "maildir", "support@example.com", "Support")
        ada = await service.add_agent("ada@example.com", "Ada", Role.ADMIN)
        grace = await service.add_agent("grace@example.com", "Grace")
    calls = Calls()
    gateways = [Watched(calls, *ways(subject)) for subject in (None, str(ada.id), str(grace.id))]
    try:
        yield Door(*map(Desk, gateways), box, database, calls)
    finally:
        for gateway in gateways:
            await gateway.close()


async def _supabase(url: str, subject: str | None) -> Gateway:
    token = token_of(subject) if subject else None
    return SupabaseGateway(url, PUBLISHABLE if subject else SECRET, token, pause=at_once)


async def _postgres(database: str, subject: str | None) -> Gateway:
    role, claims = ("authenticated", {"sub": subject}) if subject else ("service_role", {})
    return await PostgresGateway(database, role=role, claims=claims).open()
