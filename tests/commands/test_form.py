"""Links to the form from the command line."""

from datetime import UTC, datetime, timedelta

import pytest

from core.forms import link_sha256
from tests.commands.conftest import Records, Ttydesk


def test_a_link_is_shown_once_and_leads_to_the_form(
    ttydesk: Ttydesk, desk: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTYDESK_WEB_ADDRESS", "https://help.example.com/")
    desk.do(lambda it: it.update_agent("grace@example.com", {"departments": ["billing"]}))
    made = ttydesk(
        "form",
        "link",
        "--department",
        "billing",
        "--subject",
        "Order \x1b[31m1",
        "--email",
        "Kim@Example.com",
    )
    address = made.out.strip()
    assert address.startswith("https://help.example.com/f/")
    token = address.rpartition("/")[2]
    assert len(token) == 43
    assert "ttydesk form revoke 1" in made.err and token not in made.err and "web.address" not in made.err
    link = desk.do(lambda it: it.show_form_link(link_sha256(token)))
    assert (link.department, link.email, link.expires_at) == ("billing", "kim@example.com", None)
    listed = ttydesk("form", "list")
    assert token not in listed.out
    (row,) = listed.out.splitlines()
    assert row.split("\t") == [
        "1",
        "valid",
        "0",
        "billing",
        "Order ␛[31m1",
        "kim@example.com",
        "ada@example.com",
    ]


def test_it_ends_when_one_says(ttydesk: Ttydesk) -> None:
    made = ttydesk("form", "link", "--expires", "7d", "--json").json
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6) < left <= timedelta(days=7)
    assert made["address"].startswith("http://127.0.0.1:8025/f/")
    assert ttydesk("form", "list").out.split("\t")[1].startswith("until 2")


def test_it_is_drawn_so_that_a_telephone_can_read_it(ttydesk: Ttydesk) -> None:
    made = ttydesk("form", "link", "--qr")
    assert "web.address is not set" in made.err
    address, *code = made.out.splitlines()
    assert address.startswith("http")
    assert len({len(line) for line in code}) == 1 and 20 < len(code) <= len(code[0])
    assert set("".join(code)) <= set(" █▀▄")


def test_it_is_revoked(ttydesk: Ttydesk) -> None:
    ttydesk("form", "link")
    for _ in range(2):
        assert ttydesk("form", "revoke", "1").out == "Form link 1 is revoked; 0 forms were sent by it.\n"
    (row,) = ttydesk("form", "list", "--json").json
    assert (row["state"], "sha256" in row) == ("revoked", False)


@pytest.mark.parametrize(
    ("command", "code", "sentence"),
    [
        (
            ("link", "--department", "biling"),
            1,
            "There is no department biling. No agent and no mailbox has one.",
        ),
        (("link", "--email", "kim"), 2, "'kim' is not an e-mail address"),
        (("link", "--expires", "soon"), 2, "'soon' is no time"),
        (("revoke", "7"), 1, "There is no form link 7."),
        (("revoke", "x"), 2, "a valid integer"),
    ],
)
def test_what_is_wrong_is_said(ttydesk: Ttydesk, command: tuple[str, ...], code: int, sentence: str) -> None:
    ran = ttydesk("form", *command)
    assert (ran.code, sentence in ran.err) == (code, True), ran.err
