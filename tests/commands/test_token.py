"""Tokens from the command line."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from commands import token
from core.desk import Desk
from core.tokens import PREFIX, SCOPES, TokenGateway, sha256_of
from tests.commands.conftest import Records, Ttydesk


def test_the_scopes_are_those_of_the_desk() -> None:
    assert token.SCOPES == SCOPES


def test_a_token_is_shown_once_and_works(ttydesk: Ttydesk, desk: Records) -> None:
    made = ttydesk("token", "create", "--scope", "tickets:read", "--name", "Wall\x1b[31m board")
    secret = made.out.strip()
    assert secret.startswith(PREFIX) and len(secret) > 40
    assert "Token 1 works for ada@example.com (Wall" in made.err and "\x1b" not in made.err
    assert secret not in made.err

    def whoami(service: Desk):  # type: ignore[no-untyped-def]
        return Desk(TokenGateway(service._gateway, sha256_of(secret))).whoami()

    assert desk.do(whoami).email == "ada@example.com"
    listed = ttydesk("token", "list")
    assert secret not in listed.out and sha256_of(secret) not in listed.out
    (row,) = listed.out.splitlines()
    assert row.split("\t")[2:4] == ["ada@example.com", "tickets:read"]


def test_it_ends_in_ninety_days_or_when_one_says(ttydesk: Ttydesk) -> None:
    for options, days in (((), 90), (("--expires", "2w"), 14)):
        made = ttydesk("token", "create", "--scope", "tickets:read", "--json", *options).json
        left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
        assert timedelta(days=days - 1) < left <= timedelta(days=days)
    never = ttydesk("token", "create", "--scope", "tickets:read", "--json", "--expires", "never").json
    assert never["expires_at"] is None and never["token"].startswith(PREFIX)


def test_it_is_revoked(ttydesk: Ttydesk) -> None:
    ttydesk(
        "token", "create", "--scope", "agents:read", "--scope", "tickets:read", "--for", "grace@example.com"
    )
    assert ttydesk("token", "revoke", "1").out == "Token 1 of grace@example.com is revoked.\n"
    (row,) = ttydesk("token", "list", "--json").json
    assert row["revoked_at"] and row["scopes"] == ["tickets:read", "agents:read"]
    assert "\trevoked 2" in ttydesk("token", "list").out


@pytest.mark.parametrize(
    ("command", "code", "sentence"),
    [
        (("create",), 2, "Missing option '--scope'"),
        (("create", "--scope", "tickets:all"), 2, "'tickets:all' is no scope"),
        (("create", "--scope", "tickets:read", "--expires", "soon"), 2, "'soon' is no time"),
        (("create", "--scope", "tickets:read", "--expires", "99999y"), 2, "is no time"),
        (
            ("create", "--scope", "tickets:read", "--for", "no@example.com"),
            1,
            "no active agent no@example.com",
        ),
        (("revoke", "7"), 1, "There is no token 7."),
        (("revoke", "x"), 2, "a valid integer"),
    ],
)
def test_what_is_wrong_is_said(ttydesk: Ttydesk, command: tuple[str, ...], code: int, sentence: str) -> None:
    ran = ttydesk("token", *command)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err


@pytest.mark.parametrize("typed", ["", "0d", "-1d", "1.5d", "d", "90", "1m", "٣d"])
def test_what_is_no_time(typed: str) -> None:
    with pytest.raises(typer.BadParameter):
        token.lifetime(typed)
