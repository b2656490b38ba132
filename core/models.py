"""The things a help desk is about, as its operations return them.

Times are aware datetimes in UTC. Texts are as the customer sent them: whoever shows
one passes it through `core.text` first.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from core.verified import Verified


class Status(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class Role(StrEnum):
    ADMIN = "admin"
    AGENT = "agent"


class Sort(StrEnum):
    """The orders of a list; each begins with what an agent wants to see first."""

    LATEST = "latest"
    """By the newest message; assigning or prioritising moves nothing."""
    UPDATED = "updated"
    CREATED = "created"
    PRIORITY = "priority"
    NUMBER = "number"
    WAITING = "waiting"


class Outcome(StrEnum):
    """What became of a mail that was taken in."""

    CREATED = "created"
    APPENDED = "appended"
    DUPLICATE = "duplicate"
    BOUNCED = "bounced"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class Delivery(StrEnum):
    """How far an answer has come on its way out."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class TicketFilter(_Record):
    """Which tickets a list holds: every field that is set has to hold."""

    status: list[Status] | None = None
    priority: list[Priority] | None = None
    assignee: str | None = None
    """An agent's address, or "none" for nobody, or "me"."""
    requester: str | None = None
    """A customer's whole address."""
    number: int | None = None
    spam: bool | None = None
    """True: only spam. Otherwise there is none of it in the list, unless it names a number."""
    words: str | None = None
    """As a web search takes them: words, "phrases", or, -not."""
    created_since: datetime | None = None
    created_until: datetime | None = None
    updated_since: datetime | None = None
    updated_until: datetime | None = None


class Ticket(_Record):
    id: UUID
    number: int
    """What people say: #1042."""
    subject: str
    status: Status
    priority: Priority
    requester_email: str
    requester_name: str
    assignee_email: str | None
    assignee_name: str | None
    mailbox: str | None
    department: str | None
    created_at: datetime
    updated_at: datetime
    last_response_at: datetime | None
    """When an agent last answered."""
    last_message_at: datetime
    waiting_since: datetime | None
    """Since when the customer waits for us; None when nobody does."""
    message_count: int
    attachment_count: int
    gmail_thread_id: str | None
    spam: bool = False
    """Only lists that ask for spam hold it."""


class TicketPage(_Record):
    tickets: list[Ticket]
    next: str | None
    """Give it back as `after` for the following page; None at the end."""


class Mailto(_Record):
    """An address with the name that stood beside it."""

    name: str
    email: str


class Recipients(_Record):
    to: list[Mailto] = []
    cc: list[Mailto] = []
    reply_to: list[Mailto] = []


class Attachment(_Record):
    id: UUID
    filename: str
    content_type: str
    size: int
    """Bytes."""
    sha256: str | None
    """Where `core.files` keeps it; None when it was over the size limit and stays in the raw mail."""
    content_id: str | None
    inline: bool


class RecipientState(_Record):
    email: str
    state: Delivery
    detail: str


class Dispatch(_Record):
    """The way out of one outgoing message."""

    state: Delivery
    not_before: datetime
    """Until then it can be taken back."""
    attempts: int
    error: str | None
    recipients: list[RecipientState]


class Message(_Record):
    id: UUID
    direction: Direction
    sender_email: str
    sender_name: str
    recipients: Recipients
    content: str
    """The new part, as a person reads it."""
    quoted_text: str
    signature: str
    message_id: str
    automatic: bool
    joined_by: str
    """The rule that put it into its ticket."""
    joined_evidence: str
    raw_mail: int | None
    created_at: datetime
    sent_at: datetime | None
    attachments: list[Attachment]
    dispatch: Dispatch | None
    """Only of outgoing messages."""


class Note(_Record):
    """What agents tell each other; it is never mailed."""

    id: UUID
    author_email: str
    author_name: str
    content: str
    created_at: datetime


class Draft(_Record):
    kind: str
    """"reply" or "note"."""
    content: str
    updated_at: datetime


class Conversation(_Record):
    """One ticket with all that was said on it, oldest first."""

    ticket: Ticket
    messages: list[Message]
    notes: list[Note]
    earlier: int
    """Messages before the first one here, left out because the thread is very long."""
    drafts: list[Draft]
    """The asking agent's own."""
    reply_to: Recipients
    """Whom an answer to the newest message goes to."""


