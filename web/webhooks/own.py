"""Reports in our own shape, for any mail server: one event a call, signed as Standard Webhooks has it.

{"type": "email.bounced", "timestamp": "2026-03-02T12:00:00Z",
 "data": {"message_id": "<...>", "recipient": "kim@example.com", "reason": "550 5.1.1 no such user"}}
"""

from datetime import datetime

from pydantic import AwareDatetime
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.errors import Forbidden
from core.reports import Report
from web.webhooks.delivery import Delivery, Payload, Told, angled, parsed

_STATES = ("delivered", "delayed", "bounced", "complained")


class _About(Payload):
    message_id: str = ""
    provider_id: str = ""
    recipient: str = ""
    reason: str = ""


class _Event(Payload):
    type: str
    timestamp: AwareDatetime
    data: _About


def read(delivery: Delivery, secret: str) -> Told:
    """Raises Forbidden for a wrong signature, also one of more than five minutes ago, and HTTPException 400
    for another shape."""
    try:
        Webhook(secret).verify(delivery.body, dict(delivery.headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:  # ValueError: a signature that is no base64
        raise Forbidden("The delivery is not signed with the secret that we share.") from error
    event = parsed(_Event, delivery.body)
    kind, _, state = event.type.partition(".")
    is_known = kind == "email" and state in _STATES
    return Told([_report(state, event.timestamp, event.data)] if is_known else [])


def _report(state: str, at: datetime, about: _About) -> Report:
    return Report.model_validate(
        {
            "provider": "own",
            "message_id": angled(about.message_id),
            "provider_id": about.provider_id,
            "email": about.recipient,
            "state": state,
            "detail": about.reason,
            "happened_at": at,
        }
    )
