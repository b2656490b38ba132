"""The gateway to a Postgres, embedded or one's own, over psycopg.

Role and claims are those PostgREST would set, so the same grants and policies hold.
Whoever follows is nudged by NOTIFY after the commit, never inside the transaction:
there it would make all writers queue behind one lock.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from pydantic_core import to_jsonable_python

from core.errors import NotFound, Unreachable, from_code

# The pool tells of each attempt to connect again; whoever asks for a connection is told anyway.
logging.getLogger("psycopg").setLevel(logging.ERROR)

CHANNEL = "ttydesk"
_NET_SECONDS = 5.0  # a nudge may be lost; this often one looks anyway
_NUDGE_SECONDS = 0.02  # a storm of writes becomes one nudge
_TYPES = """
select proname, coalesce(proargnames, '{}'), proargtypes::regtype[]::text[]
from pg_proc where pronamespace = 'public'::regnamespace
"""


class PostgresGateway:
    def __init__(
        self,
        conninfo: str,
        *,
        role: str,
        claims: dict[str, Any],
        revive: Callable[[], object] | None = None,
    ) -> None:
        """`revive` starts the server again where that is ours to do; it may block."""
        self._conninfo = conninfo
        self._caller = (role, json.dumps({"role": role, **claims}))
        self._revive = revive
        self._queries: dict[str, bytes] = {}
        self._types: dict[str, dict[str, str]] = {}
        self._nudge: asyncio.Task[None] | None = None
        self._pool = AsyncConnectionPool(
            conninfo,
            kwargs={"autocommit": True, "connect_timeout": 5, **_notices_dead_lines(conninfo)},
            configure=self._become_caller,
            open=False,
            min_size=1,
            max_size=4,
            timeout=5,
            reconnect_timeout=5,
        )

    async def open(self, within: float = 10) -> "PostgresGateway":
        try:
            await self._pool.open(wait=True, timeout=within)
        except psycopg.OperationalError as error:
            raise unreachable(error) from error
        return self

    async def close(self) -> None:
        if self._nudge:
            await self._nudge
        await self._pool.close()

    async def read(self, function: str, **arguments: Any) -> object:
        answer = await self._call(function, arguments)
        _heed_cancellation()
        return answer

    async def write(self, function: str, **arguments: Any) -> object:
        answer = await self._call(function, arguments)
        if self._nudge is None or self._nudge.done():
            self._nudge = asyncio.create_task(self._send_nudge())
        _heed_cancellation()
        return answer

    async def nudges(self) -> AsyncIterator[None]:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, connect_timeout=5, **_notices_dead_lines(self._conninfo)
                ) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    yield None  # for whatever came while nobody listened
                    while True:
                        async for _ in connection.notifies(timeout=_NET_SECONDS, stop_after=1):
                            pass
                        yield None
            except psycopg.OperationalError:
                await asyncio.sleep(1)
                yield None  # whoever follows asks, and learns that the database is away

    async def _call(self, function: str, arguments: dict[str, Any]) -> object:
        """Every operation may be called twice, so one that lost its connection is tried again, once."""
        values = to_jsonable_python(arguments)
        try:
            try:
                return await self._execute(function, values)
            except psycopg.OperationalError as error:
                if error.sqlstate and not error.sqlstate.startswith(("08", "57P")):
                    raise
                if self._revive:
                    await asyncio.to_thread(self._revive)
                await self._pool.check()
                return await self._execute(function, values)
        except psycopg.OperationalError as error:
            if error.sqlstate:
                raise from_code(error.sqlstate, error.diag.message_primary or str(error)) from error
            raise unreachable(error) from error
        except psycopg.Error as error:
            diagnosis = error.diag
            raise from_code(
                error.sqlstate, diagnosis.message_primary or str(error), diagnosis.message_hint
            ) from error

    async def _execute(self, function: str, values: dict[str, Any]) -> object:
        async with self._pool.connection() as connection:
            if not self._types:
                self._types = await _argument_types(connection)
            if function not in self._types:
                raise NotFound(
                    f"The database has no operation {function}.",
                    hint="Bring it up to date: ttydesk db migrate.",
                )
            types = self._types[function]
            bound = {
                name: Jsonb(value) if types.get(name) == "jsonb" and value is not None else value
                for name, value in values.items()
            }
            cursor = await connection.execute(self._query(function, values), bound)
            row = await cursor.fetchone()
            return row[0] if row else None

    def _query(self, function: str, values: dict[str, Any]) -> bytes:
        query = self._queries.get(function)
        if query is None:
            composed = sql.SQL("select {}({})").format(
                sql.Identifier("public", function),
                sql.SQL(", ").join(
                    sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values
                ),
            )
            query = self._queries[function] = composed.as_bytes()
        return query

    async def _become_caller(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(
            "select set_config('role', %s, false), set_config('request.jwt.claims', %s, false),"
            " set_config('timezone', 'UTC', false)",
            self._caller,
        )

    async def _send_nudge(self) -> None:
        await asyncio.sleep(_NUDGE_SECONDS)
        self._nudge = None
        try:
            async with self._pool.connection() as connection:
                await connection.execute(f"notify {CHANNEL}")
        except psycopg.OperationalError:
            return  # followers look every few seconds anyway


def _notices_dead_lines(conninfo: str) -> dict[str, Any]:
    """What makes TCP tell within half a minute that nobody is there, where it would take hours by itself.

    What the conninfo says of these goes first.
    """
    wanted = {
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    return {name: value for name, value in wanted.items() if name not in conninfo_to_dict(conninfo)}


def _heed_cancellation() -> None:
    """Whoever was cancelled in the instant of the answer would go on: `asyncio.wait_for`, which the pool
    uses, forgets it then (until Python 3.12)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _argument_types(connection: psycopg.AsyncConnection[Any]) -> dict[str, dict[str, str]]:
    """The types of all operations' arguments: a list is an array for one, JSON for another."""
    rows = await (await connection.execute(_TYPES)).fetchall()
    return {name: dict(zip(names, types, strict=True)) for name, names, types in rows}


def unreachable(error: psycopg.Error, hint: str | None = None) -> Unreachable:
    """What libpq says, without its question whether the server runs."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = " ".join(line for line in lines if not line.startswith("Is the server running"))
    said = said.removeprefix("connection failed: ").removeprefix("connection is bad: ")
    return Unreachable(f"The database cannot be reached: {said.rstrip('.')}.", hint=hint)
