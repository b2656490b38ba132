"""What reading a mail gives: ParsedMail and its parts.

Everything here is outside text as the sender wrote it, decoded and repaired but not yet safe for a terminal;
core/text.py makes it so where it is shown.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox; `email` may lack an @ when the mail did, `name` is empty when none was given."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a mail: `filename` is bare (no path, no controls), and empty when the mail gave none."""

    filename: str
    content_type: str
    size: int
    sha256: str
    content_id: str
    inline: bool
    content: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """One method of an Authentication-Results header (RFC 8601), such as dkim=pass."""

    server: str
    method: str
    result: str


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """How one mail was understood. Message ids keep their angle brackets; no field is ever missing."""

    is_mail: bool = False
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    subject: str = ""
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    date: datetime | None = None

    text: str = ""
    html: str = ""
    reply_text: str = ""
    quoted_text: str = ""
    signature: str = ""
    attachments: tuple[Attachment, ...] = ()

    is_auto_reply: bool = False
    is_list_mail: bool = False
    may_auto_respond: bool = False
    list_id: str = ""
    auto_submitted: str = ""
    loop: tuple[str, ...] = ()
    own_ids: tuple[str, ...] = ()
    """Message-IDs it had when it left a desk: in our own field, and where Google keeps what it replaced."""

    is_delivery_report: bool = False
    is_bounce: bool = False
    bounced_recipients: tuple[str, ...] = ()
    bounce_status: tuple[str, ...] = ()
    bounce_is_permanent: bool = False
    bounced_message_id: str | None = None
    is_feedback_report: bool = False

    is_forward: bool = False
    forwarded_sender: Address | None = None
    forwarded_subject: str = ""

    authentication_results: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    problems: tuple[str, ...] = ()
