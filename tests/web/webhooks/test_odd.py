"""Whatever a service signs, it is read or refused: nothing else happens."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook
from starlette.exceptions import HTTPException

from core.reports import Report
from tests.web.webhooks.conftest import MAILGUN, POSTMARK, SECRET
from tests.web.webhooks.signing import by_mailgun, by_sendgrid, ec_key, shown
from web.webhooks import mailgun, own, postmark, sendgrid, ses
from web.webhooks.delivery import Delivery
from web.webhooks.gmail import read as read_push

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_NAMES = """
type timestamp data message_id recipient event email smtp-id reason response status severity message headers
message-id delivery-status code description RecordType MessageID Type Recipient DeliveredAt BouncedAt Metadata
mail messageId eventType bounce bouncedRecipients emailAddress bounceType delivery recipients commonHeaders
complaint complainedRecipients deliveryDelay delayedRecipients reject historyId
"""
_WORDS = """
email.bounced delivered failed bounce Bounce Delivery Complaint DeliveryDelay Reject Transient General
HardBounce SpamComplaint temporary <a@b> kim@example.com 2026-03-02T12:00:00Z message-id
"""
NAMES, WORDS = st.sampled_from(_NAMES.split()), st.sampled_from(_WORDS.split())
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=8),
    max_leaves=30,
)
EVENT = st.dictionaries(NAMES, ANYTHING, max_size=12)


def reports_of(read: Any, *arguments: Any) -> list[Report]:
    try:
        found: list[Report] = read(*arguments).reports
    except HTTPException as refused:
        assert refused.status_code == 400
        return []
    for one in found:
        Report.model_validate_json(one.model_dump_json())
    return found


@settings(max_examples=200, deadline=None)
@given(event=EVENT | ANYTHING)
def test_our_own_shape(event: Any) -> None:
    body, now = json.dumps(event), datetime.now(UTC)
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("1", now, body),
    }
    reports_of(own.read, Delivery(headers, body.encode(), now), SECRET)


@settings(max_examples=200, deadline=None)
@given(events=st.lists(EVENT, max_size=3) | ANYTHING)
def test_sendgrid(events: Any) -> None:
    body = json.dumps(events).encode()
    headers = {name.lower(): value for name, value in by_sendgrid(body, NOW.timestamp()).items()}
    reports_of(sendgrid.read, Delivery(headers, body, NOW), shown(ec_key()))


@settings(max_examples=200, deadline=None)
@given(event=EVENT | ANYTHING)
def test_mailgun(event: Any) -> None:
    body = by_mailgun(event, NOW.timestamp(), MAILGUN)
    reports_of(mailgun.read, Delivery({}, body, NOW), MAILGUN)


@settings(max_examples=200, deadline=None)
@given(event=EVENT | ANYTHING)
def test_postmark(event: Any) -> None:
    headers = {postmark.HEADER: POSTMARK}
    reports_of(postmark.read, Delivery(headers, json.dumps(event).encode(), NOW), POSTMARK)


@settings(max_examples=200, deadline=None)
@given(event=EVENT | ANYTHING, mail=st.booleans())
def test_ses(event: Any, mail: bool) -> None:
    if mail and isinstance(event, dict):
        event["mail"] = {"messageId": "1", "timestamp": "2026-03-02T12:00:00Z"}
    try:
        for one in ses.reports(json.dumps(event)):
            Report.model_validate_json(one.model_dump_json())
    except HTTPException as refused:
        assert refused.status_code == 400


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=50) | ANYTHING.map(lambda one: json.dumps(one).encode()))
def test_a_push(body: bytes) -> None:
    try:
        read_push(body)
    except HTTPException as refused:
        assert refused.status_code == 400
