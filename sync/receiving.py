"""A parsed mail as the desk's `receive_mail` takes it: a dict of plain values that any Postgres accepts.

Pure. Outside values are bounded here, because a text of the wrong kind or length would be refused by an
index or a type of the database, and a mail must not end in quarantine over its hundredth reference.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.portal_link import links_in, without_links
from sync.parsed import Address, ParsedMail

TEXT_LIMIT = 1_000_000
"""Characters of a text that is shown and searched; the raw mail keeps the rest."""
_LINE_LIMIT = 2_000
_ID_LIMIT = 500
_REFERENCE_LIMIT = 100
_RECIPIENT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """How a mail came."""

    mailbox_id: UUID | None = None
    provider_id: str | None = None
    received_at: datetime | None = None
    """When the mailbox got it; None: now."""
    is_history: bool = False
    """The mail is from an archive: its Date field says when it came."""
    thread_id: str | None = None
    """Gmail's name for the conversation."""
    is_sent: bool = False
    """It left from the mailbox, as the mailbox itself says."""
    is_spam: bool = False
    ignore: str = ""
    """Why no ticket is to be made of it, a sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks say of a mail: sentences, empty where there is nothing to say."""

    ignore: str = ""
    quarantine: str = ""
    detail: str = ""


def as_received(
    parsed: ParsedMail, sha256: str, size: int, origin: Origin, verdict: Verdict, keep: bool, now: datetime
) -> dict[str, Any]:
    """`keep`: whether its attachments are stored, or only named because the mail is over the size limit."""
    sent_at = _utc(parsed.date)
    message_id = parsed.message_id and _id(parsed.message_id)
    in_reply_to = _ids(parsed.in_reply_to)[:20]
    references = _ids(parsed.references)
    return {
        **without_content(sha256, size, origin, verdict),
        "received_at": _received_at(sent_at, origin, now).isoformat(),
        "history": origin.is_history,
        "message_id": message_id or f"<{sha256}@no-message-id.invalid>",
        "fingerprint": _fingerprint(parsed),
        "in_reply_to": in_reply_to,
        "references": references[:1] + references[1:][-_REFERENCE_LIMIT:],
        "own_ids": _ids(parsed.own_ids)[:20],
        "sender": _address(parsed.sender)
        if parsed.sender
        else {"name": "", "email": "unknown@sender.invalid"},
        "to": _addresses(parsed.to),
        "cc": _addresses(parsed.cc),
        "reply_to": _addresses(parsed.reply_to),
        "subject": _line(without_links(parsed.subject)),
        "sent_at": sent_at and sent_at.isoformat(),
        "content": _text(parsed.reply_text),
        "quoted_text": _text(parsed.quoted_text),
        "signature": _text(parsed.signature),
        "reply_tokens": _reply_tokens(parsed),
        "subject_number": _subject_number(parsed.subject),
        "attachments": _attachments(parsed, keep),
        "automatic": parsed.is_auto_reply or parsed.is_delivery_report or parsed.is_feedback_report,
        "bounce": _bounce(parsed),
        "forwarded_sender": _address(parsed.forwarded_sender) if parsed.forwarded_sender else None,
    }


def without_content(sha256: str, size: int, origin: Origin, verdict: Verdict) -> dict[str, Any]:
    """A mail of which nothing but its bytes is known."""
    quarantine = {"reason": _line(verdict.quarantine), "detail": _text(verdict.detail)}
    return {
        "raw": {"sha256": sha256, "size": size},
        "mailbox_id": str(origin.mailbox_id) if origin.mailbox_id else None,
        "provider_id": origin.provider_id,
        "arrived_at": origin.received_at and origin.received_at.isoformat(),
        "gmail_thread_id": origin.thread_id,
        "gmail_message_id": origin.provider_id if origin.thread_id else None,
        "sent": origin.is_sent,
        "spam": origin.is_spam,
        "ignore": verdict.ignore,
        "quarantine": quarantine if verdict.quarantine else None,
    }


def _received_at(sent_at: datetime | None, origin: Origin, now: datetime) -> datetime:
    at = sent_at if origin.is_history else origin.received_at
    return min(at or origin.received_at or now, now)


