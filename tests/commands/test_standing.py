"""`ttydesk gmail` on mailboxes that are connected: looking, watching, and leaving again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.verified import Verified
from tests.commands.conftest import HELP, SALES, TOPIC, Connect, Records, Ttydesk
from tests.gmail import MODIFY, GmailServer

# How it is


def test_the_status_says_all_that_one_wants_to_know(
    connect: Connect, ttydesk: Ttydesk, desk: Records
) -> None:
    connect("--address", HELP, "--name", "help", "--department", "repairs")
    known = desk.mailbox(HELP)
    desk.do(lambda it: it.lease_mailbox(known.id, "host 17"))
    (status,) = ttydesk("gmail", "status", "--json").json
    assert (status["address"], status["connected"], status["daemon"]) == (HELP, True, "host")
    assert (status["token"]["state"], status["token"]["scopes"]) == ("works", [MODIFY])
    assert (status["problem"], status["advice"], status["watched_until"]) == ("", "", None)
    out = ttydesk("gmail", "status").out
    assert out.startswith(f"{HELP} (help, department repairs)\n")
    for words in ("connected ", "last read ", "the daemon asks every 5 s", "permission  works; given 20",
                  "to read new mail, send answers", "kept in"):  # fmt: skip
        assert words in out
    assert "problem" not in out


def test_the_status_says_what_is_wrong_and_what_to_do(
    connect: Connect, ttydesk: Ttydesk, desk: Records, google: GmailServer, home: Path
) -> None:
    connect("--address", HELP)

    def told() -> tuple[str, str, str]:
        (status,) = ttydesk("gmail", "status", "--json").json
        return status["token"]["state"], status["problem"], status["advice"]

    assert told() == (
        "works", "No daemon works on it: mail is neither fetched nor sent.", "Start one with: ttydesk sync",
    )  # fmt: skip
    known = desk.mailbox(HELP)
    desk.do(lambda it: it.lease_mailbox(known.id, "a daemon"))
    desk.do(lambda it: it.save_cursor(known.id, None, "The disk is full."))
    assert told()[:2] == ("works", "The disk is full.")

    (token,) = (home / "tokens").iterdir()
    token.chmod(0o644)
    assert told()[0] == "unreadable" and "chmod 600" in told()[2]
    token.chmod(0o600)
    google.authority.revoke(HELP)
    state, problem, advice = told()
    assert state == "revoked" and "taken back or has run out" in problem and "gmail connect" in advice
    token.unlink()
    desk.do(lambda it: it.release_mailbox(known.id, "a daemon"))
    assert told()[0] == "missing" and f"connect --address {HELP}" in told()[2]


def test_google_away_is_not_taken_for_a_permission_that_is_gone(
    connect: Connect, ttydesk: Ttydesk, configure: Callable[..., None]
) -> None:
    connect("--address", HELP)
    configure(api_root="http://127.0.0.1:9")
    (status,) = ttydesk("gmail", "status", "--json").json
    assert status["token"]["state"] == "unknown" and "does not answer" in status["problem"]


# Watch, stop, disconnect


def test_gmail_is_asked_to_tell_of_new_mail_and_to_stop(
    connect: Connect, ttydesk: Ttydesk, configure: Callable[..., None], desk: Records, google: GmailServer
) -> None:
    connect("--address", HELP)
    ran = ttydesk("gmail", "watch")
    assert ran.code == 1 and ran.err.startswith("No Pub/Sub topic is set. Set google.topic")
    configure(topic=TOPIC)
    ran = ttydesk("gmail", "watch")
    assert ran.out.startswith(f"Gmail tells {TOPIC} of mail to {HELP} until 20"), ran.err
    until = desk.mailbox(HELP).watched_until
    assert until and until - datetime.now(UTC) > timedelta(days=6)
    assert "Gmail tells of it until" in ttydesk("gmail", "status").out

    ran = ttydesk("gmail", "stop", HELP)
    assert ran.out.splitlines() == [
        f"Gmail tells nobody of mail to {HELP} any more.",
        "A daemon asks for it again as long as google.topic is set.",
    ]
    assert desk.mailbox(HELP).watched_until is None
    google.mailbox(HELP).deliver(b"From: kim@example.net\n\nHello")
    assert google.notices.published == []

    configure(topic="mail")
    ran = ttydesk("gmail", "watch")
    assert ran.code == 1 and "gmail-api-push@system.gserviceaccount.com" in ran.err


def test_a_disconnected_mailbox_is_forgotten_and_its_tickets_are_not(
    connect: Connect, ttydesk: Ttydesk, desk: Records, google: GmailServer, home: Path
) -> None:
    connect("--address", HELP)
    connect("--address", SALES)
    ran = ttydesk("gmail", "disconnect")
    assert ran.code == 1 and ran.err == f"Say which mailbox is meant. There are: {HELP}, {SALES}.\n"
    ran = ttydesk("gmail", "disconnect", "else@example.com")
    assert ran.code == 1 and "No mailbox else@example.com is connected at Gmail." in ran.err

    ran = ttydesk("gmail", "disconnect", HELP)
    assert ran.out.splitlines() == [
        f"{HELP} is disconnected. Its tickets stay, and so does everything in Gmail.",
        "Its token was deleted here. Google keeps the permission until you remove ttydesk at "
        "myaccount.google.com/permissions; --revoke does that at once.",
        f"Answers on its tickets leave from what is left: support@example.com, {SALES}.",
    ]
    assert not desk.mailbox(HELP).connected
    assert [path.name for path in (home / "tokens").iterdir()] == [f"{SALES}.json"]
    states = {one["address"]: one["connected"] for one in ttydesk("gmail", "status", "--json").json}
    assert states == {HELP: False, SALES: True}
    assert "state       disconnected; its tickets stay" in ttydesk("gmail", "status").out


def test_where_asked_the_permission_is_taken_back_at_google(
    connect: Connect, ttydesk: Ttydesk, configure: Callable[..., None], google: GmailServer, home: Path
) -> None:
    configure(topic=TOPIC)
    connect("--address", HELP)
    ttydesk("gmail", "watch")
    google.faults.nth("oauth.revoke", "503")
    ran = ttydesk("gmail", "disconnect", "--revoke")
    assert ran.code == 1 and "Google did not take the permission back (503)" in ran.err
    assert list((home / "tokens").iterdir()), "nothing was forgotten that is still to be taken back"

    assert ttydesk("gmail", "disconnect", "--revoke").code == 0
    assert google.calls["stop"] == 2
    assert list((home / "tokens").iterdir()) == []
    connect("--address", HELP)
    google.authority.revoke(HELP)
    assert ttydesk("gmail", "disconnect", "--revoke").code == 0, "one that is gone already is as good"


def test_the_status_says_what_the_last_comparison_with_the_ledger_found(
    connect: Connect, ttydesk: Ttydesk, desk: Records
) -> None:
    connect("--address", HELP)
    known = desk.mailbox(HELP)
    assert "verified" not in ttydesk("gmail", "status").out
    found = Verified(since=known.since, checked=12, waiting=1, missing=2, gone=0)
    desk.do(lambda it: it.save_verification(known.id, found))
    assert ": 12 mails, 2 missing and taken in" in ttydesk("gmail", "status").out
    (status,) = ttydesk("gmail", "status", "--json").json
    assert (status["verified"]["missing"], status["verified_at"] is None) == (2, False)


def test_the_permission_may_lie_on_another_machine(
    connect: Connect, ttydesk: Ttydesk, desk: Records, home: Path
) -> None:
    connect("--address", HELP)
    (home / "tokens" / f"{HELP}.json").unlink()
    known = desk.mailbox(HELP)
    desk.do(lambda it: it.lease_mailbox(known.id, "elsewhere 17"))
    (status,) = ttydesk("gmail", "status", "--json").json
    assert (status["token"]["state"], status["daemon"], status["problem"]) == ("missing", "elsewhere", "")
    out = ttydesk("gmail", "status").out
    assert "permission  not on this machine, but on elsewhere, whose daemon works on it" in out
    ran = ttydesk("gmail", "disconnect", "--revoke")
    assert "There was no token of it here. Google keeps the permission until you remove ttydesk" in ran.out


def test_a_permission_that_soon_ends_by_itself_is_a_problem_ahead_of_time(
    connect: Connect, ttydesk: Ttydesk, desk: Records, google: GmailServer
) -> None:
    google.authority.refresh_seconds = 86_400.0
    connect("--address", HELP)
    known = desk.mailbox(HELP)
    desk.do(lambda it: it.lease_mailbox(known.id, "host 17"))
    (status,) = ttydesk("gmail", "status", "--json").json
    assert "ends by itself on 20" in status["problem"] and f"--address {HELP}" in status["advice"]
