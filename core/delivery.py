"""How a mail came: by which mailbox, under which name there, and how it lay there."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class MailDelivery(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    mailbox_id: UUID
    provider_id: str
    """The mailbox's own name for it."""
    received_at: datetime | None
    """When the mailbox got it."""
    thread_id: str | None
    """The mailbox's own name for the conversation."""
    sent: bool
    """It left from the mailbox."""
    spam: bool
    """The mailbox takes it for that."""
