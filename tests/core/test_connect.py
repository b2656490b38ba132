"""From settings to an open desk: who one is, and what is said when there is none."""

import asyncio
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.config import Settings, Supabase
from core.connect import open_desk, open_files
from core.errors import Conflict, Forbidden, NotFound, SignedOut, Unreachable
from core.models import Role
from tests.peers.hosted import PUBLISHABLE, SECRET, Project, sign


def at(database: str, tmp_path: Path, agent: str | None = None) -> Settings:
    return Settings(home=tmp_path, database_url=SecretStr(database), agent=agent)


async def test_a_new_desk_has_an_admin_and_a_mailbox(empty_database: str, tmp_path: Path) -> None:
    async with open_desk(at(empty_database, tmp_path, "ada@example.com")) as desk:
        me = await desk.whoami()
        assert (me.email, me.role) == ("ada@example.com", Role.ADMIN)
        assert [one.address for one in await desk.list_mailboxes()] == ["support@localhost"]


async def test_a_desk_that_was_migrated_and_then_killed_begins_all_the_same(
    database: str, tmp_path: Path
) -> None:
    async with open_desk(at(database, tmp_path)) as desk:
        assert (await desk.whoami()).role is Role.ADMIN


async def test_the_only_agent_need_not_say_who_they_are(database: str, tmp_path: Path) -> None:
    async with open_desk(at(database, tmp_path), service=True) as service:
        await service.add_agent("grace@example.com", "Grace")
        with pytest.raises(Conflict, match="several agents; say which one you are"):
            async with open_desk(at(database, tmp_path)):
                pass
        first = next(one for one in await service.list_agents() if one.role is Role.ADMIN)
        await service.update_agent("grace@example.com", {"role": "admin"})
        await service.update_agent(first.email, {"active": False})
    async with open_desk(at(database, tmp_path)) as desk:
        assert (await desk.whoami()).email == "grace@example.com"


async def test_an_agent_who_does_not_exist(database: str, tmp_path: Path) -> None:
    async with open_desk(at(database, tmp_path), service=True):
        pass
    with pytest.raises(NotFound, match=r"no active agent nobody@example\.com"):
        async with open_desk(at(database, tmp_path, "nobody@example.com")):
            pass


async def test_a_desk_that_is_only_looked_at_is_neither_made_nor_changed(
    empty_database: str, tmp_path: Path
) -> None:
    for settings in (at(empty_database, tmp_path), Settings(home=tmp_path)):
        with pytest.raises(NotFound, match="no desk"):
            async with open_desk(settings, service=True, as_it_is=True):
                pass
    assert os.listdir(tmp_path) == []
    async with open_desk(at(empty_database, tmp_path, "ada@example.com")):
        pass
    async with open_desk(at(empty_database, tmp_path), service=True, as_it_is=True) as desk:
        assert [one.email for one in await desk.list_agents()] == ["ada@example.com"]


async def test_no_database_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://ada:secret@127.0.0.1:1/desk?connect_timeout=1"
    with pytest.raises(Unreachable, match="cannot be reached") as raised:
        async with open_desk(at(url, tmp_path)):
            pass
    assert "secret" not in str(raised.value)


def hosted_at(project: Project, tmp_path: Path, **secrets: str) -> Settings:
    keys = {name: SecretStr(secret) for name, secret in secrets.items()}
    return Settings(home=tmp_path, supabase=Supabase(url=project.url, **keys))


async def test_a_hosted_desk_opens_for_the_service_and_for_an_agent(hosted: Project, tmp_path: Path) -> None:
    async with open_desk(hosted_at(hosted, tmp_path, secret_key=SECRET), service=True) as service:
        ada = await service.add_agent("ada@example.com", "Ada")
    signed_in = hosted_at(hosted, tmp_path, publishable_key=PUBLISHABLE, access_token=sign(str(ada.id)))
    async with open_desk(signed_in) as desk:
        assert await desk.whoami() == ada


async def test_a_hosted_desk_says_what_it_needs(hosted: Project, tmp_path: Path) -> None:
    expired = sign("nobody", seconds=-1)
    for settings, service, kind, words in (
        (hosted_at(hosted, tmp_path), False, Forbidden, "supabase.publishable_key is not set"),
        (hosted_at(hosted, tmp_path, publishable_key=PUBLISHABLE), True, Forbidden, "supabase.secret_key is"),
        (hosted_at(hosted, tmp_path, publishable_key=PUBLISHABLE), False, SignedOut, "not signed in"),
        (
            hosted_at(hosted, tmp_path, publishable_key=PUBLISHABLE, access_token=expired),
            False,
            SignedOut,
            "no longer signed in",
        ),
    ):
        with pytest.raises(kind, match=words):
            async with open_desk(settings, service=service) as desk:
                await desk.whoami()


async def test_files_lie_where_the_desk_does(hosted: Project, tmp_path: Path) -> None:
    sha256 = open_files(Settings(home=tmp_path / "own")).put("raw", b"x")
    assert os.listdir(tmp_path / "own" / "files" / "raw") == [sha256[:2]]
    async with open_desk(hosted_at(hosted, tmp_path, secret_key=SECRET), service=True) as service:
        ada = await service.add_agent("ada@example.com", "Ada")
    signed_in = hosted_at(hosted, tmp_path, publishable_key=PUBLISHABLE, access_token=sign(str(ada.id)))
    sha256 = await asyncio.to_thread(open_files(signed_in).put, "attachments", b"of Ada")
    elsewhere = Settings(home=tmp_path / "elsewhere", supabase=signed_in.supabase)
    assert await asyncio.to_thread(open_files(elsewhere).get, "attachments", sha256) == b"of Ada"
    keyless = open_files(hosted_at(hosted, tmp_path / "other"), service=True)
    with pytest.raises(Forbidden, match=r"supabase\.secret_key is not set"):
        await asyncio.to_thread(keyless.get, "attachments", sha256)
