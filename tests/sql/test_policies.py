"""Rights, as sentences about all tables and all functions."""

from typing import Any

import psycopg
import pytest

from core.migrate import migrate

OURS = "p.pronamespace in ('desk'::regnamespace, 'public'::regnamespace)"


@pytest.fixture
def rows(database: str) -> Any:
    with psycopg.connect(database) as connection:
        yield lambda query: connection.execute(query).fetchall()


def test_every_table_has_row_level_security(rows: Any) -> None:
    tables = rows("select relname, relrowsecurity from pg_class"
                  " where relkind = 'r' and relnamespace = 'desk'::regnamespace")  # fmt: skip
    assert len(tables) > 10
    assert [name for name, secured in tables if not secured] == []


def test_every_function_pins_its_search_path(rows: Any) -> None:
    functions = rows(f"select p.oid::regprocedure::text, p.proconfig from pg_proc p where {OURS}")
    assert len(functions) > 50
    assert [
        name for name, config in functions if "search_path=desk, public, pg_temp" not in (config or [])
    ] == []


def test_every_operation_is_granted_by_name_and_to_everybody_only_what_the_version_is(rows: Any) -> None:
    operations = rows("""
        select p.proname, has_function_privilege('anon', p.oid, 'execute'),
          has_function_privilege('authenticated', p.oid, 'execute')
            or has_function_privilege('service_role', p.oid, 'execute'),
          p.prosecdef
        from pg_proc p where p.pronamespace = 'public'::regnamespace""")
    assert [name for name, anyone, _, _ in operations if anyone] == ["desk_version"]
    assert [name for name, _, someone, _ in operations if not someone] == []
    assert [name for name, _, _, definer in operations if not definer] == []


def test_nothing_in_the_schema_of_the_tables_can_be_called(rows: Any) -> None:
    for role in ("anon", "authenticated", "service_role"):
        assert rows(f"select p.proname from pg_proc p where p.pronamespace = 'desk'::regnamespace"
                    f" and has_function_privilege('{role}', p.oid, 'execute')") == []  # fmt: skip


def test_no_operation_has_two_signatures(rows: Any) -> None:
    """PostgREST could not choose between them."""
    assert rows("select proname from pg_proc where pronamespace = 'public'::regnamespace"
                " group by proname having count(*) > 1") == []  # fmt: skip


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_the_tables_are_out_of_reach(database: str, role: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"set role {role}".encode())
        for statement in (
            "select * from desk.tickets",
            "delete from desk.messages",
            "select desk.current_agent()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_on_supabase_its_default_grants_do_not_open_our_operations(empty_database: str) -> None:
    """There every new function in `public` is given to three roles, and must go on being so for others."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            "alter default privileges in schema public grant execute on functions"
            " to anon, authenticated, service_role"
        )
        migrate(connection)
        connection.execute("create function public.theirs() returns int language sql as 'select 1'")
        open_to_agents = {
            name
            for (name,) in connection.execute(
                "select proname from pg_proc where pronamespace = 'public'::regnamespace"
                " and has_function_privilege('authenticated', oid, 'execute')"
            )
        }
    assert "theirs" in open_to_agents
    assert "list_tickets" in open_to_agents
    assert "receive_mail" not in open_to_agents


def test_no_role_reaches_a_table(database: str) -> None:
    with psycopg.connect(database) as connection:
        reached = connection.execute("""
            select c.relname, r.rolname from pg_class c, pg_roles r
            where c.relnamespace = 'desk'::regnamespace and c.relkind in ('r', 'v', 'm', 'S')
              and r.rolname in ('anon', 'authenticated', 'service_role')
              and case c.relkind when 'S' then has_sequence_privilege(r.oid, c.oid, 'usage,select,update')
                else has_table_privilege(r.oid, c.oid, 'select,insert,update,delete,truncate') end""")
    assert reached.fetchall() == []
