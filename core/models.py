"""The things a help desk is about, as its operations return them.

Times are aware datetimes in UTC. Texts are as the customer sent them: whoever shows
one passes it through `core.text` first.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.carriers import Daemon as Daemon
from core.carriers import Mailbox as Mailbox
from core.carriers import OutboxCount as OutboxCount
from core.carriers import QuarantineCount as QuarantineCount
from core.carriers import Record as Record
from core.delivery import MailDelivery


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
    """How far an answer has come on its way out; what follows `sent` is told of its recipients by others."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    CANCELLED = "cancelled"


class TicketFilter(Record):
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


class Ticket(Record):
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
    version: int = 1
    """Another with every change of the ticket."""


class TicketPage(Record):
    tickets: list[Ticket]
    next: str | None
    """Give it back as `after` for the following page; None at the end."""


class Mailto(Record):
    """An address with the name that stood beside it."""

    name: str
    email: str


class Recipients(Record):
    to: list[Mailto] = []
    cc: list[Mailto] = []
    reply_to: list[Mailto] = []


class Attachment(Record):
    id: UUID
    filename: str
    content_type: str
    size: int
    """Bytes."""
    sha256: str | None
    """Where `core.files` keeps it; None when it was over the size limit and stays in the raw mail."""
    content_id: str | None
    inline: bool


class AttachedFile(Record):
    """An attachment by itself, for whoever fetches it."""

    id: UUID
    number: int
    """The ticket's."""
    filename: str
    content_type: str
    size: int
    """Bytes."""
    sha256: str | None
    """Where `core.files` keeps it; None when it was over the size limit and stays in the raw mail."""


class RecipientState(Record):
    email: str
    state: Delivery
    detail: str


class Dispatch(Record):
    """The way out of one outgoing message."""

    state: Delivery
    not_before: datetime
    """Until then it can be taken back."""
    attempts: int
    error: str | None
    recipients: list[RecipientState]


class Message(Record):
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


class Note(Record):
    """What agents tell each other; it is never mailed."""

    id: UUID
    author_email: str
    author_name: str
    content: str
    created_at: datetime


class Draft(Record):
    kind: str
    """"reply" or "note"."""
    content: str
    updated_at: datetime


class Conversation(Record):
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


class Event(Record):
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


class EventPage(Record):
    cursor: str
    events: list[Event]


class Counts(Record):
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


class Changed(Record):
    """What a command did; `request_id` takes it back (`Desk.undo`)."""

    request_id: UUID
    tickets: list[Ticket]
    skipped: list[int] = []
    """Numbers left as they are, because they were changed again meanwhile (undo only)."""


class Received(Record):
    outcome: Outcome
    raw_mail: int | None
    number: int | None
    """The ticket it went to."""
    message: UUID | None
    rule: str
    """new, in_reply_to, references, same_id, answered_by, gmail_thread, reply_token or subject_number."""
    evidence: str
    reason: str


class RawMail(Record):
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
    delivery: MailDelivery | None = None
    """The first way it came; None where it came by no mailbox."""


class Why(Record):
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


class Outgoing(Record):
    """An answer the daemon has claimed: all it takes to write and send the mail."""

    id: UUID
    number: int | None
    """The ticket's; None of a letter, a mail of the desk itself that is about no ticket."""
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
    portal_email: str | None = None
    """Whom a link in this mail may let into the portal; None: it goes to others too."""


class DeskVersion(Record):
    """What the database was last brought up to date with."""

    digest: str
    """Of sql/ (core/version.py)."""
    interface: str = ""
    """Of what is asked and answered (core/interface.py); empty where a ttydesk before 0.2 did it."""
    program: str = ""
    """The version of that ttydesk."""
    migrations: dict[str, str]
    """The checksum of each that ran."""
    began_at: datetime


class Agent(Record):
    id: UUID
    email: str
    name: str
    role: Role
    departments: list[str]
    active: bool
    signature: str