class Event(_Record):
    """One change: who, what, before, after, when, why."""

    id: int
    number: int | None
    """The ticket's; None where the event is about no ticket."""
    kind: str
    actor_email: str | None
    """None: the desk itself."""
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    request_id: UUID | None
    created_at: datetime


class EventPage(_Record):
    cursor: str
    events: list[Event]


class Counts(_Record):
    """Tickets in each view, counted up to `limit` and no further."""

    unassigned: int
    mine: int
    open: int
    pending: int
    resolved: int
    all: int
    spam: int
    quarantine: int
    limit: int


class Changed(_Record):
    """What a command did; `request_id` takes it back (`Desk.undo`)."""

    request_id: UUID
    tickets: list[Ticket]
    skipped: list[int] = []
    """Numbers left as they are, because they were changed again meanwhile (undo only)."""


class Received(_Record):
    outcome: Outcome
    raw_mail: int | None
    number: int | None
    """The ticket it went to."""
    message: UUID | None
    rule: str
    """new, in_reply_to, references, same_id, answered_by, gmail_thread, reply_token or subject_number."""
    evidence: str
    reason: str


class RawMail(_Record):
    """One line of the ledger of every mail that was ever taken in."""

    id: int
    sha256: str
    size: int
    outcome: Outcome
    reason: str
    detail: str
    sender: str
    subject: str
    number: int | None
    received_at: datetime
    sources: list[str]
    """"mailbox: the mailbox's own name for it", one for each way it came."""


class Why(_Record):
    """By which rule a message is where it is."""

    raw_mail: int | None
    number: int | None
    message: UUID | None
    message_id: str
    subject: str
    sender: str
    outcome: Outcome | None
    rule: str
    evidence: str
    reason: str
    received_at: datetime


class Outgoing(_Record):
    """An answer the daemon has claimed: all it takes to write and send the mail."""

    id: UUID
    number: int
    subject: str
    message_id: str
    in_reply_to: str | None
    references: list[str]
    sender: Mailto
    """The mailbox it leaves from."""
    author_name: str
    recipients: Recipients
    content: str
    """Markdown."""
    signature: str
    attachments: list[Attachment]
    automatic: bool
    reply_token: str
    attempts: int
    """1 at the first try."""
    created_at: datetime
    thread_id: str | None = None
    """The provider's own name for the conversation."""
    keeps_subject: bool = False
    """The provider keeps a conversation together by its subject: it has to stay as it was."""
    unsure_seconds: float | None = None
    """So long ago an attempt began of which nobody knows whether the mail left; None: it has not."""
    thread_subject: str | None = None
    """The subject of the mail that is answered, in that conversation."""


class OutboxCount(_Record):
    """What is on its way, and what did not get away."""

    waiting: int
    """Answers that have not left, those within their grace period too."""
    overdue_since: datetime | None
    """When the first of them could have left; None when none is late."""
    problem: str | None
    """Why the last attempt at one of them came to nothing."""
    failed: list[int]
    """Numbers of open tickets whose newest answer was given up."""


class Mailbox(_Record):
    id: UUID
    name: str
    kind: str
    address: str
    display_name: str
    department: str | None
    signature: str
    cursor: str | None
    connected: bool
    """Whether its mail is read and sent."""
    connected_at: datetime
    since: datetime
    """Mail that came before is not asked for."""
    synced_at: datetime | None
    watched_until: datetime | None
    """Until when the provider tells of news by itself."""
    leased_by: str | None
    """The daemon that works on it."""
    leased_until: datetime | None
    last_error: str | None
    verified_at: datetime | None = None
    """When it was last held against the ledger."""
    verified: Verified | None = None

    @property
    def was_looked_at(self) -> bool:
        """Whether a daemon has read it, or tried to: a folder that is missing then has vanished."""
        return self.synced_at is not None or self.last_error is not None


class Agent(_Record):
    id: UUID
    email: str
    name: str
    role: Role
    departments: list[str]
    active: bool
    signature: str
