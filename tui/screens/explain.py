"""Why a message is where it is, and what happened to a ticket, in sentences."""

from collections.abc import Sequence
from datetime import datetime

from core.models import Event, Message, Why
from core.text import relative_time, safe_line

_RULES = {
    "new": "It began this ticket: nothing in it pointed to an older one.",
    "in_reply_to": "It answers a message that is on this ticket (In-Reply-To).",
    "references": "It names a message that is on this ticket among those it refers to (References).",
    "answered_by": "A mail that is on this ticket answers it.",
    "gmail_thread": "Gmail keeps it in the same conversation.",
    "reply_token": "It came to the reply address, or answers the Message-ID, that only this ticket has.",
    "subject_number": "Its subject has this ticket's number, and its sender is already on the ticket.",
    "bounce": "It reports that an answer on this ticket could not be delivered.",
    "reply": "An agent wrote it here.",
    "created": "An agent wrote this ticket down.",
    "form": "It came by the form, and began this ticket.",
    "portal": "Whose ticket it is wrote it in the portal.",
    "receipt": "The desk wrote it by itself: a receipt for what came by the form.",
}


_INNER = ("waiting_since", "last_response_at", "message")
"""What the desk keeps for itself, and no agent changes."""

_DID = {
    "created": "began this ticket",
    "received": "took in a mail",
    "updated": "changed it",
    "replied": "answered",
    "noted": "added a note",
    "sent": "sent the answer",
    "unsent": "took the answer back",
    "undone": "took a change back",
    "bounced": "learned that an answer did not arrive",
    "delayed": "learned that an answer is late",
    "delivered": "learned that an answer arrived",
    "complained": "learned that an answer was marked as spam",
    "failed": "could not send the answer",
    "no_receipt": "sent no receipt",
}


def why_words(why: Why, message: Message) -> str:
    rule = why.rule or message.joined_by
    lines = [_RULES.get(rule, f"By the rule “{safe_line(rule)}”.")]
    if evidence := why.evidence or message.joined_evidence:
        lines += ["", f"Evidence: {safe_line(evidence)}"]
    if why.reason:
        lines += ["", safe_line(why.reason)]
    lines += ["", f"Message-ID: {safe_line(message.message_id)}", f"From: {safe_line(message.sender_email)}"]
    lines.append(f"Received: {why.received_at:%Y-%m-%d %H:%M} UTC")
    if why.raw_mail is not None:
        lines.append(f"Raw mail: {why.raw_mail} (ttydesk mail why {why.raw_mail})")
    return "\n".join(lines)


def event_words(events: Sequence[Event], now: datetime) -> str:
    """Newest first, a line for each event and one for each field that it changed."""
    lines: list[str] = []
    for event in reversed(events):
        who = safe_line(event.actor_email or "the desk", limit=80)
        when = event.created_at.astimezone(now.tzinfo)
        did = _DID.get(event.kind, safe_line(event.kind))
        lines.append(f"{when:%d %b %Y %H:%M}  {who} {did}  ({relative_time(event.created_at, now)})")
        for field in sorted((event.before.keys() | event.after.keys()).difference(_INNER)):
            before, after = event.before.get(field), event.after.get(field)
            if before != after:
                lines.append(f"    {field}: {_value(before)} → {_value(after)}")
        if event.reason:
            lines.append(f"    {safe_line(event.reason, limit=300)}")
    return "\n".join(lines) or "Nothing has happened yet."


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in (None, "", []) else safe_line(str(value), limit=200)
