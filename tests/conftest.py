"""One Postgres for the session (with xdist, per worker), a migrated template in it, a copy of that per test."""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from core.embedded import Embedded
from core.migrate import migrate

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}
"""What a server may leave out whose data nobody will miss."""

_serial = count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The conninfo of the session's Postgres. Not under tmp_path: its account, as root, must get there."""
    with tempfile.TemporaryDirectory(prefix="ttydesk-tests-") as home, Embedded(Path(home), FAST) as embedded:
        yield embedded.start()


@pytest.fixture(scope="session")
def admin(server: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template(server: str, admin: psycopg.Connection) -> str:
    """The name of a database that every migration was applied to; nothing may connect to it any more."""
    admin.execute("create database template_desk")
    migrate(f"{server} dbname=template_desk")
    return "template_desk"


@pytest.fixture
def empty_database(server: str, admin: psycopg.Connection) -> Iterator[str]:
    """The conninfo of a database that ttydesk has never seen."""
    yield from _database(server, admin, "template0")


@pytest.fixture
def database(server: str, admin: psycopg.Connection, template: str) -> Iterator[str]:
    """The conninfo of a migrated database of this test's own."""
    yield from _database(server, admin, template)


def _database(server: str, admin: psycopg.Connection, template: str) -> Iterator[str]:
    name = f"desk_{next(_serial)}"
    admin.execute(f"create database {name} template {template} strategy file_copy".encode())
    yield f"{server} dbname={name}"
    admin.execute(f"drop database {name} with (force)".encode())
