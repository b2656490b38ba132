"""Sending: what Gmail does to a mail that its owner sends, and the way to other accounts of this server."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, formataddr, parseaddr
from typing import Literal

from tests.gmail.clock import Clock
from tests.gmail.mail import addresses_of, header, headers_of, with_header, without
from tests.gmail.mailbox import Mailbox, Message
from tests.gmail.problem import invalid, too_large

SEND_LIMIT = 36_700_160
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


@dataclass(slots=True)
class Habits:
    """What Google leaves undocumented or open, so that a test can have it either way."""

    message_ids: Literal["kept", "rewritten", "replaced"] = "kept"
    """Of sent mail. A rewritten one leaves the old one in X-Google-Original-Message-ID, a replaced none."""
    search_lag: float = 0.0
    """Seconds until a search with `q` finds a new message."""
    list_lag: float = 0.0
    """Seconds until a list without one has it."""
    shuffled_batches: bool = True
    """Whether the parts of a batch are answered in any order."""
    neighbours: bool = True
    """Whether mail to another account of this server arrives there."""


class Post:
    def __init__(
        self, mailboxes: Mapping[str, Mailbox], clock: Clock, habits: Habits, random: random.Random
    ) -> None:
        self._mailboxes = mailboxes
        self._clock = clock
        self._habits = habits
        self._random = random

    def send(self, mailbox: Mailbox, raw: bytes, thread_id: str | None = None) -> Message:
        if len(raw) > SEND_LIMIT:
            raise too_large(SEND_LIMIT)
        recipients = _recipients(raw)
        outgoing = self._stamped(mailbox, self._named(self._signed(mailbox, raw)))
        to_self = recipients & {mailbox.address, *mailbox.aliases}
        labels = {"SENT"} | ({"INBOX", "UNREAD"} if to_self else set())
        message = mailbox.add(outgoing, labels, thread_id=thread_id, sent=True)
        if self._habits.neighbours:
            for neighbour in self._mailboxes.values():
                if neighbour is not mailbox and recipients & {neighbour.address, *neighbour.aliases}:
                    neighbour.deliver(without(outgoing, "Bcc"))
        return message

    def _signed(self, mailbox: Mailbox, raw: bytes) -> bytes:
        """From is the account or one of its aliases, whatever was written."""
        name, address = parseaddr(header(raw, "From"))
        if address.lower() in {mailbox.address, *mailbox.aliases}:
            return raw
        return with_header(without(raw, "From"), "From", formataddr((name, mailbox.address)))

    def _named(self, raw: bytes) -> bytes:
        old = header(raw, "Message-ID")
        if old and self._habits.message_ids == "kept":
            return raw
        token = "".join(self._random.choices(_ALPHABET, k=50))
        if old and self._habits.message_ids == "rewritten":
            raw = with_header(raw, "X-Google-Original-Message-ID", old)
        return with_header(without(raw, "Message-ID"), "Message-ID", f"<CA{token}@mail.gmail.com>")

    def _stamped(self, mailbox: Mailbox, raw: bytes) -> bytes:
        now = format_datetime(datetime.fromtimestamp(self._clock(), UTC))
        if not header(raw, "Date"):
            raw = with_header(raw, "Date", now)
        return with_header(
            raw, "Received", f"from desk named unknown by gmailapi.google.com with HTTPREST; {now}"
        )


def _recipients(raw: bytes) -> set[str]:
    found: set[str] = set()
    for name in ("To", "Cc", "Bcc"):
        addresses = addresses_of(raw, name)
        written = any(value for known, value in headers_of(raw) if known.lower() == name.lower())
        if written and not addresses:
            raise invalid(f"Invalid {name} header")
        found.update(addresses)
    if not found:
        raise invalid("Recipient address required")
    return found
