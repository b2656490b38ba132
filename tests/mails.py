"""Mails as `Desk.receive_mail` takes them, for tests that are not about parsing."""

import hashlib
from typing import Any


def mail(name: str, **fields: Any) -> dict[str, Any]:
    """A mail from kim@example.com; `name` makes it another mail, with the Message-ID <name@example.com>."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {
        "raw": {"sha256": digest, "size": 100},
        "mailbox_id": None,
        "provider_id": None,
        "received_at": "2026-03-02T10:00:00Z",
        "message_id": f"<{name}@example.com>",
        "fingerprint": digest,
        "in_reply_to": [],
        "references": [],
        "gmail_thread_id": None,
        "gmail_message_id": None,
        "own_ids": [],
        "sent": False,
        "spam": False,
        "sender": {"name": "Kim", "email": "kim@example.com"},
        "to": [{"name": "", "email": "support@example.com"}],
        "cc": [],
        "reply_to": [],
        "subject": "Broken lamp",
        "sent_at": None,
        "content": f"The lamp is broken. ({name})",
        "quoted_text": "",
        "signature": "",
        "reply_tokens": [],
        "subject_number": None,
        "attachments": [],
        "automatic": False,
        "bounce": None,
        "forwarded_sender": None,
        "ignore": "",
        "quarantine": None,
    } | fields


def sender(email: str, name: str = "") -> dict[str, str]:
    return {"name": name, "email": email}
