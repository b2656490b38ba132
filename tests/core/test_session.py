"""Signing in at Supabase's own server: by code and password, kept, refreshed once for all, ended."""

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from core.desk import Desk
from core.errors import Forbidden, Invalid, SignedOut, StorageFailed, Unreachable
from core.models import Agent, Role
from core.session import Kept, Session
from core.supabase import SupabaseGateway
from core.vault import SecretFiles
from tests.conftest import desk_as
from tests.core.wire import Wire, wire_to
from tests.peers.hosted import PUBLISHABLE, Project

ADDRESS = "ada@example.com"


@pytest.fixture
async def ada(hosted: Project) -> Agent:
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute("delete from auth.users")
    async with desk_as(hosted.database, "service_role") as service:
        await service.add_agent("root@example.com", "Root", Role.ADMIN)
        return await service.add_agent(ADDRESS, "Ada", departments=["billing"])


@pytest.fixture
async def wire(hosted: Project) -> AsyncIterator[Wire]:
    async with wire_to(hosted.url) as wire:
        yield wire


def session(home: Path, url: str) -> Session:
    return Session(url, PUBLISHABLE, SecretFiles(home / "tokens"), home)


def mailed_code(project: Project, address: str = ADDRESS) -> str:
    """Out of the newest mail to that address."""
    with urllib.request.urlopen(f"{project.url}/__test/mail?to={address}") as answer:
        mails: list[dict[str, Any]] = json.load(answer)
    found = re.search(r"\b(\d{6})\b", json.dumps(mails[-1]))
    assert found, mails[-1]
    return found[1]


async def signed_in(home: Path, project: Project, url: str | None = None) -> Session:
    ours = session(home, url or project.url)
    await ours.send_code(ADDRESS)
    await ours.enter_code(ADDRESS, mailed_code(project))
    return ours


@asynccontextmanager
async def opened(ours: Session) -> AsyncIterator[Desk]:
    gateway = SupabaseGateway(ours.url, PUBLISHABLE, ours)
    try:
        yield Desk(await gateway.open())
    finally:
        await gateway.close()


async def test_a_mailed_code_makes_the_account_an_agents(tmp_path: Path, hosted: Project, ada: Agent) -> None:
    async with opened(await signed_in(tmp_path, hosted)) as desk:
        with pytest.raises(Forbidden, match="not an active agent"):
            await desk.whoami()
        assert (await desk.claim_account()).id == ada.id
    async with opened(session(tmp_path, hosted.url)) as desk:
        assert (await desk.whoami()).email == ADDRESS, "another program of the same machine"


async def test_a_password_alone_makes_nobody_an_agent(tmp_path: Path, hosted: Project, ada: Agent) -> None:
    """Whoever may sign up in the project may do so under any address."""
    async with httpx.AsyncClient(headers={"apikey": PUBLISHABLE}) as http:
        body = {"email": ADDRESS, "password": "correct horse"}
        (await http.post(f"{hosted.url}/auth/v1/signup", json=body)).raise_for_status()
    ours = session(tmp_path, hosted.url)
    await ours.enter_password(ADDRESS, "correct horse")
    async with opened(ours) as desk:
        with pytest.raises(Forbidden, match="not an active agent"):
            await desk.claim_account()


async def test_one_who_is_made_inactive_is_out_at_the_next_call(
    tmp_path: Path, hosted: Project, ada: Agent
) -> None:
    async with opened(await signed_in(tmp_path, hosted)) as desk:
        await desk.claim_account()
        await desk.list_tickets()
        async with desk_as(hosted.database, "service_role") as service:
            await service.update_agent(ADDRESS, {"active": False})
        with pytest.raises(Forbidden, match="not an active agent"):
            await desk.list_tickets()


async def test_what_does_not_fit_is_said_in_one_sentence(tmp_path: Path, hosted: Project, ada: Agent) -> None:
    ours = session(tmp_path, hosted.url)
    await ours.send_code(ADDRESS)
    with pytest.raises(Invalid, match="That code is wrong"):
        await ours.enter_code(ADDRESS, "000000")
    with pytest.raises(Invalid, match="do not fit"):
        await ours.enter_password(ADDRESS, "wrong")
    with pytest.raises(SignedOut):
        await ours()
    assert await ours.kept() is None


async def test_a_sign_in_of_another_project_is_none_of_this(
    tmp_path: Path, hosted: Project, ada: Agent
) -> None:
    await signed_in(tmp_path, hosted)
    with pytest.raises(SignedOut):
        await session(tmp_path, "https://other.supabase.co")()


async def test_it_is_refreshed_ahead_of_its_end_and_once_for_all_programs(
    tmp_path: Path, hosted: Project, wire: Wire, ada: Agent
) -> None:
    ours = await signed_in(tmp_path, hosted, wire.url)
    first, kept = await ours(), await ours.kept()
    assert kept
    wire.asked.clear()
    assert await session(tmp_path, wire.url)() == first
    assert wire.asked == []
    soon = kept.model_copy(update={"expires_at": time.time() + 50})
    ours.vault.save("session", soon.model_dump_json())
    tokens = await asyncio.gather(*(session(tmp_path, wire.url)() for _ in range(6)))
    assert len(set(tokens)) == 1
    assert tokens[0] != first
    assert len(wire.asked) == 1


async def test_several_that_were_refused_the_same_token_refresh_it_once(
    tmp_path: Path, hosted: Project, wire: Wire, ada: Agent
) -> None:
    refused = await (await signed_in(tmp_path, hosted, wire.url))()
    wire.asked.clear()
    programs = [session(tmp_path, wire.url) for _ in range(6)]
    tokens = await asyncio.gather(*(one(refused=refused) for one in programs))
    assert len(set(tokens)) == 1
    assert tokens[0] != refused
    assert len(wire.asked) == 1


async def test_without_a_network_nothing_is_forgotten(
    tmp_path: Path, hosted: Project, wire: Wire, ada: Agent
) -> None:
    ours = await signed_in(tmp_path, hosted, wire.url)
    token = await ours()
    wire.instead.append(b"")
    with pytest.raises(Unreachable, match="does not answer"):
        await ours(refused=token)
    assert await ours(refused=token) != token


async def test_what_has_ended_says_so(tmp_path: Path, hosted: Project, ada: Agent) -> None:
    ours = await signed_in(tmp_path, hosted)
    other = session(tmp_path / "other", hosted.url)
    (tmp_path / "other").mkdir()
    kept = await ours.kept()
    assert kept
    other.vault.save("session", kept.model_dump_json())
    assert await ours.end()
    assert await ours.kept() is None
    with pytest.raises(SignedOut, match="has ended") as caught:
        await other(refused=kept.access_token.get_secret_value())
    assert caught.value.hint == "Sign in with: ttydesk login"


async def test_signing_out_without_a_network_forgets_it_here(
    tmp_path: Path, hosted: Project, wire: Wire, ada: Agent
) -> None:
    ours = await signed_in(tmp_path, hosted, wire.url)
    wire.instead.append(b"")
    assert not await ours.end()
    assert await ours.kept() is None


async def test_a_broken_vault_is_named_and_shows_nothing(tmp_path: Path) -> None:
    ours = session(tmp_path, "https://x.supabase.co")
    ours.vault.save("session", '{"access_token": "hunter2"}')
    with pytest.raises(StorageFailed, match="is no sign-in") as caught:
        await ours()
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_tokens_are_not_shown() -> None:
    kept = Kept(url="u", email="e", access_token="hunter1", refresh_token="hunter2", expires_at=0)  # type: ignore[arg-type]
    assert "hunter" not in f"{kept!r} {kept} {kept.model_dump()}"
