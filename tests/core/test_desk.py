"""Desk and the SQL functions are two lists that must agree."""

import inspect

import psycopg

from core.desk import Desk

NOT_OPERATIONS = {"close", "follow", "follow_mailboxes", "follow_webhooks"}
SQL_ONLY = {
    *("sign_in", "begin_desk", "may_read_file", "may_add_file"),
    *("use_token", "use_tokens", "run_once"),
}
"""Called before there is a Desk, by Supabase Storage, or by the gateways of core/tokens.py."""


def test_desk_and_sql_agree_on_names_and_arguments(database: str) -> None:
    methods = {
        name: [parameter for parameter in inspect.signature(method).parameters if parameter != "self"]
        for name, method in inspect.getmembers(Desk, inspect.isfunction)
        if not name.startswith("_") and name not in NOT_OPERATIONS
    }
    with psycopg.connect(database) as connection:
        functions = dict(
            connection.execute(
                "select proname, coalesce(proargnames, '{}') from pg_proc"
                " where pronamespace = 'public'::regnamespace"
            ).fetchall()
        )
    assert set(functions) - set(methods) == SQL_ONLY
    assert {name: sorted(functions[name]) for name in methods} == {
        name: sorted(arguments) for name, arguments in methods.items()
    }


def test_reading_operations_are_stable_and_writing_ones_volatile(database: str) -> None:
    """A hosted desk reads by GET, inside a read-only transaction."""
    with psycopg.connect(database) as connection:
        volatile = dict(
            connection.execute(
                "select proname, provolatile = 'v' from pg_proc where pronamespace = 'public'::regnamespace"
            ).fetchall()
        )
    for name in volatile.keys() - SQL_ONLY:
        source = inspect.getsource(getattr(Desk, name))
        assert ("_gateway.write(" in source) == volatile[name], name
