"""POST /api/webhooks/email-status as a whole: what is set up, what is not, and what reaches the ticket."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from core.desk import Desk
from core.models import Outgoing
from tests.web.webhooks.conftest import SECRET, standing
from web.app import make_app
from web.front import Front

PATH = "/api/webhooks/email-status"
SERVICES = ["", "/ses", "/sendgrid", "/mailgun", "/postmark"]


def signed(state: str, at: datetime | None = None, secret: str = SECRET, **data: Any) -> dict[str, Any]:
    """A call in our own shape."""
    now = datetime.now(UTC)
    event = {"type": f"email.{state}", "timestamp": now.isoformat(), "data": data}
    content = json.dumps(event)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int((at or now).timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at or now, content),
    }
    return {"content": content, "headers": headers}


@pytest.mark.parametrize("below", SERVICES)
async def test_what_is_not_set_up_is_not_there(set_up: Callable[..., Front], below: str) -> None:
    app = make_app(set_up())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://x") as client:
        answer = await client.post(PATH + below, json={})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_service_that_nobody_knows_is_not_there(hooks: httpx.AsyncClient) -> None:
    assert (await hooks.post(f"{PATH}/pigeon", json={})).status_code == 404


@pytest.mark.parametrize("below", SERVICES)
async def test_what_is_not_signed_is_refused(hooks: httpx.AsyncClient, below: str, service: Desk) -> None:
    for body in (b"", b"{}", b"[]", b"nonsense", b"\xff\xfe", b'{"a": ' * 5000):
        answer = await hooks.post(PATH + below, content=body)
        assert answer.status_code in (400, 403), body[:20]
    assert await service.list_reports() == []


async def test_from_delivered_to_bounced(hooks: httpx.AsyncClient, ours: Outgoing, service: Desk) -> None:
    bare = ours.message_id.strip("<>")
    answer = await hooks.post(PATH, **signed("delivered", message_id=bare, recipient="kim@example.com"))
    assert (answer.status_code, answer.json()) == (200, {"changed": 1, "kept": 0, "repeated": False})
    assert await standing(service) == ("delivered", "")
    bounce = signed("bounced", message_id=ours.message_id, recipient="Kim@Example.com", reason="no such user")
    assert (await hooks.post(PATH, **bounce)).json()["changed"] == 1
    assert (await hooks.post(PATH, **bounce)).json()["changed"] == 0, "it came twice"
    assert await standing(service) == ("bounced", "no such user")
    assert (await service.show_ticket(1001)).ticket.status == "open"


async def test_what_names_no_mail_of_ours_is_kept(hooks: httpx.AsyncClient, service: Desk) -> None:
    call = signed("delivered", message_id="<x@elsewhere>", recipient="kim@example.com", reason="a\0b\x1b[31m")
    assert (await hooks.post(PATH, **call)).json() == {"changed": 0, "kept": 1, "repeated": False}
    (kept,) = await service.list_reports()
    assert (kept.provider, kept.message_id, kept.email) == ("own", "<x@elsewhere>", "kim@example.com")
    assert "\0" not in kept.detail and "\x1b" not in kept.detail


async def test_other_events_count_for_nothing(hooks: httpx.AsyncClient, service: Desk) -> None:
    assert (await hooks.post(PATH, **signed("opened", message_id="<x@y>"))).json()["kept"] == 0
    assert await service.list_reports() == []


async def test_a_refusal_is_noted_once_and_names_no_secret(
    hooks: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        answer = await hooks.post(PATH, **signed("bounced", secret="whsec_" + "QUJD" * 8))
        assert answer.status_code == 403
    (record,) = caplog.records
    assert record.getMessage() == (
        "A delivery for email-status (own) was refused:"
        " The delivery is not signed with the secret that we share."
    )
    assert SECRET not in caplog.text + answer.text


async def test_while_the_database_is_away_the_service_is_asked_to_come_again(
    hooks: httpx.AsyncClient, ours: Outgoing, service: Desk
) -> None:
    await service.close()
    answer = await hooks.post(PATH, **signed("bounced", message_id=ours.message_id))
    assert answer.status_code == 503


async def test_it_takes_no_other_method(hooks: httpx.AsyncClient) -> None:
    assert (await hooks.get(PATH)).status_code == 405
