"""Postmark's webhooks: one event a call. Postmark signs nothing; it knows a secret that we gave it.

The secret comes as the password of basic authentication (in the address that Postmark is given), or in a
header. Postmark names a mail by an id of its own; ours has to be handed to it as metadata, see docs/web.md.
That has room for 80 letters, so that the end of our Message-ID must do.
"""

import base64
import hmac

from pydantic import AwareDatetime, Field

from core.errors import Forbidden
from core.reports import Report
from web.webhooks.delivery import Delivery, Payload, Told, angled, in_words, parsed

HEADER = "x-webhook-secret"
_OURS = "message-id"
"""The metadata in which our own Message-ID comes back."""
_DELAYED = {"Transient", "ChallengeVerification"}
_NO_BOUNCE = {"AutoResponder", "AddressChange", "Subscribe", "Unsubscribe", "OpenRelayTest", "InboundError"}
"""What else Postmark calls a bounce, though the mail arrived."""


class _Event(Payload):
    kind: str = Field(alias="RecordType")
    id: str = Field("", alias="MessageID")
    type: str | None = Field("", alias="Type")
    recipient: str = Field("", alias="Recipient")
    email: str = Field("", alias="Email")
    delivered_at: AwareDatetime | None = Field(None, alias="DeliveredAt")
    bounced_at: AwareDatetime | None = Field(None, alias="BouncedAt")
    description: str | None = Field("", alias="Description")
    details: str | None = Field("", alias="Details")
    metadata: dict[str, str] = Field({}, alias="Metadata")


def read(delivery: Delivery, secret: str) -> Told:
    """Raises Forbidden without the secret, HTTPException 400 for another shape."""
    if not hmac.compare_digest(_given(delivery).encode(), secret.encode()):
        raise Forbidden("The delivery does not come with the secret that we gave to Postmark.")
    event = parsed(_Event, delivery.body)
    state = _state(event)
    return Told([_report(event, state, delivery)] if state else [])


def _given(delivery: Delivery) -> str:
    scheme, _, encoded = delivery.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return delivery.headers.get(HEADER, "")
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _state(event: _Event) -> str | None:
    if event.kind == "Bounce":
        return None if event.type in _NO_BOUNCE else "delayed" if event.type in _DELAYED else "bounced"
    return {"Delivery": "delivered", "SpamComplaint": "complained"}.get(event.kind)


def _report(event: _Event, state: str, delivery: Delivery) -> Report:
    ours = {name.lower(): value for name, value in event.metadata.items()}.get(_OURS, "")
    return Report.model_validate(
        {
            "provider": "postmark",
            "message_id": angled(ours),
            "provider_id": event.id,
            "email": event.recipient or event.email,
            "state": state,
            "detail": "" if state == "delivered" else in_words(event.details or event.description),
            "happened_at": event.delivered_at or event.bounced_at or delivery.now,
        }
    )
