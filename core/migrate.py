"""Brings a Postgres, embedded, one's own or Supabase's, up to this version of sql/.

Migrations run once each, in order, and must not change afterwards. Functions and policies
are the files as they stand today: when anything changed, all of them are dropped and made
again. All of it is one transaction. What was applied is written into the comment of schema `desk`
(a digest, that of the interface, the version), so that "nothing to do" is one question.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from core.errors import DeskError, Invalid, Unreachable, from_code
from core.version import SqlFiles, checksum, misfit

Connection = psycopg.Connection[Any]

_OLDEST = 15
_LOCK = "select pg_advisory_xact_lock(hashtext('ttydesk.migrate'))"
_APPLIED = "select obj_description(to_regnamespace('desk')::oid, 'pg_namespace')"
_ROUTINES = """
select p.oid::regprocedure::text from pg_proc p
where pronamespace in ('desk'::regnamespace, 'public'::regnamespace)
  and not exists (  -- what came with an extension is its own affair
    select from pg_depend where objid = p.oid and classid = 'pg_proc'::regclass and deptype = 'e')
"""


@dataclass(frozen=True)
class Report:
    """What `migrate` did."""

    migrations: tuple[str, ...] = ()
    """The migrations that ran now, by name."""
    operations: int = 0
    """How many functions were made anew, with their policies; 0 when they were up to date."""

    @property
    def nothing(self) -> bool:
        return not self.migrations and not self.operations


def is_current(connection: Connection) -> bool:
    """Whether there is nothing to migrate: one query, no rights needed."""
    return _applied(connection) == SqlFiles.read().digest()


def require_current(connection: Connection) -> None:
    """Raises NotFound where ttydesk never was, Conflict where there is something to migrate. Reads only."""
    files = SqlFiles.read()
    with _sentences("looking at its version"):
        applied = _applied(connection)
        if applied == files.digest():
            return
        done = None if applied is None else _done(connection)
    raise misfit(files, done)


def server_version(database: str) -> str:
    """As the server says it. Raises Unreachable, or Invalid where it is too old for sql/."""
    with contextlib.closing(_connect(database)) as connection:
        number, said = connection.info.server_version, connection.info.parameter_status("server_version")
    if number < _OLDEST * 10_000:
        raise Invalid(f"That is PostgreSQL {said}; it takes {_OLDEST} or later.")
    return said or str(number // 10_000)


def migrate(database: str | Connection) -> Report:
    """Apply what is missing to the database (a libpq conninfo or an open connection)."""
    if isinstance(database, psycopg.Connection):
        return _migrate(database)
    with _connect(database) as connection:
        return _migrate(connection)


def _connect(database: str) -> Connection:
    try:
        return psycopg.connect(database, autocommit=True)
    except psycopg.OperationalError as error:
        from core.postgres import unreachable

        raise unreachable(error) from error


def _migrate(connection: Connection) -> Report:
    files = SqlFiles.read()
    digest = files.digest()
    with _sentences("migrating"):
        if _applied(connection) == digest:
            return Report()
        with connection.transaction():
            connection.execute(_LOCK)
            if _applied(connection) == digest:  # another did it while we waited
                return Report()
            connection.execute("set local statement_timeout = 0; set local lock_timeout = '60s'")
            return _apply_all(connection, files, digest)


def _apply_all(connection: Connection, files: SqlFiles, digest: str) -> Report:
    _apply(connection, files.frame, "pg_catalog")
    missing = files.missing(_done(connection))
    for name, text in missing.items():
        _apply(connection, {name: text}, "desk, public")
        row = [Path(name).name, checksum(text)]
        connection.execute("insert into desk.migrations (name, checksum) values (%s, %s)", row)
    before = _routines(connection)
    connection.execute("set local check_function_bodies = off")  # they name each other in any order
    _apply(connection, files.definitions, "desk, public")
    made = _routines(connection) - before
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into desk.operations values (%s)", [[signature] for signature in sorted(made)]
        )
    connection.execute(f"comment on schema desk is '{_told(digest)}'".encode())
    connection.execute("notify pgrst, 'reload schema'")  # PostgREST, where there is one, looks again
    return Report(tuple(Path(name).stem for name in missing), len(made))


def _told(digest: str) -> str:
    from importlib.metadata import version

    from core.interface import interface

    return f"ttydesk {digest} {interface()} {version('ttydesk')}"


def _done(connection: Connection) -> dict[str, str]:
    return dict(_rows(connection, "select name, checksum from desk.migrations order by name"))


def _apply(connection: Connection, files: dict[str, str], search_path: str) -> None:
    connection.execute(f"set local search_path = {search_path}")
    for name, text in files.items():
        with _sentences(f"sql/{name}", text):
            connection.execute(text.encode())


def _routines(connection: Connection) -> set[str]:
    """The signatures of all functions in our two schemas, every name in them in full."""
    connection.execute("set local search_path = pg_catalog")
    return {signature for (signature,) in _rows(connection, _ROUTINES)}


def _applied(connection: Connection) -> str | None:
    comment = _rows(connection, _APPLIED)[0][0]
    return comment.split(" ")[1] if comment else None


def _rows(connection: Connection, query: str) -> list[Any]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


@contextlib.contextmanager
def _sentences(what: str, text: str = "") -> Iterator[None]:
    """Turns what the database says into our own errors, with file and line."""
    try:
        yield
    except psycopg.Error as error:
        raise _sentence(error, what, text) from error


def _sentence(error: psycopg.Error, what: str, text: str) -> DeskError:
    said = error.diag.message_primary or " ".join(str(error).split())
    if position := error.diag.statement_position:
        what += f", line {text[: int(position)].count(chr(10)) + 1}"
    if error.sqlstate is None:
        return Unreachable(f"The database was lost while {what}: {said}")
    return from_code(error.sqlstate, f"{what}: {said}", error.diag.message_hint)
