"""Mailgun's webhooks: one event a call.

What Mailgun signs is a time and a token, not the event. So each token is good for a single call: a copy of a
call with another event in it is not believed.
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256

from pydantic import Field

from core.errors import Forbidden
from core.reports import Report
from web.webhooks.delivery import Delivery, Payload, Told, angled, in_words, parsed, require_fresh


class _Signature(Payload):
    timestamp: str | int
    token: str = Field(min_length=1, max_length=200)
    signature: str


class _Headers(Payload):
    message_id: str = Field("", alias="message-id")


class _Message(Payload):
    headers: _Headers = _Headers.model_construct()


class _Status(Payload):
    code: int | str | None = None
    message: str | None = ""
    description: str | None = ""


class _Event(Payload):
    event: str
    timestamp: float = Field(ge=0, le=253_402_300_799)
    id: str = ""
    severity: str | None = ""
    reason: str | None = ""
    recipient: str = ""
    message: _Message = _Message()
    status: _Status = Field(_Status(), alias="delivery-status")


class _Call(Payload):
    signature: _Signature
    event: _Event = Field(alias="event-data")


def read(delivery: Delivery, key: str) -> Told:
    """`key` is the HTTP webhook signing key. Raises as `own.read` does."""
    call = parsed(_Call, delivery.body)
    signed, given = call.signature, call.signature.signature
    expected = hmac.new(key.encode(), f"{signed.timestamp}{signed.token}".encode(), sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Forbidden("The delivery is not signed with Mailgun's key.")
    require_fresh(signed.timestamp, delivery.now)
    state = _state(call.event)
    return Told([_report(call.event, state)] if state else [], once=f"mailgun {signed.token}")


def _state(event: _Event) -> str | None:
    if event.event == "failed":
        return "delayed" if event.severity == "temporary" else "bounced"
    return {"delivered": "delivered", "rejected": "bounced", "complained": "complained"}.get(event.event)


def _report(event: _Event, state: str) -> Report:
    status = event.status
    said = status.description or status.message
    code = str(status.code) if status.code and not (said or "").startswith(str(status.code)) else None
    detail = " ".join(filter(None, (code, said))) or event.reason
    return Report.model_validate(
        {
            "provider": "mailgun",
            "message_id": angled(event.message.headers.message_id),
            "provider_id": event.id,
            "email": event.recipient,
            "state": state,
            "detail": "" if state == "delivered" else in_words(detail),
            "happened_at": datetime.fromtimestamp(event.timestamp, UTC),
        }
    )
