"""Agents from the command line."""

import pytest

from tests.commands.conftest import Ttydesk


def test_an_agent_is_added_changed_and_listed(ttydesk: Ttydesk) -> None:
    added = ttydesk(
        *("agent", "add", "joan@example.com", "--name", "Joan", "--role", "admin"),
        *("--department", "billing", "--department", "sales", "--json"),
    ).json
    assert (added["role"], added["departments"], added["active"]) == ("admin", ["billing", "sales"], True)

    changed = ttydesk(
        *(
            "agent",
            "update",
            "joan@example.com",
            "--inactive",
            "--role",
            "agent",
            "--signature",
            "-- Joan",
            "--json",
        ),
    ).json
    assert (changed["role"], changed["active"], changed["signature"]) == ("agent", False, "-- Joan")
    assert changed["departments"] == ["billing", "sales"]

    listed = ttydesk("agent", "list").out.splitlines()
    assert "joan@example.com\tJoan\tagent\tinactive\tbilling, sales" in listed
    assert len(listed) == 3


def test_an_inactive_agent_may_not_work(ttydesk: Ttydesk) -> None:
    ttydesk("agent", "update", "grace@example.com", "--inactive")
    ran = ttydesk("--agent", "grace@example.com", "ticket", "list")
    assert ran.code == 1
    assert "grace@example.com" in ran.err


@pytest.mark.parametrize(
    ("command", "code", "sentence"),
    [
        (("update", "nobody@example.com", "--name", "N"), 1, "nobody@example.com"),
        (("update", "ada@example.com"), 2, "There is nothing to change"),
        (("add", "not an address"), 1, "address"),
        (("add", "x@example.com", "--role", "king"), 2, "'king' is not one of"),
        (("add",), 2, "Missing argument"),
    ],
)
def test_what_is_wrong_is_said(ttydesk: Ttydesk, command: tuple[str, ...], code: int, sentence: str) -> None:
    ran = ttydesk("agent", *command)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err


def test_adding_an_agent_again_changes_nothing(ttydesk: Ttydesk) -> None:
    before = ttydesk("agent", "list", "--json").json
    ttydesk("agent", "add", "ada@example.com")
    assert ttydesk("agent", "list", "--json").json == before
