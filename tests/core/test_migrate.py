"""core/migrate.py: once, in order, under a lock, and never half."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core import version
from core.errors import Conflict, DeskError, NotFound, Unreachable
from core.migrate import Report, is_current, migrate, require_current
from core.version import SQL
from tests.peers import hosted

Connection = psycopg.Connection[Any]


@pytest.fixture
def connection(empty_database: str) -> Iterator[Connection]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small sql/ that a test may change: a table, a function, a policy."""
    for folder in ("migrations", "functions"):
        (tmp_path / folder).mkdir()
    for name in ("foundation.sql", "withdraw.sql"):
        shutil.copy(SQL / name, tmp_path)
    (tmp_path / "migrations/0001_first.sql").write_text("create table things (id int primary key);")
    (tmp_path / "functions/things.sql").write_text(
        "create or replace function public.things(a int) returns int language sql as 'select a';"
    )
    (tmp_path / "policies.sql").write_text(
        "alter table things enable row level security;\n"
        "create policy all_things on things using (public.things(id) > 0);"
    )
    monkeypatch.setattr(version, "SQL", tmp_path)
    return tmp_path


def value(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row
    return row[0]


def test_a_new_database_gets_everything_and_then_nothing(empty_database: str, connection: Connection) -> None:
    report = migrate(empty_database)
    assert report.migrations == tuple(file.stem for file in sorted((SQL / "migrations").glob("*.sql")))
    assert report.operations > 0
    assert is_current(connection)
    assert migrate(empty_database) == Report()
    assert migrate(connection).nothing


def test_is_current_says_no_to_a_stranger(connection: Connection) -> None:
    assert not is_current(connection)


def test_what_is_not_current_is_said_and_left_as_it_is(files: Path, connection: Connection) -> None:
    with pytest.raises(NotFound, match="holds no desk"):
        require_current(connection)
    assert value(connection, "select to_regnamespace('desk')") is None
    migrate(connection)
    require_current(connection)
    (files / "functions/things.sql").write_text("-- none")
    (files / "policies.sql").write_text("-- none")
    with pytest.raises(Conflict, match="are those of another ttydesk"):
        require_current(connection)
    (files / "migrations/0002_second.sql").write_text("create table more (id int primary key);")
    with pytest.raises(Conflict, match="of an older ttydesk: it lacks 0002_second"):
        require_current(connection)
    assert value(connection, "select to_regclass('desk.more')") is None
    migrate(connection)
    (files / "migrations/0002_second.sql").unlink()
    with pytest.raises(Conflict, match="made by a newer ttydesk"):
        require_current(connection)


@pytest.mark.usefixtures("files")
def test_roles_and_who_is_asking(connection: Connection) -> None:
    migrate(connection)
    migrate(connection)
    roles = "select count(*) from pg_roles where rolname in ('anon', 'authenticated', 'service_role')"
    assert value(connection, roles) == 3
    assert value(connection, "select auth.uid()") is None
    uid = "00000000-0000-0000-0000-000000000001"
    claims = json.dumps({"sub": uid, "role": "authenticated"})
    connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])
    connection.execute("set role authenticated")
    assert str(value(connection, "select auth.uid()")) == uid
    assert value(connection, "select auth.jwt() ->> 'role'") == "authenticated"


@pytest.mark.usefixtures("files")
def test_what_supabase_brought_is_left_alone(connection: Connection) -> None:
    connection.execute("create schema auth")
    connection.execute("create function auth.uid() returns uuid language sql as 'select null::uuid'")
    migrate(connection)
    assert value(connection, "select to_regprocedure('auth.jwt()')") is None


def test_a_function_changes_its_name_arguments_and_result(files: Path, connection: Connection) -> None:
    migrate(connection)
    (files / "functions/things.sql").write_text(
        "create function public.things(b text) returns setof things language sql as 'select * from things';"
        "create function desk.more() returns int language sql as 'select 1';"
    )
    (files / "policies.sql").write_text("create policy no_things on things using (desk.more() = 2);")
    assert not is_current(connection)
    assert migrate(connection) == Report((), 2)
    ours = "select array_agg(oid::regprocedure::text) from pg_proc where proname in ('things', 'more')"
    assert sorted(value(connection, ours)) == ["desk.more()", "things(text)"]
    assert value(connection, "select array_agg(polname) from pg_policy") == ["no_things"]


def test_functions_of_others_survive(files: Path, connection: Connection) -> None:
    connection.execute("create function public.theirs() returns int language sql as 'select 1'")
    migrate(connection)
    (files / "functions/things.sql").unlink()
    (files / "policies.sql").write_text("")
    assert migrate(connection).operations == 0
    assert value(connection, "select to_regprocedure('public.theirs()')") is not None
    assert value(connection, "select to_regprocedure('public.things(int)')") is None
    assert is_current(connection)


def test_a_trigger_made_beside_its_function_is_made_anew(files: Path, connection: Connection) -> None:
    (files / "functions/touch.sql").write_text(
        "create function desk.touch() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger touch before insert on things for each row execute function desk.touch();"
    )
    migrate(connection)
    (files / "policies.sql").write_text("")
    assert migrate(connection).operations == 2
    assert value(connection, "select count(*) from pg_trigger where tgname = 'touch'") == 1


def test_a_new_migration_runs_alone(files: Path, connection: Connection) -> None:
    migrate(connection)
    (files / "migrations/0002_second.sql").write_text("alter table things add name text;")
    assert migrate(connection).migrations == ("0002_second",)


