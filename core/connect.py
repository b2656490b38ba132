"""From settings to an open desk.

The Postgres is ours, and started here, or one's own; it is brought up to date, and the
caller becomes an agent or the service. Everything that blocks runs in a thread, so that
a screen may be painted meanwhile.
"""

import asyncio
import getpass
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from core.errors import Invalid, NotFound, from_code

if TYPE_CHECKING:
    import psycopg

    from core.config import Settings
    from core.desk import Desk
    from core.gateway import Gateway

_Answer = TypeVar("_Answer")

_URL_HINT = "Look at database_url; ttydesk config show says where it is set."


@dataclass(frozen=True)
class Way:
    """What of the settings it takes to open a desk; light enough for a process that needs no more of them."""

    home: Path
    database_url: str | None = field(repr=False)
    agent: str | None
    mailbox_address: str
    mailbox_name: str

    @classmethod
    def of(cls, settings: "Settings") -> Self:
        url, box = settings.database_url, settings.mailbox
        return cls(
            settings.home, url.get_secret_value() if url else None, settings.agent, box.address, box.name
        )


@asynccontextmanager
async def open_desk(
    settings: "Settings", service: bool = False, as_it_is: bool = False
) -> AsyncIterator["Desk"]:
    """The desk, as the agent of `settings.agent`, or as what runs it (`service`).

    With `as_it_is` none is made and none brought up to date. Raises `Unreachable` when there is no database,
    `Conflict` when it is not of this version.
    """
    from core.desk import Desk

    async with open_gateway(Way.of(settings), service, as_it_is) as gateway:
        yield Desk(gateway)


@asynccontextmanager
async def open_gateway(way: Way, service: bool = False, as_it_is: bool = False) -> AsyncIterator["Gateway"]:
    """What `open_desk` stands on."""
    from core.postgres import PostgresGateway

    with ExitStack() as stack:
        conninfo, revive = await _to_its_end(_start, way, stack, as_it_is)
        agent = await asyncio.to_thread(_prepare, conninfo, way, service, as_it_is)
        gateway = PostgresGateway(
            conninfo,
            role="service_role" if service else "authenticated",
            claims={"sub": agent} if agent else {},
            revive=revive,
        )
        try:
            yield await gateway.open()
        finally:
            await gateway.close()
            await asyncio.to_thread(stack.close)


async def _to_its_end(work: Callable[..., _Answer], *arguments: Any) -> _Answer:
    """In a thread. Whoever gives up waits for it all the same: what it has begun has to be ended again."""
    working = asyncio.create_task(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise


def _start(way: Way, stack: ExitStack, as_it_is: bool) -> tuple[str, Callable[[], object] | None]:
    """The database's conninfo, and how to start its server again where it is ours."""
    if way.database_url:
        return own_address(way.database_url), None
    from core.embedded import Embedded

    embedded = Embedded(way.home)
    if as_it_is and not embedded.data.exists():
        raise NotFound(
            f"There is no desk in {way.home}.", hint="ttydesk begins one there; --home names another folder."
        )
    conninfo = embedded.start()
    stack.callback(embedded.stop)
    return conninfo, embedded.revive


def own_address(url: str) -> str:
    """The same, if libpq can read it."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its words may hold the password
        raise Invalid(
            "database_url is not the address of a Postgres.",
            hint="One looks like postgresql://user:password@host/database.",
        ) from None
    return url


def _prepare(conninfo: str, way: Way, service: bool, as_it_is: bool) -> str | None:
    """Bring the database up to date; return the agent's id, unless it is the service that asks."""
    import psycopg

    from core.migrate import migrate, require_current
    from core.postgres import unreachable

    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=10) as connection:
            if as_it_is:
                require_current(connection)
            else:
                migrate(connection)
                user = getpass.getuser()
                owner = way.agent or f"{user}@localhost"
                _ask(connection, "begin_desk", owner, user, way.mailbox_address, way.mailbox_name)
            if service:
                return None
            return str(_ask(connection, "sign_in", way.agent)["id"])
    except psycopg.OperationalError as error:
        raise unreachable(error, hint=_URL_HINT if way.database_url else None) from error


def _ask(connection: "psycopg.Connection[Any]", function: str, *arguments: object) -> Any:
    """One operation as the holder of the database."""
    import psycopg

    places = ", ".join(["%s"] * len(arguments))
    try:
        row = connection.execute(f"select public.{function}({places})".encode(), arguments).fetchone()
    except psycopg.Error as error:
        if error.sqlstate is None:  # the connection, not the operation
            raise
        said = error.diag.message_primary or str(error)
        raise from_code(error.sqlstate, said, error.diag.message_hint) from error
    if row is None:
        raise NotFound
    return row[0]
