"""web.webhooks.ses: notifications and events of Amazon SES, each for its recipients."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.exceptions import HTTPException

from core.desk import Desk
from core.models import Outgoing
from core.reports import Report
from tests.web.webhooks.conftest import Clock, Elsewhere, standing
from tests.web.webhooks.signing import CERTIFICATE_URL, TOPIC, by_amazon, certificate, notification, rsa_key
from web.webhooks.delivery import Delivery
from web.webhooks.document import Documents
from web.webhooks.ses import read

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = "2026-03-02T11:59:00.000Z"
MAIL = {
    "timestamp": "2026-03-02T11:58:00.000Z",
    "messageId": "0102018f-abc",
    "source": "support@example.com",
    "destination": ["kim@example.com"],
    "headers": [{"name": "Message-ID", "value": "<t-1.2@example.com>"}],
    "commonHeaders": {"messageId": "<t-1.2@example.com>", "subject": "Lamp"},
}
KIM = {"emailAddress": "kim@example.com"}


async def told(event: Any) -> list[Report]:
    async def fetch(url: str) -> Any:
        raise AssertionError(url)

    documents = Documents(fetch, lambda: NOW)
    documents.get = lambda url, newer=False: _certificate()  # type: ignore[method-assign]
    body = by_amazon(notification(event, NOW))
    return (await read(Delivery({}, body, NOW), TOPIC, documents)).reports


async def _certificate() -> bytes:
    return certificate(rsa_key(), now=NOW).encode()


def bounce(kind: str, sub_kind: str, **recipient: str) -> dict[str, Any]:
    fields = {"bounceType": kind, "bounceSubType": sub_kind, "timestamp": AT}
    return {"bounce": fields | {"bouncedRecipients": [KIM | recipient]}}


@pytest.mark.parametrize(
    ("kind", "fields", "state", "detail"),
    [
        (
            "Delivery",
            {"delivery": {"timestamp": AT, "recipients": ["kim@example.com"], "smtpResponse": "250 OK"}},
            "delivered",
            "",
        ),
        (
            "DeliveryDelay",
            {
                "deliveryDelay": {
                    "timestamp": AT,
                    "delayType": "MailboxFull",
                    "delayedRecipients": [KIM | {"diagnosticCode": "smtp; 452 4.2.2 full"}],
                }
            },
            "delayed",
            "452 4.2.2 full",
        ),
        ("Bounce", bounce("Permanent", "General", diagnosticCode="550 5.1.1"), "bounced", "550 5.1.1"),
        ("Bounce", bounce("Permanent", "Suppressed"), "bounced", "Suppressed"),
        ("Bounce", bounce("Undetermined", "Undetermined", status="5.0.0"), "bounced", "5.0.0"),
        ("Bounce", bounce("Transient", "MailboxFull"), "bounced", "MailboxFull"),
        ("Bounce", bounce("Transient", "General"), "delayed", "General"),
        (
            "Complaint",
            {
                "complaint": {
                    "timestamp": AT,
                    "complainedRecipients": [KIM],
                    "complaintFeedbackType": "abuse",
                }
            },
            "complained",
            "abuse",
        ),
    ],
)
@pytest.mark.parametrize("name", ["notificationType", "eventType"])
async def test_what_each_event_means(
    kind: str, fields: dict[str, Any], state: str, detail: str, name: str
) -> None:
    (report,) = await told({name: kind, "mail": MAIL} | fields)
    assert (report.state, report.detail, report.email) == (state, detail, "kim@example.com")
    assert (report.message_id, report.provider_id) == ("<t-1.2@example.com>", "0102018f-abc")
    assert report.happened_at == datetime(2026, 3, 2, 11, 59, tzinfo=UTC)


async def test_a_mail_that_amazon_refused_to_send_is_one_that_came_back() -> None:
    (report,) = await told({"eventType": "Reject", "mail": MAIL, "reject": {"reason": "Bad content"}})
    assert (report.state, report.detail, report.email) == ("bounced", "Bad content", "")


async def test_each_recipient_is_told_of() -> None:
    two = {"timestamp": AT, "recipients": ["kim@example.com", "bo@example.com"]}
    reports = await told({"eventType": "Delivery", "mail": MAIL, "delivery": two})
    assert [one.email for one in reports] == ["kim@example.com", "bo@example.com"]


async def test_where_the_headers_are_not_included_the_common_ones_do() -> None:
    mail = {name: value for name, value in MAIL.items() if name != "headers"}
    (report,) = await told({"eventType": "Reject", "mail": mail, "reject": {}})
    assert report.message_id == "<t-1.2@example.com>"


@pytest.mark.parametrize(
    "message",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        {"hello": "world"},
        {"eventType": "Open", "mail": MAIL, "open": {}},
        [1],
        '{"a": ' * 3000,
    ],
)
async def test_what_else_a_topic_tells_is_left_out(message: Any) -> None:
    assert await told(message) == []


@pytest.mark.parametrize(
    "event", [{"eventType": "Bounce", "mail": MAIL}, {"eventType": "Bounce", "mail": {}, "bounce": {}}]
)
async def test_another_shape_is_malformed(event: Any) -> None:
    with pytest.raises(HTTPException) as raised:
        await told(event)
    assert raised.value.status_code == 400


async def test_it_reaches_the_ticket(
    hooks: httpx.AsyncClient, elsewhere: Elsewhere, clock: Clock, ours: Outgoing, service: Desk
) -> None:
    elsewhere.pages[CERTIFICATE_URL] = certificate(rsa_key()).encode()
    mail = MAIL | {"headers": [{"name": "message-id", "value": ours.message_id}]}
    event = {"eventType": "Bounce", "mail": mail} | bounce("Permanent", "NoEmail", status="5.1.1")
    body = by_amazon(notification(json.dumps(event), clock(), SignatureVersion="2"))
    for changed in (1, 0):
        answer = await hooks.post("/api/webhooks/email-status/ses", content=body)
        assert (answer.status_code, answer.json()["changed"]) == (200, changed)
    assert await standing(service) == ("bounced", "5.1.1")