def test_a_migration_that_changed_is_refused(files: Path, connection: Connection) -> None:
    migrate(connection)
    (files / "migrations/0001_first.sql").write_text("create table things (id bigint primary key);")
    with pytest.raises(Conflict, match=r"0001_first\.sql changed after"):
        migrate(connection)


def test_a_newer_database_is_refused(files: Path, connection: Connection) -> None:
    (files / "migrations/0002_second.sql").write_text("alter table things add name text;")
    migrate(connection)
    (files / "migrations/0002_second.sql").unlink()
    with pytest.raises(Conflict, match=r"newer ttydesk.*0002_second\.sql"):
        migrate(connection)


def test_a_mistake_undoes_all_and_says_where(files: Path, connection: Connection) -> None:
    (files / "functions/wrong.sql").write_text("-- one\nselect 1;\ncreate nonsense;\n")
    with pytest.raises(DeskError, match=r"sql/functions/wrong\.sql, line 3: syntax error"):
        migrate(connection)
    assert value(connection, "select to_regnamespace('desk')") is None


def test_no_column_is_lost_to_a_function(files: Path, connection: Connection) -> None:
    """A generated column that leans on an operation stops the change; cascade would drop the column."""
    (files / "functions/things.sql").write_text(
        "create function public.things(a int) returns int language sql immutable as 'select a';"
    )
    migrate(connection)
    connection.execute(
        "alter table desk.things add doubled int generated always as (public.things(id)) stored"
    )
    (files / "policies.sql").write_text("")
    with pytest.raises(DeskError, match="other objects depend"):
        migrate(connection)
    assert (
        value(connection, "select count(*) from information_schema.columns where column_name = 'doubled'")
        == 1
    )


@pytest.mark.usefixtures("files")
def test_inside_a_transaction_of_the_caller(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        migrate(connection)
        assert is_current(connection)
    assert not is_current(connection)


@pytest.mark.usefixtures("files")
def test_whoever_listens_hears_that_the_operations_changed(
    connection: Connection, empty_database: str
) -> None:
    connection.execute("listen pgrst")
    migrate(empty_database)
    (heard,) = connection.notifies(timeout=60, stop_after=1)
    assert heard.payload == "reload schema"
    migrate(empty_database)
    assert not list(connection.notifies(timeout=0))


def _at_once(databases: list[str]) -> list[Report]:
    reports: list[Report] = []
    start = threading.Barrier(len(databases))

    def one(database: str) -> None:
        start.wait()
        reports.append(migrate(database))

    threads = [threading.Thread(target=one, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return reports


def test_many_at_once_migrate_one_database_once(empty_database: str) -> None:
    reports = _at_once([empty_database] * 6)
    assert len(reports) == 6
    assert sum(not report.nothing for report in reports) == 1


def test_two_databases_at_once_share_the_roles(server: str, admin: Connection) -> None:
    """Roles are the cluster's: both migrations want to make them in the same instant."""
    names = ["cluster_a", "cluster_b"]
    for name in names:
        admin.execute(f"create database {name}".encode())
    admin.execute("alter role anon rename to anon_before")
    try:
        assert len(_at_once([f"{server} dbname={name}" for name in names])) == 2
    finally:
        for name in names:
            admin.execute(f"drop database {name} with (force)".encode())
        admin.execute("drop role anon")
        admin.execute("alter role anon_before rename to anon")


def test_a_database_that_is_not_there(server: str) -> None:
    with pytest.raises(Unreachable, match=r"cannot be reached.*does not exist"):
        migrate(f"{server} dbname=nowhere")


def test_an_owner_who_is_no_superuser(server: str, admin: Connection) -> None:
    """A Postgres of one's own, where the owner of the database may make roles but is no superuser."""
    admin.execute("create role landlord login createrole")
    admin.execute("create database landed owner landlord")
    owned = f"{server} user=landlord dbname=landed"
    admin.execute("grant anon, authenticated, service_role to landlord")
    try:
        migrate(owned)
        with psycopg.connect(owned) as connection:
            connection.execute("set role authenticated")
            assert is_current(connection)
    finally:
        admin.execute("drop database landed with (force)")
        admin.execute("drop role landlord")


BEFORE_US = """
grant anon, authenticated, service_role to postgres with admin option;
grant usage on schema auth to postgres;
grant usage, create on schema public to postgres with grant option;
alter default privileges for role postgres in schema public
  grant all on functions to anon, authenticated, service_role;
create extension pg_trgm;
"""
"""What Supabase does in a project, beside bootstrap.sql."""


def test_as_supabase_lets_its_customers_in(server: str, admin: Connection) -> None:
    """`postgres` is no superuser there, and neither the roles nor the schema auth are its own."""
    admin.execute("create role supabase_admin superuser login")
    admin.execute("create role postgres login createdb createrole replication bypassrls")
    admin.execute("create database lodged owner postgres template template0")
    try:
        with psycopg.connect(f"{server} user=supabase_admin dbname=lodged", autocommit=True) as connection:
            connection.execute((hosted.FOLDER / "bootstrap.sql").read_bytes())
            connection.execute(BEFORE_US)
        lodged = f"{server} user=postgres dbname=lodged"
        assert migrate(lodged).operations
        with psycopg.connect(lodged, autocommit=True) as connection:
            connection.execute("comment on schema desk is 'ttydesk older'")
        assert migrate(lodged).operations
        with psycopg.connect(lodged) as connection:
            connection.execute("set role anon")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select public.list_agents()")
    finally:
        admin.execute("drop database lodged with (force)")
        admin.execute("drop owned by postgres; drop role postgres; drop role supabase_admin")
