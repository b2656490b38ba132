"""One Postgres for the session (with xdist, per worker), a migrated template in it, a copy of it per test."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.desk import Desk
from core.embedded import Embedded
from core.migrate import migrate
from core.models import Role
from core.postgres import PostgresGateway
from tests.peers.hosted import Project, supabase

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}
"""What a server may leave out whose data nobody will miss."""

_EMPTY = """
do $$ begin
  execute (select 'truncate ' || string_agg(format('desk.%I', tablename), ', ') || ' restart identity'
    from pg_tables where schemaname = 'desk' and tablename not in ('migrations', 'operations'));
end $$
"""

_serial = count()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes and long texts give a test no name: some are made anew each time, and processes that share the
    tests have to call them the same."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 60) else None


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


@pytest.fixture(scope="session")
def project(server: str, admin: psycopg.Connection) -> Iterator[Project]:
    """The session's project at Supabase; `hosted` empties it for a test."""
    admin.execute("create database hosted template template0")
    with (
        tempfile.TemporaryDirectory(prefix="ttydesk-hosted-") as storage,
        supabase(f"{server} dbname=hosted", Path(storage)) as project,
    ):
        yield project
    admin.execute("drop database hosted with (force)")


@pytest.fixture
def hosted(project: Project) -> Project:
    """A project with a desk that nobody has used."""
    with psycopg.connect(project.database, autocommit=True) as connection:
        connection.execute(_EMPTY)
    return project


@pytest.fixture
async def service(database: str) -> AsyncIterator[Desk]:
    """The desk as the daemon has it, with one mailbox (support@example.com) and two agents:
    ada@example.com, an admin, and grace@example.com."""
    async with desk_as(database, "service_role") as desk:
        await desk.connect_mailbox("support", "maildir", "support@example.com", "Support")
        await desk.add_agent("ada@example.com", "Ada", Role.ADMIN)
        await desk.add_agent("grace@example.com", "Grace")
        yield desk


@pytest.fixture
async def desk(database: str, service: Desk) -> AsyncIterator[Desk]:
    """The desk as ada@example.com has it."""
    agents = {agent.email: agent for agent in await service.list_agents()}
    async with desk_as(database, "authenticated", sub=str(agents["ada@example.com"].id)) as desk:
        yield desk


@asynccontextmanager
async def desk_as(database: str, role: str, **claims: Any) -> AsyncIterator[Desk]:
    gateway = await PostgresGateway(database, role=role, claims=claims).open()
    try:
        yield Desk(gateway)
    finally:
        await gateway.close()
