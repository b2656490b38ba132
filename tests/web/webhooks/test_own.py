"""web.webhooks.own: our own shape, signed as Standard Webhooks has it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from starlette.exceptions import HTTPException

from core.errors import Forbidden
from tests.web.webhooks.conftest import SECRET
from web.webhooks.delivery import Delivery
from web.webhooks.own import read

EVENT = {
    "type": "email.delayed",
    "timestamp": "2026-03-02T13:00:00+01:00",
    "data": {"message_id": "a@b", "recipient": "kim@example.com", "reason": "mailbox full", "more": 1},
}


def call(event: Any = EVENT, minutes: float = 0, secret: str = SECRET, **headers: str) -> Delivery:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    body = json.dumps(event)
    given = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body),
    }
    return Delivery(given | headers, body.encode(), datetime.now(UTC))


def test_it_reads_an_event() -> None:
    (report,) = read(call(), SECRET).reports
    assert report.model_dump() == {
        "provider": "own",
        "message_id": "<a@b>",
        "provider_id": "",
        "email": "kim@example.com",
        "state": "delayed",
        "detail": "mailbox full",
        "happened_at": datetime(2026, 3, 2, 12, tzinfo=UTC),
    }


def test_one_of_several_signatures_is_enough() -> None:
    """So that a secret can be changed without a gap."""
    good = call().headers["webhook-signature"]
    assert read(call(**{"webhook-signature": f"v1a,xxxx v1,AAAA {good}"}), SECRET).reports


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,ÄÖ"},
        {"webhook-signature": ""},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1"},
    ],
)
def test_a_wrong_header_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        read(call(**wrong), SECRET)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_one_and_one_of_the_future_are_refused(minutes: float) -> None:
    with pytest.raises(Forbidden):
        read(call(minutes=minutes), SECRET)


def test_another_secret_or_another_body_is_refused() -> None:
    with pytest.raises(Forbidden):
        read(call(secret="whsec_" + "QUJD" * 8), SECRET)
    good = call()
    with pytest.raises(Forbidden):
        read(Delivery(good.headers, good.body.replace(b"delayed", b"bounced"), good.now), SECRET)
    with pytest.raises(Forbidden):
        read(Delivery(good.headers, b"\xff", good.now), SECRET)


@pytest.mark.parametrize(
    "event", [{}, [], "x", {**EVENT, "timestamp": "2026-03-02T13:00:00"}, {**EVENT, "data": None}]
)
def test_another_shape_is_malformed(event: Any) -> None:
    with pytest.raises(HTTPException) as raised:
        read(call(event), SECRET)
    assert raised.value.status_code == 400
