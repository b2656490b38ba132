"""`ttydesk gmail connect` against our own Gmail server."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from commands import browser
from tests.commands.conftest import HELP, SALES, SUBSCRIPTION, TOPIC, Connect, Records, Ttydesk, pipe
from tests.gmail import MODIFY, GmailServer

# Connecting


def test_a_mailbox_is_connected_in_the_browser(
    connect: Connect, google: GmailServer, desk: Records, home: Path
) -> None:
    old = google.mailbox(HELP).history_id
    ran = connect("--address", "Help@Example.com", "--department", "repairs", "--signature", "The workshop")
    assert ran.code == 0, ran.err
    assert f"({MODIFY})" in ran.err and "pubsub" not in ran.err, "what is asked for, and no more"
    assert f"sign in as {HELP}" in ran.err and google.url in ran.err
    assert ran.out.splitlines() == [
        f"{HELP} is connected.",
        "Mail that arrives from now on becomes tickets; older mail only with --since DATE.",
        f"The permission is kept in the folder {home / 'tokens'}.",
        "Now start the daemon: ttydesk sync",
    ]
    known = desk.mailbox(HELP)
    assert (known.kind, known.name, known.department) == ("gmail", "help", "repairs")
    assert (known.signature, known.display_name) == ("The workshop", "Support")
    assert known.cursor and known.cursor.split()[0] == str(old), "it begins at the moment of consent"
    (token,) = (home / "tokens").iterdir()
    assert token.stat().st_mode & 0o777 == 0o600
    asked = google.authority.asked[0]
    assert (asked["scope"], asked["access_type"], asked["code_challenge_method"]) == (
        MODIFY,
        "offline",
        "S256",
    )
    assert "GOCSPX" not in ran.out + ran.err and "1//0" not in ran.out + ran.err


def test_over_ssh_the_address_of_the_last_page_is_pasted(
    ttydesk: Ttydesk, configure: object, desk: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pipe() as (there, here):

        def elsewhere(address: str) -> bool:
            answer = requests.get(address, allow_redirects=False, timeout=10)
            here.write(f"{answer.headers['Location']}\n".encode())
            return False

        monkeypatch.setattr(browser, "open_browser", elsewhere)
        ran = ttydesk("gmail", "connect", "--json", stdin=there)
    assert ran.json["address"] == SALES, "whose account it is, Google says"
    assert "paste it here, and press enter" in ran.err.replace("\n", " ")
    assert desk.mailbox(SALES).connected


def test_each_mailbox_has_its_own_name_department_and_cursor(connect: Connect, desk: Records) -> None:
    connect("--address", SALES, "--name", "shop", "--department", "sales", "--display-name", "The shop")
    connect("--address", HELP, "--since", "2026-01-31")
    shop, help = desk.mailbox(SALES), desk.mailbox(HELP)
    assert (shop.name, shop.department, shop.display_name) == ("shop", "sales", "The shop")
    assert (help.name, help.department, help.display_name) == ("help", None, "")
    assert shop.cursor and help.cursor is None, "with --since, all since then is looked for"
    assert help.since.astimezone().strftime("%Y-%m-%d %H:%M") == "2026-01-31 00:00"

    connect("--address", HELP, "--signature", "The workshop")
    again = desk.mailbox(HELP)
    assert (again.since, again.cursor) == (help.since, None), "which is still to be done"

    ran = connect("--address", HELP, "--name", "shop")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"Another mailbox is called shop: {SALES}. Choose another --name.\n"


def test_what_is_said_later_is_taken_up_without_asking_google_again(
    connect: Connect, google: GmailServer, desk: Records
) -> None:
    connect("--address", HELP, "--department", "repairs", "--signature", "The workshop")
    cursor = desk.mailbox(HELP).cursor
    ran = connect("--address", HELP, "--name", "workshop")
    assert "It was connected already, and goes on." in ran.out
    assert len(google.authority.asked) == 1
    known = desk.mailbox(HELP)
    assert (known.name, known.department, known.signature) == ("workshop", "repairs", "The workshop")
    assert known.cursor == cursor
    connect("--address", HELP, "--department", "")
    assert desk.mailbox(HELP).department is None
    connect("--address", HELP)
    assert len(google.authority.asked) == 2


def test_after_the_permission_was_taken_back_connecting_asks_again(
    connect: Connect, google: GmailServer, desk: Records
) -> None:
    connect("--address", HELP)
    known = desk.mailbox(HELP)
    desk.do(lambda it: it.save_cursor(known.id, known.cursor, "Google no longer lets ttydesk in."))
    google.authority.revoke(HELP)
    ran = connect("--address", HELP)
    assert len(google.authority.asked) == 2
    assert "It goes on where it stopped: mail since 20" in ran.out


def test_the_subscription_needs_a_permission_of_its_own(
    connect: Connect, configure: Callable[..., None], ttydesk: Ttydesk, google: GmailServer
) -> None:
    connect("--address", HELP)
    configure(topic=TOPIC, subscription=SUBSCRIPTION)
    (status,) = ttydesk("gmail", "status", "--json").json
    assert "subscription" in status["problem"] and f"connect --address {HELP}" in status["advice"]
    ran = connect("--address", HELP)
    assert "hear of new mail at once" in ran.err
    assert google.authority.asked[-1]["scope"].split() == [MODIFY, "https://www.googleapis.com/auth/pubsub"]
    (status,) = ttydesk("gmail", "status", "--json").json
    assert len(status["token"]["scopes"]) == 2 and "subscription" not in status["problem"]


def test_a_name_that_is_taken_is_not_taken_again(
    connect: Connect, google: GmailServer, desk: Records
) -> None:
    for address, name in (("support@a.example", "support-gmail"), ("support@b.example", "support@b.example")):
        google.add(address)
        connect("--address", address)
        assert desk.mailbox(address).name == name


def test_a_maildir_that_nobody_set_up_is_left(connect: Connect, desk: Records, configure: object) -> None:
    desk.do(lambda it: it.connect_mailbox("support", "maildir", "support@localhost", "Support"))
    ran = connect("--address", HELP)
    assert "The Maildir at support@localhost is no mailbox of this desk any more." in ran.out
    assert not desk.mailbox("support@localhost").connected


def test_an_app_in_testing_mode_is_said(connect: Connect, google: GmailServer, ttydesk: Ttydesk) -> None:
    google.authority.refresh_seconds = 7 * 86_400.0
    ran = connect("--address", HELP)
    day = (datetime.now(UTC) + timedelta(days=7)).astimezone().strftime("%Y-%m-%d")
    assert f"Google ends it on {day}" in ran.out and "testing mode" in ran.out
    assert f"ends by itself {day}" in ttydesk("gmail", "status").out


# What goes wrong


def test_another_account_than_the_one_that_was_meant_is_not_connected(
    connect: Connect, google: GmailServer, desk: Records, home: Path
) -> None:
    google.authority.consent.address = SALES
    ran = connect("--address", HELP)
    assert (ran.code, ran.out) == (1, "")
    assert f"it was {SALES} that agreed, and not {HELP}; nothing was connected." in ran.err
    assert not (home / "tokens").exists() and len(desk.do(lambda it: it.list_mailboxes())) == 1


@pytest.mark.parametrize(
    ("granted", "scopes", "words"),
    [
        (False, None, "Google did not allow it: it was refused in the browser."),
        (True, frozenset({"openid"}), "Without it ttydesk cannot read new mail, send answers"),
    ],
)
def test_what_was_not_allowed_is_said(
    connect: Connect, google: GmailServer, granted: bool, scopes: frozenset[str] | None, words: str
) -> None:
    google.authority.consent.granted, google.authority.consent.scopes = granted, scopes
    ran = connect("--address", HELP)
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {"client_file": ""},
            "needs an OAuth client of yours at Google, and none is set. Give its JSON with",
        ),
        ({"client_file": "none.json"}, "none.json cannot be read: no such file or directory."),
        ({"client_file": "config.toml"}, "config.toml is not JSON."),
        (
            {"client_id": "x"},
            "The id of the OAuth client is set, but not its secret. Set google.client_secret.",
        ),
    ],
)
def test_without_a_client_it_is_said_what_to_do(
    ttydesk: Ttydesk, configure: Callable[..., None], said: dict[str, str], words: str
) -> None:
    configure(**said)
    ran = ttydesk("gmail", "connect")
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err


@pytest.mark.parametrize("address", ["help", "", "a b@example.com", "@"])
def test_what_is_no_address_is_refused(ttydesk: Ttydesk, address: str) -> None:
    ran = ttydesk("gmail", "connect", "--address", address)
    assert (ran.code, ran.out) == (2, "") and "is not an e-mail address" in ran.err


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "9999-01-01", "0001-01-01"])
def test_a_day_that_is_none_is_refused(ttydesk: Ttydesk, day: str) -> None:
    ran = ttydesk("gmail", "connect", "--since", day)
    assert ran.code == 2 and ("is no day" in ran.err or "not a day of the past" in ran.err)


@pytest.mark.parametrize("command", [("watch",), ("stop",), ("disconnect",), ("status",)])
def test_without_a_mailbox_there_is_nothing_to_do(
    ttydesk: Ttydesk, configure: Callable[..., None], command: tuple[str, ...]
) -> None:
    configure(topic=TOPIC)
    ran = ttydesk("gmail", *command)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "No mailbox at Gmail is connected. Connect one with: ttydesk gmail connect\n"
