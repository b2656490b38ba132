"""SendGrid's Event Webhook: a list of events, signed by ECDSA over the time and the body as it came."""

import base64
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import Field

from core.errors import DeskError, Forbidden
from core.reports import Report
from web.webhooks.delivery import Delivery, Payload, Told, angled, in_words, listed, parsed, require_fresh

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIME = "x-twilio-email-event-webhook-timestamp"
_STATES = {
    "delivered": "delivered",
    "deferred": "delayed",
    "bounce": "bounced",
    "dropped": "bounced",
    "spamreport": "complained",
}
"""`bounce` is the end also where its type is "blocked": that mail will not arrive."""


class _Event(Payload):
    event: str
    email: str = ""
    timestamp: int = Field(ge=0, le=253_402_300_799)
    smtp_id: str = Field("", alias="smtp-id")
    sg_message_id: str = ""
    reason: str | None = ""
    response: str | None = ""
    status: str | None = ""


def read(delivery: Delivery, key: str) -> Told:
    """`key` is the verification key as SendGrid shows it. Raises as `own.read` does."""
    at = delivery.headers.get(_TIME, "")
    _check(_public_key(key), delivery.headers.get(_SIGNATURE, ""), at.encode() + delivery.body)
    require_fresh(at, delivery.now)
    events = [parsed(_Event, one) for one in listed(delivery.body)]
    return Told([_report(one) for one in events if one.event in _STATES])


def _public_key(key: str) -> EllipticCurvePublicKey:
    try:
        found = load_der_public_key(base64.b64decode(key, validate=True))
        if isinstance(found, EllipticCurvePublicKey) and isinstance(found.curve, SECP256R1):
            return found
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DeskError("email_status.sendgrid_key is no verification key of SendGrid.") from error
    raise DeskError("email_status.sendgrid_key is a key of another kind than SendGrid signs with.")


def _check(key: EllipticCurvePublicKey, signature: str, signed: bytes) -> None:
    try:
        key.verify(base64.b64decode(signature, validate=True), signed, ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise Forbidden("The delivery is not signed with SendGrid's key.") from error


def _report(event: _Event) -> Report:
    told = event.response if event.event in ("delivered", "deferred") else event.reason
    return Report.model_validate(
        {
            "provider": "sendgrid",
            "message_id": angled(event.smtp_id),
            "provider_id": event.sg_message_id,
            "email": event.email,
            "state": _STATES[event.event],
            "detail": in_words(told or event.reason, None if told else event.status),
            "happened_at": datetime.fromtimestamp(event.timestamp, UTC),
        }
    )
