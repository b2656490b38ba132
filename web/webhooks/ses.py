"""What Amazon SES publishes to a topic of Amazon SNS: notifications, or the events of a configuration set."""

import json

from pydantic import AwareDatetime, Field

from core.reports import Report
from web.webhooks import sns
from web.webhooks.delivery import Delivery, Payload, Told, angled, in_words, parsed
from web.webhooks.document import Documents

_OUTCOMES = {
    "Delivery": ("delivered", "delivery"),
    "DeliveryDelay": ("delayed", "deliveryDelay"),
    "Bounce": ("bounced", "bounce"),
    "Complaint": ("complained", "complaint"),
    "Reject": ("bounced", "reject"),
}


class _Header(Payload):
    name: str
    value: str


class _Common(Payload):
    message_id: str | None = Field("", alias="messageId")


class _Mail(Payload):
    id: str = Field(alias="messageId")
    at: AwareDatetime = Field(alias="timestamp")
    headers: list[_Header] = []
    common: _Common = Field(_Common.model_construct(), alias="commonHeaders")


class _Recipient(Payload):
    email: str = Field(alias="emailAddress")
    status: str | None = ""
    said: str | None = Field("", alias="diagnosticCode")


class _Outcome(Payload):
    at: AwareDatetime | None = Field(None, alias="timestamp")
    recipients: list[str] = []
    delayed: list[_Recipient] = Field([], alias="delayedRecipients")
    bounced: list[_Recipient] = Field([], alias="bouncedRecipients")
    complained: list[_Recipient] = Field([], alias="complainedRecipients")
    bounce: str | None = Field("", alias="bounceType")
    sub_bounce: str | None = Field("", alias="bounceSubType")
    delay: str | None = Field("", alias="delayType")
    feedback: str | None = Field("", alias="complaintFeedbackType")
    reason: str | None = ""

    def people(self) -> list[_Recipient]:
        """Empty where it is about all of them."""
        delivered = [_Recipient.model_validate({"emailAddress": email}) for email in self.recipients]
        return delivered or self.delayed or self.bounced or self.complained


class _Event(Payload):
    mail: _Mail
    kind: str = Field("", alias="eventType")
    older_kind: str = Field("", alias="notificationType")


async def read(delivery: Delivery, topic: str, documents: Documents) -> Told:
    """Raises what `sns.open_envelope` does."""
    envelope = await sns.open_envelope(delivery, topic, documents)
    if envelope.type == "SubscriptionConfirmation":
        return Told(confirm=sns.confirmation(envelope))
    return Told(reports(envelope.message) if envelope.type == "Notification" else [])


def reports(message: str) -> list[Report]:
    """A topic tells of other things as well, and SES greets it with a sentence: none of that is a report."""
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        return []
    if not isinstance(content, dict) or "mail" not in content:
        return []
    event = parsed(_Event, content)
    kind = event.kind or event.older_kind
    if kind not in _OUTCOMES:
        return []
    state, name = _OUTCOMES[kind]
    outcome = parsed(_Outcome, content.get(name))
    if outcome.bounce == "Transient" and outcome.sub_bounce == "General":
        state = "delayed"  # SES counts answers of people who are away among these
    people: list[_Recipient | None] = [*outcome.people()]
    return [_report(event.mail, outcome, state, one) for one in people or [None]]


def _report(mail: _Mail, outcome: _Outcome, state: str, recipient: _Recipient | None) -> Report:
    names = [one.value for one in mail.headers if one.name.lower() == "message-id"]
    said = recipient and (recipient.said or recipient.status)
    detail = said or outcome.sub_bounce or outcome.delay or outcome.feedback or outcome.reason
    return Report.model_validate(
        {
            "provider": "ses",
            "message_id": angled(names[0] if names else mail.common.message_id or ""),
            "provider_id": mail.id,
            "email": recipient.email if recipient else "",
            "state": state,
            "detail": in_words((detail or "").removeprefix("smtp;")),
            "happened_at": outcome.at or mail.at,
        }
    )
