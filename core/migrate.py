"""Brings a Postgres, embedded, one's own or Supabase's, up to this version of sql/.

Migrations run once each, in order, and must not change afterwards. Functions and policies
are the files as they stand today: when anything changed, all of them are dropped and made
again. All of it is one transaction. What was applied is written as a digest into the comment
of schema `desk`, so that "nothing to do" is one question.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from core.errors import Conflict, DeskError, NotFound, Unreachable, from_code

SQL = Path(__file__).resolve().parent.parent / "sql"

Connection = psycopg.Connection[Any]

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


@dataclass(frozen=True)
class _Files:
    """sql/ as it lies on the disk; names are relative to it."""

    migrations: dict[str, str]
    definitions: dict[str, str]
    """Functions, then policies."""
    frame: dict[str, str]
    """What runs before them."""

    @classmethod
    def read(cls, root: Path) -> "_Files":
        def texts(pattern: str) -> dict[str, str]:
            return {
                str(file.relative_to(root)): file.read_text("utf-8") for file in sorted(root.glob(pattern))
            }

        definitions = texts("functions/*.sql") | texts("policies.sql")
        return cls(texts("migrations/*.sql"), definitions, texts("foundation.sql") | texts("withdraw.sql"))

    def digest(self) -> str:
        everything = self.frame | self.migrations | self.definitions
        return _checksum("\0".join(f"{name}\0{text}" for name, text in everything.items()))


def is_current(connection: Connection) -> bool:
    """Whether there is nothing to migrate: one query, no rights needed."""
    return _applied(connection) == _Files.read(SQL).digest()


def require_current(connection: Connection) -> None:
    """Raises NotFound where ttydesk never was, Conflict where there is something to migrate. Reads only."""
    files = _Files.read(SQL)
    with _sentences("looking at its version"):
        applied = _applied(connection)
        if applied == files.digest():
            return
        if applied is None:
            raise NotFound("The database holds no desk.", hint="Begin one in it with: ttydesk db migrate")
        missing = _missing(connection, files.migrations)
    older = f"The database is of an older ttydesk: it lacks {', '.join(Path(name).stem for name in missing)}."
    raise Conflict(
        older if missing else "The operations in the database are those of another ttydesk.",
        hint="Bring it up to date with: ttydesk db migrate",
    )


def migrate(database: str | Connection) -> Report:
    """Apply what is missing to the database (a libpq conninfo or an open connection)."""
    if isinstance(database, psycopg.Connection):
        return _migrate(database)
    try:
        connection = psycopg.connect(database, autocommit=True)
    except psycopg.OperationalError as error:
        from core.postgres import unreachable

        raise unreachable(error) from error
    with connection:
        return _migrate(connection)


def _migrate(connection: Connection) -> Report:
    files = _Files.read(SQL)
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


def _apply_all(connection: Connection, files: _Files, digest: str) -> Report:
    _apply(connection, files.frame, "pg_catalog")
    missing = _missing(connection, files.migrations)
    for name, text in missing.items():
        _apply(connection, {name: text}, "desk, public")
        row = [Path(name).name, _checksum(text)]
        connection.execute("insert into desk.migrations (name, checksum) values (%s, %s)", row)
    before = _routines(connection)
    connection.execute("set local check_function_bodies = off")  # they name each other in any order
    _apply(connection, files.definitions, "desk, public")
    made = _routines(connection) - before
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into desk.operations values (%s)", [[signature] for signature in sorted(made)]
        )
    connection.execute(f"comment on schema desk is 'ttydesk {digest}'")
    connection.execute("notify pgrst, 'reload schema'")  # PostgREST, where there is one, looks again
    return Report(tuple(Path(name).stem for name in missing), len(made))


def _missing(connection: Connection, migrations: dict[str, str]) -> dict[str, str]:
    """The migrations still to run; a Conflict when what did run is not what we have."""
    ours = {Path(name).name: _checksum(text) for name, text in migrations.items()}
    done: dict[str, str] = dict(_rows(connection, "select name, checksum from desk.migrations order by name"))
    if unknown := [name for name in done if name not in ours]:
        raise Conflict(
            f"The database was made by a newer ttydesk: this one does not know {', '.join(unknown)}.",
            hint="Update ttydesk on this machine.",
        )
    if changed := [name for name, checksum in done.items() if ours[name] != checksum]:
        raise Conflict(
            f"{', '.join(changed)} changed after having been applied to this database.",
            hint="A change to the tables is a new migration; this ttydesk and this database do not fit.",
        )
    return {name: text for name, text in migrations.items() if Path(name).name not in done}


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
    return comment.removeprefix("ttydesk ") if comment else None


def _rows(connection: Connection, query: str) -> list[Any]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
