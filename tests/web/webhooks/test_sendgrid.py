"""web.webhooks.sendgrid: batches, signed by ECDSA over time and body."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.exceptions import HTTPException

from core.errors import DeskError, Forbidden
from tests.web.webhooks.signing import by_sendgrid, ec_key, shown
from web.webhooks.delivery import Delivery
from web.webhooks.sendgrid import read

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = shown(ec_key())
COMMON = {
    "email": "kim@example.com",
    "timestamp": 1772452800,
    "smtp-id": "<t-1.2@example.com>",
    "sg_message_id": "14c5.f",
}


def call(events: Any, seconds: float = 0, key: ec.EllipticCurvePrivateKey | None = None) -> Delivery:
    body = json.dumps(events).encode()
    headers = by_sendgrid(body, NOW.timestamp() + seconds, key)
    return Delivery({name.lower(): value for name, value in headers.items()}, body, NOW)


@pytest.mark.parametrize(
    ("event", "state", "detail"),
    [
        ({"event": "delivered", "response": "250 OK"}, "delivered", "250 OK"),
        ({"event": "deferred", "response": "451 4.2.2 full", "attempt": "3"}, "delayed", "451 4.2.2 full"),
        (
            {"event": "bounce", "reason": "550 5.1.1 none", "status": "5.1.1", "type": "bounce"},
            "bounced",
            "550 5.1.1 none",
        ),
        ({"event": "bounce", "reason": None, "status": "5.7.1", "type": "blocked"}, "bounced", "5.7.1"),
        ({"event": "dropped", "reason": "Bounced Address"}, "bounced", "Bounced Address"),
        ({"event": "spamreport"}, "complained", ""),
    ],
)
def test_what_each_event_means(event: dict[str, Any], state: str, detail: str) -> None:
    (report,) = read(call([COMMON | event]), KEY).reports
    assert (report.state, report.detail) == (state, detail)
    assert (report.message_id, report.provider_id) == ("<t-1.2@example.com>", "14c5.f")
    assert (report.email, report.happened_at) == ("kim@example.com", NOW)


def test_a_batch_is_read_whole_and_other_events_are_left_out() -> None:
    events = [COMMON | {"event": name} for name in ("processed", "delivered", "open", "click", "spamreport")]
    assert [one.state for one in read(call(events), KEY).reports] == ["delivered", "complained"]
    assert read(call([]), KEY).reports == []


def test_what_is_not_signed_by_sendgrid_now_is_refused() -> None:
    good = call([COMMON | {"event": "delivered"}])
    forged = [
        call([], key=ec_key("other")),
        call([], seconds=-301),
        call([], seconds=301),
        Delivery(good.headers, good.body + b" ", NOW),
        Delivery({}, good.body, NOW),
        Delivery(dict(good.headers) | {"x-twilio-email-event-webhook-timestamp": "nan"}, good.body, NOW),
        Delivery(dict(good.headers) | {"x-twilio-email-event-webhook-signature": "ÄÖ"}, good.body, NOW),
    ]
    for one in forged:
        with pytest.raises(Forbidden):
            read(one, KEY)
    assert read(good, KEY).reports


@pytest.mark.parametrize(
    "events", [{}, "x", [1], [{"event": "delivered"}], [COMMON | {"event": "delivered", "timestamp": -1}]]
)
def test_another_shape_is_malformed(events: Any) -> None:
    with pytest.raises(HTTPException) as raised:
        read(call(events), KEY)
    assert raised.value.status_code == 400


@pytest.mark.parametrize(
    "key", ["", "AAAA", "ÄÖ", "not base64!", shown(ec.generate_private_key(ec.SECP384R1()))]
)
def test_a_wrong_key_in_the_settings_is_our_fault(key: str) -> None:
    with pytest.raises(DeskError) as raised:
        read(call([]), key)
    assert not isinstance(raised.value, Forbidden)
