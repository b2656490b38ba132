"""The gateway: errors with their words, a lost connection, nudges that nothing waits for."""

import asyncio

import psycopg
import pytest

from core.desk import Desk
from core.errors import Invalid, NotFound, Unreachable
from core.postgres import PostgresGateway
from tests.conftest import desk_as
from tests.mails import mail


async def test_an_error_carries_its_sentence_and_its_hint(service: Desk) -> None:
    with pytest.raises(NotFound) as raised:
        await service.why("<nobody@example.com>")
    assert str(raised.value) == 'No mail is known by "<nobody@example.com>".'
    assert raised.value.hint and raised.value.hint.startswith("Give a Message-ID")


async def test_an_operation_the_database_does_not_have(database: str) -> None:
    async with desk_as(database, "service_role") as desk:
        with pytest.raises(NotFound, match="no operation fly"):
            await desk._gateway.read("fly")


async def test_a_nul_is_refused_not_stored(service: Desk) -> None:
    with pytest.raises(Invalid):
        await service.receive_mail(mail("a", content="a\0b"))


async def test_a_connection_that_was_cut_is_opened_again(service: Desk, database: str) -> None:
    await service.receive_mail(mail("a"))
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    await service.receive_mail(mail("b"))
    assert len((await service.list_tickets()).tickets) == 2


async def test_a_call_that_takes_too_long_is_one_sentence(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "create function public.doze() returns jsonb language sql stable as"
            " 'select to_jsonb(1) from pg_sleep(60)'"
        )
    async with desk_as(f"{database} options='-c statement_timeout=1000'", "service_role") as desk:
        with pytest.raises(Unreachable, match="it would have taken too long; nothing was changed"):
            await desk._gateway.read("doze")


async def test_no_database_is_one_sentence() -> None:
    gateway = PostgresGateway("host=127.0.0.1 port=1 dbname=x connect_timeout=1", role="anon", claims={})
    with pytest.raises(Unreachable, match="The database cannot be reached"):
        await gateway.open(within=0.2)


async def test_nudges_come_after_the_commit_and_after_a_lost_line(service: Desk, database: str) -> None:
    async with desk_as(database, "service_role") as other:
        nudges = other._gateway.nudges()
        await anext(nudges)  # listening now
        await service.receive_mail(mail("a"))
        await asyncio.wait_for(anext(nudges), 60)
        with psycopg.connect(database, autocommit=True) as cut:
            cut.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and query = 'listen ttydesk'"
            )
        await asyncio.wait_for(anext(nudges), 60)
        await asyncio.wait_for(anext(nudges), 60)
        await nudges.aclose()  # type: ignore[attr-defined]
