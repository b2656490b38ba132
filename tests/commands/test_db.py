"""The database from the command line: one that is one's own, and the embedded one."""

import re

from tests.commands.conftest import Ttydesk


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
