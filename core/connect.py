"""From settings to an open desk, by one of three ways.

The Postgres is ours, and started here, or one's own; it is brought up to date, and the
caller becomes an agent or the service. Or it is hosted at Supabase, where the caller is who
the token says, and which only an admin brings up to date. Everything that blocks runs in a
thread, so that a screen may be painted meanwhile.
"""

import asyncio
import getpass
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from core.errors import Forbidden, Invalid, NotFound, SignedOut, from_code

if TYPE_CHECKING:
    import psycopg
    from pydantic import SecretStr

    from core.bucket import Bucket
    from core.config import Settings
    from core.desk import Desk
    from core.files import Files
    from core.gateway import Gateway
    from core.session import Session
    from core.supabase import Token

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
    supabase_url: str | None = None
    publishable_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    tokens: str = "auto"

    @classmethod
    def of(cls, settings: "Settings") -> Self:
        box, hosted = settings.mailbox, settings.supabase
        return cls(
            settings.home,
            _revealed(settings.database_url),
            settings.agent,
            box.address,
            box.name,
            hosted.url,
            _revealed(hosted.publishable_key),
            _revealed(hosted.secret_key),
            _revealed(hosted.access_token),
            settings.tokens,
        )


def _revealed(secret: "SecretStr | None") -> str | None:
    return secret.get_secret_value() if secret else None


@asynccontextmanager
async def open_desk(
    settings: "Settings", service: bool = False, as_it_is: bool = False
) -> AsyncIterator["Desk"]:
    """The desk, as the agent of `settings.agent`, or as what runs it (`service`).

    With `as_it_is` none is made and none brought up to date. Raises `Unreachable` when there is no database,
    `Conflict` when it is not of this version; to an agent of a hosted desk, the first call does.
    """
    from core.desk import Desk

    async with open_gateway(Way.of(settings), service, as_it_is) as gateway:
        yield Desk(gateway)


@asynccontextmanager
async def open_gateway(way: Way, service: bool = False, as_it_is: bool = False) -> AsyncIterator["Gateway"]:
    """What `open_desk` stands on."""
    opening = _open_hosted(way, service) if way.supabase_url else _open_postgres(way, service, as_it_is)
    async with opening as gateway:
        yield gateway


@asynccontextmanager
async def _open_postgres(way: Way, service: bool, as_it_is: bool) -> AsyncIterator["Gateway"]:
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


@asynccontextmanager
async def _open_hosted(way: Way, service: bool) -> AsyncIterator["Gateway"]:
    """Nothing is made or changed there: that takes the database itself, and an admin.

    An agent who is far away is not kept waiting for the desk's version: the first call says what is wrong.
    The service has to be of the desk's very version: much of what it hands over no interface describes.
    """
    key = way.secret_key if service else way.publishable_key
    if not key:
        raise no_key("supabase.secret_key" if service else "supabase.publishable_key")
    token = None if service else _token(way)
    gateway_of = await asyncio.to_thread(_hosted_gateway)  # importing it takes a second
    gateway = gateway_of(way.supabase_url, key, token, strict=service)
    try:
        await gateway.open()
        if service:
            await gateway.require_fit()
        yield gateway
    finally:
        await gateway.close()


def no_key(name: str) -> Forbidden:
    return Forbidden(
        f"The desk at Supabase opens with a key, and {name} is not set.",
        hint="Supabase shows the keys of a project under Project Settings, API Keys.",
    )


def _hosted_gateway() -> Callable[..., Any]:
    from core.supabase import SupabaseGateway

    return SupabaseGateway


def _token(way: Way) -> "Token":
    """The token of whoever asks: the one of the settings, or that of the agent who signed in here."""
    if not way.access_token:
        return session_of(way)

    async def token(refused: str | None = None) -> str:
        if not way.access_token or way.access_token == refused:
            raise SignedOut(
                "You are no longer signed in.", hint="The token of supabase.access_token has run out."
            )
        return way.access_token

    return token


def session_of(way: Way) -> "Session":
    """The sign-in that is kept on this machine. Raises Invalid where the desk is not at Supabase."""
    from core.session import Session
    from core.vault import open_vault

    if not way.supabase_url:
        raise Invalid(
            "This desk has no sign-in: it is not at Supabase.", hint="ttydesk whoami says who you are."
        )
    if not way.publishable_key:
        raise no_key("supabase.publishable_key")
    return Session(way.supabase_url, way.publishable_key, open_vault(way.home, way.tokens), way.home)


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


def open_files(settings: "Settings", service: bool = False) -> "Files":
    """Where the desk keeps mails and attachments: on this machine, or at Supabase. Opens nothing yet."""
    from core.files import LocalFiles

    way, folder = Way.of(settings), settings.home / "files"
    if not way.supabase_url:
        return LocalFiles(folder)
    from core.storage import HostedFiles

    return HostedFiles(lambda: _bucket(way, service), folder)


def _bucket(way: Way, service: bool) -> "Bucket":
    from core.bucket import Bucket

    key = way.secret_key if service else way.publishable_key
    if not key or not way.supabase_url:
        raise no_key("supabase.secret_key" if service else "supabase.publishable_key")
    if service:
        return Bucket(way.supabase_url, key)
    token = _token(way)
    return Bucket(way.supabase_url, key, lambda refused: asyncio.run(token(refused)))
