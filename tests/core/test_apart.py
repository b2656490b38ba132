"""The desk by way of a process of its own: the same answers, the same errors, and it is gone when we are."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from core.apart import Apart
from core.config import Settings, Supabase
from core.desk import Desk
from core.errors import Forbidden, Invalid, NotFound, SignedOut, Unreachable
from tests.conftest import desk_as
from tests.core.test_session import mailed_code
from tests.mails import mail
from tests.peers.hosted import PUBLISHABLE, Project, sign


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=SecretStr(database), agent="ada@example.com")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Apart, Desk]]:
    with Apart() as apart:
        async with apart.open_desk(settings) as desk:
            yield apart, desk


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists() if sys.platform == "linux" else False


async def test_answers_and_errors_are_the_same(settings: Settings, service: Desk) -> None:
    await service.receive_mail(mail("one", subject="Größe 漢字"))
    async with opened(settings) as (_, desk):
        assert (await desk.whoami()).email == "ada@example.com"
        (ticket,) = (await desk.list_tickets()).tickets
        assert ticket.subject == "Größe 漢字"
        changed = await desk.update_tickets([ticket.number], {"status": "resolved"})
        assert changed.tickets[0].status == "resolved"
        with pytest.raises(NotFound, match="no ticket #99"):
            await desk.show_ticket(99)
        with pytest.raises(Forbidden):
            await desk.claim_outgoing("me")
    with pytest.raises(Unreachable):
        await desk.whoami()


async def test_a_hosted_desk_is_reached_by_it_too(hosted: Project, tmp_path: Path) -> None:
    async with desk_as(hosted.database, "service_role") as service:
        ada = await service.add_agent("ada@example.com", "Ada")
    keys = {"url": hosted.url, "publishable_key": SecretStr(PUBLISHABLE)}
    hints = {sign(str(ada.id), seconds=-1): "supabase.access_token has run out", None: "ttydesk login"}
    for token, hint in hints.items():
        signed_out = Supabase(**keys, access_token=SecretStr(token) if token else None)
        with pytest.raises(SignedOut) as raised:
            async with opened(Settings(home=tmp_path, supabase=signed_out)) as (_, desk):
                await desk.whoami()
        assert raised.value.hint and hint in raised.value.hint
    signed_in = Supabase(**keys, access_token=SecretStr(sign(str(ada.id))))
    async with opened(Settings(home=tmp_path, supabase=signed_in)) as (_, desk):
        assert await desk.whoami() == ada


async def test_one_signs_in_by_it_and_a_token_of_the_settings_needs_none(
    hosted: Project, tmp_path: Path
) -> None:
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute("delete from auth.users")
    async with desk_as(hosted.database, "service_role") as service:
        await service.add_agent("ada@example.com", "Ada")
    keys = Supabase(url=hosted.url, publishable_key=SecretStr(PUBLISHABLE))
    settings = Settings(home=tmp_path, agent="ada@example.com", supabase=keys, tokens="file")
    with Apart() as apart:
        sign_in = apart.sign_in(settings)
        assert sign_in
        assert await sign_in.address() == "ada@example.com"
        with pytest.raises(SignedOut):
            async with apart.open_desk(settings) as desk:
                await desk.whoami()
        await sign_in.send_code("ada@example.com")
        with pytest.raises(Invalid, match="That code is wrong"):
            await sign_in.enter_code("ada@example.com", "000000")
        await sign_in.enter_code("ada@example.com", mailed_code(hosted))
        async with apart.open_desk(settings) as desk:
            assert (await desk.whoami()).email == "ada@example.com"
        with pytest.raises(Invalid, match="do not fit"):
            await sign_in.enter_password("ada@example.com", "wrong")
        token = keys.model_copy(update={"access_token": SecretStr(sign("x"))})
        assert apart.sign_in(settings.model_copy(update={"supabase": token})) is None
        assert apart.sign_in(Settings(home=tmp_path)) is None


async def test_many_questions_at_once(settings: Settings, service: Desk) -> None:
    numbers = [(await service.receive_mail(mail(f"m{place}"))).number or 0 for place in range(12)]
    async with opened(settings) as (_, desk):
        shown = await asyncio.gather(*(desk.show_ticket(number) for number in numbers))
        assert [one.ticket.number for one in shown] == numbers


async def test_a_question_that_is_given_up_keeps_no_other_waiting(settings: Settings, service: Desk) -> None:
    async with opened(settings) as (_, desk):
        following = asyncio.create_task(anext(desk.follow()))
        for _ in range(20):
            asking = asyncio.create_task(desk.count_views())
            await asyncio.sleep(0)
            asking.cancel()
        assert (await desk.whoami()).email == "ada@example.com"
        await service.receive_mail(mail("news"))
        async with asyncio.timeout(60):
            assert (await following)[0].number is not None


async def test_who_follows_hears_of_changes_one_after_the_other(settings: Settings, service: Desk) -> None:
    async with opened(settings) as (_, desk), asyncio.timeout(60):
        heard: list[int | None] = []
        cursor = (await desk.events_since()).cursor
        following = desk.follow(cursor)
        for place in range(3):
            received = await service.receive_mail(mail(f"m{place}"))
            while received.number not in heard:
                heard += [event.number for event in await anext(following)]
        await following.aclose()  # type: ignore[attr-defined]
        assert (await desk.whoami()).email == "ada@example.com"


async def test_no_database_is_the_same_sentence_and_the_process_goes_on(settings: Settings) -> None:
    url = SecretStr("postgresql://ada:secret@127.0.0.1:1/desk?connect_timeout=1")
    nowhere = settings.model_copy(update={"database_url": url})
    with Apart() as apart:
        apart.open_soon(nowhere)
        for _ in range(2):
            with pytest.raises(Unreachable, match="cannot be reached") as raised:
                async with apart.open_desk(nowhere):
                    pass
            assert raised.value.hint and "secret" not in str(raised.value)
        first = apart.process
        async with apart.open_desk(settings.model_copy(update={"agent": None})) as desk:
            assert await desk.whoami()
        assert apart.process == first


async def test_it_was_killed(settings: Settings, service: Desk) -> None:
    async with opened(settings) as (apart, desk):
        first = apart.process
        following = asyncio.create_task(anext(desk.follow()))
        await desk.whoami()
        os.kill(first, signal.SIGKILL)
        with pytest.raises(Unreachable, match="process that asks the database has ended"):
            await following
        with pytest.raises(Unreachable, match="has ended"):
            await desk.whoami()
        async with apart.open_desk(settings) as again:
            assert (await again.whoami()).email == "ada@example.com"
        assert apart.process != first
        assert not is_there(first)
    assert not is_there(apart.process)


def test_it_ends_at_once_when_it_was_never_asked() -> None:
    with Apart() as apart:
        pass
    assert not is_there(apart.process)


async def test_it_survives_what_is_said_to_all_programs(settings: Settings, service: Desk) -> None:
    """At a shutdown there may be a draft to put away yet."""
    async with opened(settings) as (apart, desk):
        os.kill(apart.process, signal.SIGTERM)
        assert (await desk.whoami()).email == "ada@example.com"
        assert os.getsid(apart.process) == apart.process