def _fingerprint(parsed: ParsedMail) -> str:
    """Of what stays the same in every copy of a mail, whichever way it travelled."""
    parts = [
        parsed.sender.email.lower() if parsed.sender else "",
        parsed.date.isoformat() if parsed.date else "",
        parsed.subject,
        parsed.text,
        *(address.email.lower() for address in (*parsed.to, *parsed.cc)),
        *(f"{attachment.filename} {attachment.sha256}" for attachment in parsed.attachments),
    ]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _utc(date: datetime | None) -> datetime | None:
    """Postgres takes no offset above 16 hours, and senders do write such."""
    try:
        return date and date.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _clean(text: str) -> str:
    """Without what Postgres has no place for: NUL and halves of surrogate pairs."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _line(text: str) -> str:
    return _clean(text[:_LINE_LIMIT])


def _text(text: str) -> str:
    if len(text) > TEXT_LIMIT:
        rest = len(text) - TEXT_LIMIT
        text = f"{text[:TEXT_LIMIT]}\n\n[{rest} more characters are in the raw mail.]"
    return _clean(without_links(text))


def quoted_links(raw: bytes, parsed: ParsedMail | None = None) -> list[str]:
    """Links to the portal that come back in a mail, or in one inside of it: agents can read them there.

    Of a mail that could not be read, those that stand in its bytes.
    """
    contents = [raw, *(one.content for one in parsed.attachments)] if parsed else [raw]
    texts = [
        content.replace(b"=\r\n", b"").replace(b"=\n", b"").decode("latin-1")  # lines that were folded
        for content in contents
        if b"ttp_" in content
    ]
    if parsed:
        texts += [parsed.subject, parsed.text, parsed.html]
    return links_in(*texts)[:_REFERENCE_LIMIT]


def _id(message_id: str) -> str:
    """The id; a very long one, which no index takes, by its hash, wherever it is named."""
    message_id = _clean(message_id)
    if len(message_id) <= _ID_LIMIT:
        return message_id
    return f"<{hashlib.sha256(message_id.encode()).hexdigest()}@long-message-id.invalid>"


def _ids(message_ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(_id, message_ids)))


def _address(address: Address) -> dict[str, str]:
    return {"name": _clean(address.name[:_LINE_LIMIT]), "email": _clean(address.email[:_ID_LIMIT])}


def _addresses(addresses: tuple[Address, ...]) -> list[dict[str, str]]:
    return [_address(address) for address in addresses[:_RECIPIENT_LIMIT]]


_TOKEN_ADDRESS = re.compile(r"\+t-([0-9a-f]{32})@", re.IGNORECASE)
_TOKEN_ID = re.compile(r"<t-([0-9a-f]{32})\.[^<>]*@", re.IGNORECASE)


def _reply_tokens(parsed: ParsedMail) -> list[str]:
    """The tickets' secrets that the mail carries, from addresses it was sent to and ids it answers."""
    addresses = [address.email for address in (*parsed.to, *parsed.cc)[:_RECIPIENT_LIMIT]]
    ids = [*parsed.in_reply_to, *parsed.references, parsed.bounced_message_id or ""]
    found = [_TOKEN_ADDRESS.search(address) for address in (*addresses, *parsed.delivered_to)]
    found += [_TOKEN_ID.match(id) for id in ids]
    return list(dict.fromkeys(match.group(1).lower() for match in found if match))[:20]


_SUBJECT_NUMBER = re.compile(r"\[#([1-9]\d{0,14})\]|(?<![\w#&/])#([1-9]\d{3,14})\b", re.ASCII)


def _subject_number(subject: str) -> int | None:
    """The number behind a `#`, with the brackets that our own subjects have or without."""
    matches = _SUBJECT_NUMBER.findall(subject[:_LINE_LIMIT])
    ours = next((number for number, _ in matches if number), None)
    found = ours or next((number for _, number in matches if number), None)
    return int(found) if found else None


def _attachments(parsed: ParsedMail, keep: bool) -> list[dict[str, Any]]:
    return [
        {
            "filename": _clean(attachment.filename[:255]),
            "content_type": _clean(attachment.content_type[:255]),
            "size": attachment.size,
            "sha256": attachment.sha256 if keep else None,
            "content_id": _clean(attachment.content_id[:_ID_LIMIT]) or None,
            "inline": attachment.inline,
        }
        for attachment in parsed.attachments
    ]


def _bounce(parsed: ParsedMail) -> dict[str, Any] | None:
    if not parsed.is_bounce:
        return None
    return {
        "recipients": [_clean(email[:_ID_LIMIT]) for email in parsed.bounced_recipients[:_RECIPIENT_LIMIT]],
        "status": _clean(parsed.bounce_status[0][:20]) if parsed.bounce_status else "",
        "permanent": parsed.bounce_is_permanent,
        "message_id": _id(parsed.bounced_message_id) if parsed.bounced_message_id else None,
    }
