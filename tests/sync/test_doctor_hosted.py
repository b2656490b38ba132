"""The doctor on a desk at Supabase: on the machine of the daemon, on an agent's, and what may be wrong."""

from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from core.config import Settings, Supabase
from core.connect import Way, session_of
from sync.doctor import diagnose
from sync.doctor_finding import Finding, Result
from sync.lock import held
from tests.conftest import desk_as
from tests.core.test_session import ADDRESS, mailed_code
from tests.peers.hosted import PUBLISHABLE, SECRET, Project

OK, WARNING, FAILED = Result.OK, Result.WARNING, Result.FAILED


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture
async def agent(hosted: Project, home: Path) -> Settings:
    """Of the machine of an agent who has not signed in."""
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute("delete from auth.users")
    async with desk_as(hosted.database, "service_role") as service:
        await service.connect_mailbox("support", "maildir", "support@example.com", "Support")
        await service.add_agent(ADDRESS, "Ada")
    keys = Supabase(url=hosted.url, publishable_key=SecretStr(PUBLISHABLE))
    return Settings(home=home, supabase=keys, tokens="file")


@pytest.fixture
def machine(agent: Settings) -> Settings:
    """Of the machine of the daemon."""
    both = agent.supabase.model_copy(update={"secret_key": SecretStr(SECRET)})
    return agent.model_copy(update={"supabase": both})


async def findings(settings: Settings) -> dict[str, Finding]:
    return {one.check: one for one in await diagnose(settings) if not one.about}


async def test_an_agent_is_told_to_sign_in(agent: Settings, hosted: Project) -> None:
    found = await findings(agent)
    assert (found["database"].result, found["sign-in"].result) == (FAILED, FAILED)
    assert found["sign-in"].said == "Nobody has signed in here."
    assert found["sign-in"].advice == found["database"].advice == "Sign in with: ttydesk login"
    session = session_of(Way.of(agent))
    await session.send_code(ADDRESS)
    await session.enter_code(ADDRESS, mailed_code(hosted))
    found = await findings(agent)
    assert found["sign-in"].said == "ada@example.com has signed in here."
    assert found["keys"].said == "This machine holds the publishable key."


async def test_the_machine_of_the_daemon_needs_nobody(machine: Settings) -> None:
    found = await findings(machine)
    assert found["database"].said.startswith("The project at Supabase answers")
    assert found["keys"].result is WARNING and "--forget-secret-key" in found["keys"].advice
    assert "sign-in" not in found
    with held(machine.home):
        found = await findings(machine)
    assert found["keys"].said == "This machine holds the publishable key and, for the daemon, the secret one."


async def test_keys_that_cannot_be_right(machine: Settings) -> None:
    swapped = machine.supabase.model_copy(update={"secret_key": SecretStr(PUBLISHABLE)})
    found = (await findings(machine.model_copy(update={"supabase": swapped})))["keys"]
    assert (found.result, found.said) == (FAILED, "What was given as the secret key is the publishable one.")
    none = machine.supabase.model_copy(update={"publishable_key": None})
    found = (await findings(machine.model_copy(update={"supabase": none})))["keys"]
    assert found.result is FAILED and "publishable key is not set" in found.said


async def test_a_sign_in_that_cannot_be_read(agent: Settings) -> None:
    session_of(Way.of(agent)).vault.save("session", "nonsense")
    found = (await findings(agent))["sign-in"]
    assert found.result is FAILED and "is no sign-in" in found.said and found.advice


async def test_a_desk_that_is_not_hosted_has_none_of_it(database: str, home: Path) -> None:
    found = await findings(Settings(home=home, database_url=SecretStr(database)))
    assert not {"keys", "sign-in"} & set(found)
