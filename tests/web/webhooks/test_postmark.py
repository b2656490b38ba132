"""web.webhooks.postmark: a secret instead of a signature, and our Message-ID in the metadata."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from core.errors import Forbidden
from tests.web.webhooks.conftest import POSTMARK
from web.webhooks.delivery import Delivery
from web.webhooks.postmark import HEADER, read

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
COMMON = {"MessageID": "883953f4-6105", "Metadata": {"message-id": "t-1.2@example.com"}, "Tag": "x"}


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def call(event: Any, headers: dict[str, str] | None = None) -> Delivery:
    given = basic(f"postmark:{POSTMARK}") if headers is None else headers
    return Delivery(given, json.dumps(event).encode(), NOW)


def bounce(kind: str, **fields: Any) -> dict[str, Any]:
    given = {"RecordType": "Bounce", "Type": kind, "Email": "kim@example.com"}
    return COMMON | given | {"BouncedAt": "2026-03-02T12:00:00.9070259Z"} | fields


@pytest.mark.parametrize(
    ("event", "state", "detail"),
    [
        (
            {
                "RecordType": "Delivery",
                "Recipient": "kim@example.com",
                "DeliveredAt": "2026-03-02T13:00:00+01:00",
                "Details": "OK",
            },
            "delivered",
            "",
        ),
        (bounce("HardBounce", Description="No mailbox.", Details="550 5.1.1"), "bounced", "550 5.1.1"),
        (
            bounce("SoftBounce", Description="The mailbox is full.", Details=""),
            "bounced",
            "The mailbox is full.",
        ),
        (bounce("Transient", Description="It is delayed."), "delayed", "It is delayed."),
        (bounce("SpamComplaint", RecordType="SpamComplaint"), "complained", ""),
    ],
)
def test_what_each_event_means(event: dict[str, Any], state: str, detail: str) -> None:
    (report,) = read(call(COMMON | event), POSTMARK).reports
    assert (report.state, report.detail) == (state, detail)
    assert (report.message_id, report.provider_id) == ("<t-1.2@example.com>", "883953f4-6105")
    assert report.email == "kim@example.com"
    assert report.happened_at.replace(microsecond=0) == NOW


def test_what_says_nothing_of_the_way_is_left_out() -> None:
    for event in (bounce("AutoResponder"), bounce("Unsubscribe"), {"RecordType": "Open"}):
        assert read(call(event), POSTMARK).reports == []


def test_the_secret_may_stand_in_a_header() -> None:
    assert read(call(bounce("HardBounce"), {HEADER: POSTMARK}), POSTMARK).reports


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: ""},
        {HEADER: POSTMARK + "x"},
        {HEADER: "ä"},
        basic("postmark:"),
        basic(f"{POSTMARK}"),
        basic(f"postmark:{POSTMARK}x"),
        {"authorization": "Basic !"},
        {"authorization": f"Bearer {POSTMARK}"},
        basic("postmark:wrong") | {HEADER: POSTMARK},
    ],
)
def test_without_the_secret_nothing_is_believed(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        read(call(bounce("HardBounce"), headers), POSTMARK)


@pytest.mark.parametrize("event", [None, [], {}, {"RecordType": "Bounce", "Metadata": 3}])
def test_another_shape_is_malformed(event: Any) -> None:
    with pytest.raises(HTTPException) as raised:
        read(call(event), POSTMARK)
    assert raised.value.status_code == 400
