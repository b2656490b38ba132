"""The rows that taking in mails has made, and inserting them again with nothing around it: a limit for
comparison.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

_TABLES = ("users", "tickets", "raw_mails", "deliveries", "messages", "attachments", "events")

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class MadeRows:
    """What each mail of the ledger has made, in the order of the ledger, as (table, values)."""

    columns: dict[str, list[str]]
    mails: list[list[tuple[str, Row]]]


def read_rows(conninfo: str) -> MadeRows:
    with psycopg.connect(conninfo) as connection:
        connection.execute("set search_path = desk, public")
        columns = {table: _columns(connection, table) for table in _TABLES}
        tables = {table: _rows(connection, table, columns[table]) for table in _TABLES}
    return MadeRows(columns, _by_mail(columns, tables))


def _columns(connection: psycopg.Connection[Any], table: str) -> list[str]:
    found = connection.execute(
        "select column_name from information_schema.columns"
        " where table_schema = 'desk' and table_name = %s and is_generated = 'NEVER'"
        " order by ordinal_position",
        [table],
    )
    return [name for (name,) in found if (table, name) != ("events", "xid")]


def _rows(connection: psycopg.Connection[Any], table: str, columns: list[str]) -> list[dict[str, Any]]:
    query = sql.SQL("select {} from {}").format(
        # As text: a tsvector or an enum goes back in as it came out.
        sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(name))
            if name in ("words", "embedding")
            else sql.Identifier(name)
            for name in columns
        ),
        sql.Identifier(table),
    )
    return [dict(zip(columns, row, strict=True)) for row in connection.execute(query)]


def _by_mail(
    columns: dict[str, list[str]], tables: dict[str, list[dict[str, Any]]]
) -> list[list[tuple[str, Row]]]:
    users = {row["id"]: row for row in tables["users"]}
    tickets = {row["id"]: row for row in tables["tickets"]}
    messages = {row["raw_mail_id"]: row for row in tables["messages"]}
    deliveries = {row["raw_mail_id"]: row for row in tables["deliveries"]}
    attachments: dict[Any, list[dict[str, Any]]] = {}
    for row in tables["attachments"]:
        attachments.setdefault(row["message_id"], []).append(row)
    events: dict[Any, list[dict[str, Any]]] = {}
    for row in sorted(tables["events"], key=lambda row: row["id"]):
        events.setdefault(row["ticket_id"], []).append(row)
    mails = []
    for raw_mail in sorted(tables["raw_mails"], key=lambda row: row["id"]):
        message = messages[raw_mail["id"]]
        ticket = tickets.pop(raw_mail["ticket_id"], None)
        user = users.pop(ticket["user_id"], None) if ticket else None
        made = [("users", user), ("tickets", ticket), ("raw_mails", raw_mail)]
        made += [("deliveries", deliveries.get(raw_mail["id"])), ("messages", message)]
        made += [("attachments", row) for row in attachments.get(message["id"], [])]
        waiting = events.get(raw_mail["ticket_id"])
        made.append(("events", waiting.pop(0) if waiting else None))
        mails.append([(table, _values(columns[table], row)) for table, row in made if row])
    return mails


def _values(columns: list[str], row: dict[str, Any]) -> Row:
    return tuple(Jsonb(row[name]) if isinstance(row[name], dict) else row[name] for name in columns)


def insert_rows(conninfo: str, rows: MadeRows) -> None:
    """One transaction a mail, one prepared statement a row."""
    queries = {table: _insert(table, names) for table, names in rows.columns.items()}
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set search_path = desk, public")
        with connection.cursor() as cursor:
            for mail in rows.mails:
                with connection.transaction():
                    for table, values in mail:
                        cursor.execute(queries[table], values, prepare=True)


def copy_mailboxes(source: str, target: str) -> None:
    """What the rows refer to and no mail has made."""
    with psycopg.connect(source) as connection:
        found = connection.execute("select * from desk.mailboxes").fetchall()
    with psycopg.connect(target) as connection:
        for row in found:
            places = ", ".join(["%s"] * len(row))
            connection.execute(f"insert into desk.mailboxes values ({places})".encode(), row)


def _insert(table: str, columns: list[str]) -> sql.Composed:
    return sql.SQL("insert into {} ({}) overriding system value values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )
