"""The database from the command line: one's own, the embedded one, one at Supabase."""

import re

import psycopg
import pytest

from tests.commands.conftest import Ttydesk
from tests.peers.hosted import PUBLISHABLE, Project, sign


def test_the_embedded_one_is_started_stopped_and_described(typed: Ttydesk) -> None:
    assert typed("db", "status", "--json").json["running"] is False
    first = typed("db", "migrate").out
    assert "applied 0001_types\n" in first
    assert re.search(r"^made \d\d+ operations anew$", first, re.M)
    assert typed("db", "status", "--json").json["running"] is False  # the command was its last user
    assert typed("agent", "list", "--json").json[0]["role"] == "admin"  # a new desk has someone to work on it
    assert typed("db", "stop").code == 0


def test_ones_own_is_migrated_and_left_running(ttydesk: Ttydesk) -> None:
    assert ttydesk("db", "migrate").out == "There was nothing to do.\n"
    assert ttydesk("db", "migrate", "--json").json == {"migrations": [], "operations": 0}
    assert ttydesk("db", "status", "--json").json["embedded"] is False
    ran = ttydesk("db", "stop")
    assert (ran.code, ran.err) == (1, "The desk uses your own Postgres. Stop it the way you started it.\n")


def test_a_database_that_does_not_answer_is_one_sentence(typed: Ttydesk) -> None:
    ran = typed("--database-url", "host=/nowhere dbname=x", "ticket", "list")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "cannot be reached" in ran.err


@pytest.fixture
def at_supabase(typed: Ttydesk, hosted: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("TTYDESK_SUPABASE_URL", hosted.url)
    monkeypatch.setenv("TTYDESK_SUPABASE_PUBLISHABLE_KEY", PUBLISHABLE)
    return hosted


def test_a_hosted_one_takes_its_own_address(typed: Ttydesk, at_supabase: Project) -> None:
    ran = typed("db", "migrate")
    assert ran.code == 1
    assert "ttydesk db migrate --database-url URL" in ran.err
    for arguments, piped in (
        (("db", "migrate", "--database-url", at_supabase.database), b""),
        (("db", "migrate", "--database-url", "-"), at_supabase.database.encode() + b"\n"),
        (("--database-url", at_supabase.database, "db", "migrate"), b""),
    ):
        ran = typed(*arguments, stdin=piped)
        assert (ran.code, ran.out) == (0, "There was nothing to do.\n"), ran.err
    assert "It answers. It is of this version." in typed("db", "status").out
    assert typed("db", "status", "--json").json == {"embedded": False, "url": at_supabase.url}
    assert typed("db", "stop").err == "The desk is at Supabase: nothing of it runs here.\n"


def test_a_hosted_one_that_is_older_says_so(
    typed: Ttydesk, at_supabase: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(at_supabase.database, autocommit=True) as connection:
        before = connection.execute("select obj_description('desk'::regnamespace)").fetchone()
        assert before
        connection.execute("comment on schema desk is 'ttydesk other'")
        ran = typed("db", "status")
        assert ran.code == 1 and ran.err.endswith("Bring it up to date with: ttydesk db migrate\n")
        monkeypatch.setenv("TTYDESK_SUPABASE_ACCESS_TOKEN", sign("00000000-0000-0000-0000-000000000001"))
        for command in (("ticket", "list"), ("ticket", "update", "1001", "--status", "open")):
            assert "those of another ttydesk" in typed(*command).err  # nobody asks who that is
        ran = typed("db", "migrate", "--database-url", at_supabase.database)
        assert ran.out.startswith("made ") and ran.code == 0
        assert connection.execute("select obj_description('desk'::regnamespace)").fetchone() == before
