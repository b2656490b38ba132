"""Links into the portal from the command line."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest

from commands.portal import state_of
from core.portal import PortalLink
from tests.commands.conftest import Ttydesk

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def reached(ttydesk: Ttydesk, monkeypatch: pytest.MonkeyPatch) -> Ttydesk:
    """A desk that customers reach, with a ticket of Kim's."""
    monkeypatch.setenv("TTYDESK_WEB_ADDRESS", "https://help.example.com")
    made = ttydesk(
        "ticket", "create", "--from", "kim@example.com", "--subject", "Lamp", "--body", "It is dark."
    )
    assert made.code == 0, made.err
    return ttydesk


def test_a_link_is_made_listed_and_revoked(reached: Ttydesk) -> None:
    ran = reached("portal", "link", "Kim@example.com", "--expires", "12h")
    assert re.fullmatch(r"https://help\.example\.com/portal/in/ttp_[0-9a-f]{40}\n", ran.out)
    assert "kim@example.com" in ran.err
    made = reached("portal", "link", "kim@example.com", "--json").json
    assert made["url"].startswith("https://help.example.com/portal/in/")
    assert made["made_by"] == "ada@example.com"
    newest, oldest = reached("portal", "list", "--json").json
    lifetimes = [
        datetime.fromisoformat(x["expires_at"]) - datetime.fromisoformat(x["created_at"])
        for x in (newest, oldest)
    ]
    assert lifetimes == [timedelta(days=7), timedelta(hours=12)]
    secret = made["url"].rpartition("/")[2]
    assert secret not in str([newest, oldest]) and hashlib.sha256(secret.encode()).hexdigest() not in str(
        newest
    )
    assert reached("portal", "revoke", "kim@example.com").code == 0
    lines = reached("portal", "list", "kim@example.com").out.splitlines()
    assert len(lines) == 2 and all("revoked" in line for line in lines)
    assert reached("portal", "list", "lee@example.com").out == ""


def test_what_cannot_be_is_said_in_a_sentence(reached: Ttydesk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        "Nobody has written to us as nobody@example.com."
        in reached("portal", "link", "nobody@example.com").err
    )
    for typed in ("never", "91d", "soon"):
        assert reached("portal", "link", "kim@example.com", "--expires", typed).code == 2
    ran = reached("--agent", "grace@example.com", "portal", "link", "kim@example.com")
    assert "Only an admin may do that." in ran.err
    monkeypatch.delenv("TTYDESK_WEB_ADDRESS")
    ran = reached("portal", "link", "kim@example.com")
    assert ran.code == 1 and "web.address" in ran.err


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "until "),
        ({"expires_at": NOON - timedelta(hours=1)}, "expired "),
        ({"revoked_at": NOON}, "revoked "),
        ({"used_at": NOON}, "used "),
        ({"used_at": NOON, "signed_in_until": NOON + timedelta(days=1)}, "signed in until "),
    ],
)
def test_what_became_of_a_link_is_said(fields: dict[str, datetime], words: str) -> None:
    unused = {
        "expires_at": NOON + timedelta(hours=1),
        "used_at": None,
        "revoked_at": None,
        "signed_in_until": None,
    }
    known = {"email": "kim@example.com", "created_at": NOON, "made_by": None, "number": None}
    link = PortalLink.model_validate({**known, **unused, **fields})
    assert words in state_of(link, NOON)
