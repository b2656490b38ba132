"""Webhooks from the command line."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from commands import webhook
from core.desk import Desk
from tests.commands.conftest import Records, Ttydesk
from tests.mails import mail

URL = "https://93.184.216.34/hooks"


@pytest.fixture
def added(ttydesk: Ttydesk) -> dict[str, Any]:
    found: dict[str, Any] = ttydesk(
        *("webhook", "add", URL, "--event", "ticket.created", "--event", "ticket.noted"),
        *("--description", "The\x1b[31m bot", "--json"),
    ).json
    return found


def settled(desk: Records, id: str, count: int, error: str | None = None) -> None:
    """New mails, and what a daemon makes of them."""

    async def work(service: Desk) -> None:
        for number in range(count):
            await service.receive_mail(mail(f"{number}"))
        await service.queue_webhook_deliveries()
        (known,) = await service.list_webhooks()
        claimed = await service.claim_webhook_deliveries(known.id, "w")
        assert claimed and str(known.id) == id
        for one in claimed.deliveries:
            await service.settle_webhook_delivery(
                one.id, "w", one.attempts, 500 if error else 200, "\x1b[31mred", error, 60
            )

    desk.do(work)


def test_a_webhook_is_added_changed_listed_and_removed(ttydesk: Ttydesk, added: dict[str, Any]) -> None:
    assert added["secret"].startswith("whsec_")
    assert added["events"] == ["ticket.created", "ticket.noted"]
    short = added["id"][:8]
    assert ttydesk("webhook", "list").out == (
        f"{short}\t{URL}\tticket.created ticket.noted\tactive\t0\t0\tThe␛[31m bot\n"
    )
    changed = ttydesk("webhook", "update", short, "--all-events", "--notes", "--inactive", "--json").json
    assert (changed["events"], changed["notes"], changed["active"]) == ([], True, False)
    assert "secret" not in changed
    assert ttydesk("webhook", "update", URL, "--active").out == (
        f"Webhook {short} is told of everything that happens: {URL}\n"
    )
    assert added["secret"] not in ttydesk("webhook", "list", "--json").out
    assert ttydesk("webhook", "remove", added["id"]).out == f"Webhook {short} is removed.\n"
    assert ttydesk("webhook", "list", "--json").json == []


def test_a_secret_is_shown_once(ttydesk: Ttydesk, added: dict[str, Any]) -> None:
    ran = ttydesk("webhook", "update", added["id"][:6], "--new-secret")
    secret = ran.out.splitlines()[1].rpartition(" ")[2]
    assert secret.startswith("whsec_") and secret != added["secret"]
    first = ttydesk("webhook", "add", URL).out.splitlines()
    assert first[1].startswith("Its secret, which is shown this once: whsec_")


def test_the_log_tells_what_came_of_each(ttydesk: Ttydesk, added: dict[str, Any], desk: Records) -> None:
    settled(desk, added["id"], 2, "The receiver answered 500.")
    lines = ttydesk("webhook", "deliveries", URL, "--state", "waiting").out.splitlines()
    assert [line.split("\t")[2:7] for line in lines] == [
        ["ticket.created", f"#{number}", "waiting", "1", "500"] for number in (1002, 1001)
    ]
    assert all("The receiver answered 500. Again " in line for line in lines)
    (newest,) = ttydesk("webhook", "deliveries", URL, "-n", "1", "--json").json
    assert newest["payload"]["data"]["ticket"]["number"] == 1002
    assert "fails since" in ttydesk("webhook", "list").out


def test_what_was_sent_is_sent_again(ttydesk: Ttydesk, added: dict[str, Any], desk: Records) -> None:
    settled(desk, added["id"], 2)
    (first, _) = ttydesk("webhook", "deliveries", URL, "--json").json
    ran = ttydesk("webhook", "replay", URL, str(first["id"]))
    assert ran.out == "1 delivery waits to be sent by the daemon.\n"
    assert ttydesk("webhook", "replay", URL, "--since", "2026-01-01").out.startswith("1 delivery waits")


def test_a_test_says_what_came_of_it(
    ttydesk: Ttydesk, added: dict[str, Any], desk: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = asyncio.sleep

    def answers(status: int, error: str | None) -> Callable[..., Any]:
        async def a_daemon_meanwhile(seconds: float) -> None:
            if seconds == webhook._LOOK_SECONDS:
                await asyncio.to_thread(settle, status, error)
            await real(0)

        return a_daemon_meanwhile

    def settle(status: int, error: str | None) -> None:
        async def work(service: Desk) -> None:
            (known,) = await service.list_webhooks()
            claimed = await service.claim_webhook_deliveries(known.id, "w")
            for one in claimed.deliveries if claimed else ():
                await service.settle_webhook_delivery(one.id, "w", one.attempts, status, "Hm", error, None)

        desk.do(work)

    monkeypatch.setattr(asyncio, "sleep", answers(200, None))
    assert ttydesk("webhook", "test", URL).out == "It came through: 200: Hm\n"
    monkeypatch.setattr(asyncio, "sleep", answers(404, "The receiver answered 404."))
    ran = ttydesk("webhook", "test", URL)
    assert (ran.code, ran.out) == (1, "")
    assert "It did not come through: The receiver answered 404." in ran.err
    monkeypatch.setattr(webhook, "PATIENCE", 0)
    assert "No daemon has sent it yet" in ttydesk("webhook", "test", URL).err


@pytest.mark.parametrize(
    ("command", "code", "sentence"),
    [
        (("add", "http://example.com/"), 1, "begins with https://"),
        (("add", "https://127.0.0.1/"), 1, "not on the open internet"),
        (
            ("add", URL, "--event", "ticket.eaten"),
            1,
            "There is no event ticket.eaten. There are ticket.created,",
        ),
        (("update", URL), 2, "nothing to change"),
        (("update", URL, "--event", "ticket.sent", "--all-events"), 2, "either --event or --all-events"),
        (("update", URL, "--url", "https://10.0.0.1/"), 1, "not on the open internet"),
        (("remove", "nothing"), 1, "There is no webhook nothing"),
        (("remove", ""), 1, "There is no webhook"),
        (("deliveries", URL, "--state", "eaten"), 2, "'eaten' is not one of"),
        (("replay", URL), 2, "--since DATE"),
        (("replay", URL, "99"), 1, "no delivery 99"),
    ],
)
def test_what_is_wrong_is_said(
    ttydesk: Ttydesk, added: dict[str, Any], command: tuple[str, ...], code: int, sentence: str
) -> None:
    ran = ttydesk("webhook", *command)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err


def test_of_two_at_one_address_one_has_to_be_named(ttydesk: Ttydesk, added: dict[str, Any]) -> None:
    second = ttydesk("webhook", "add", URL, "--json").json
    ran = ttydesk("webhook", "remove", URL)
    assert ran.code == 1
    assert added["id"][:8] in ran.err and second["id"][:8] in ran.err
    assert ttydesk("webhook", "remove", second["id"]).code == 0


def test_with_the_setting_it_may_lead_inside(ttydesk: Ttydesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTYDESK_WEBHOOKS_ALLOW_PRIVATE", "true")
    assert ttydesk("webhook", "add", "http://127.0.0.1:9/").code == 0
