"""A project at Supabase as it is set up and updated: what is refused, and what is refused in time."""

import base64
import json
from collections.abc import Iterator

import psycopg
import pytest

from core.errors import Conflict, DeskError, Forbidden, Invalid, NotFound, Unreachable
from core.hosted import (
    ask_sign_in,
    check_database,
    check_keys,
    migrate_hosted,
    require_closed,
    require_served,
    require_service,
    require_version,
)
from tests.peers.hosted import PUBLISHABLE, SECRET, Project

URL = "https://abcdefgh.supabase.co"
DIRECT = "postgresql://postgres:pw@db.abcdefgh.supabase.co:5432/postgres"
POOLER = "postgresql://postgres.abcdefgh:pw@aws-0-eu-central-1.pooler.supabase.com:5432/postgres"


def old_key(role: str, ref: str) -> str:
    """As keys were until 2025."""
    payload = base64.urlsafe_b64encode(json.dumps({"role": role, "ref": ref}).encode()).rstrip(b"=")
    return f"e30.{payload.decode()}.signature"


@pytest.mark.parametrize(
    ("publishable", "secret", "said"),
    [
        ("sb_secret_x", None, "given as the publishable key is the secret one"),
        ("sb_publishable_x", "sb_publishable_x", "given as the secret key is the publishable one"),
        (old_key("service_role", "abcdefgh"), None, "given as the publishable key is the secret one"),
        (old_key("anon", "zzzzzzzz"), None, r"of another project \(zzzzzzzz\) than the address \(abcdefgh\)"),
    ],
)
def test_a_key_in_the_wrong_place_is_noticed(publishable: str, secret: str | None, said: str) -> None:
    with pytest.raises(Invalid, match=said) as raised:
        check_keys(URL, publishable, secret)
    assert publishable not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize(
    "key", ["sb_publishable_x", old_key("anon", "abcdefgh"), "e30.x.y", "a.b", "", "é.é.é"]
)
def test_a_key_that_says_nothing_against_it_is_taken(key: str) -> None:
    check_keys(URL, key, None)
    check_keys("https://desk.example.com", key, "sb_secret_x")


@pytest.mark.parametrize(
    ("database", "said"),
    [
        (DIRECT.replace("pw", "[YOUR-PASSWORD]"), "still says"),
        (POOLER.replace("5432", "6543"), "transaction pooler"),
        (DIRECT.replace("abcdefgh", "zzzzzzzz"), r"another project \(zzzzzzzz\)"),
        (POOLER.replace("abcdefgh", "zzzzzzzz"), r"another project \(zzzzzzzz\)"),
        ("postgresql://a:hunter2@[::1", "not the address of a Postgres"),
    ],
)
def test_a_database_that_cannot_be_the_projects_is_not_touched(database: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as raised:
        migrate_hosted(URL, database)
    assert "pw" not in str(raised.value) and "hunter2" not in str(raised.value)


@pytest.mark.parametrize("database", [DIRECT, POOLER, "postgresql://u:p@db.example.com/desk"])
def test_the_addresses_that_supabase_shows_are_taken(database: str) -> None:
    check_database(URL, database)


def test_whoever_has_no_ipv6_is_shown_the_session_pooler() -> None:
    with pytest.raises(Unreachable) as raised:
        migrate_hosted(URL, f"{DIRECT}?hostaddr=::1&port=1")
    assert raised.value.hint and "session pooler" in raised.value.hint
    assert "pw" not in str(raised.value)


async def test_what_was_migrated_is_what_the_api_serves(hosted: Project, empty_database: str) -> None:
    assert migrate_hosted(hosted.url, hosted.database).nothing
    await require_served(hosted.url, PUBLISHABLE, hosted.database, pauses=())
    assert migrate_hosted(hosted.url, empty_database).operations
    with pytest.raises(Conflict, match="leads to another database"):
        await require_served(hosted.url, PUBLISHABLE, empty_database, pauses=(0, 0))


@pytest.fixture
def without_desk(hosted: Project) -> Iterator[Project]:
    """The project, where the API finds no desk."""
    rename = "alter function public.{} rename to {}; notify pgrst, 'reload schema'"
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute(rename.format("desk_version", "gone").encode())
        yield hosted
        connection.execute(rename.format("gone", "desk_version").encode())


async def test_an_api_that_does_not_see_the_desk(without_desk: Project, database: str) -> None:
    with pytest.raises(Conflict, match="does not serve it") as raised:
        await require_served(without_desk.url, PUBLISHABLE, database, pauses=(0,))
    assert raised.value.hint and "exposed" in raised.value.hint
    with pytest.raises(NotFound, match="holds no desk"):
        await require_version(without_desk.url, PUBLISHABLE)


async def test_the_sign_in_says_what_it_offers(hosted: Project) -> None:
    assert (await ask_sign_in(hosted.url, PUBLISHABLE))["external"]["email"] is True


@pytest.mark.parametrize(
    ("url", "key", "error", "said"),
    [
        (None, "sb_publishable_other", Forbidden, "does not accept the key"),
        ("http://127.0.0.1:1", PUBLISHABLE, Unreachable, "127.0.0.1:1 cannot be reached"),
    ],
)
async def test_a_wrong_address_or_key_is_one_sentence(
    hosted: Project, url: str | None, key: str, error: type[DeskError], said: str
) -> None:
    with pytest.raises(error, match=said) as raised:
        await ask_sign_in(url or hosted.url, key)
    assert raised.value.hint


async def test_keys_open_what_they_should_and_no_more(hosted: Project) -> None:
    await require_service(hosted.url, SECRET)
    await require_closed(hosted.url, PUBLISHABLE)
    with pytest.raises(Forbidden, match="does not answer the secret key"):
        await require_service(hosted.url, PUBLISHABLE)
    with pytest.raises(Conflict, match="publishable key alone"):
        await require_closed(hosted.url, SECRET)
