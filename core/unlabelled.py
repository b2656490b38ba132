"""A conversation at a provider that does not show its ticket's status yet."""

from pydantic import BaseModel, ConfigDict

from core.models import Status


class Unlabelled(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    thread_id: str
    """The provider's own name for it."""
    status: Status | None
    """What is to stand there; None: nothing of ours."""
    changes: int
    """Give it back with `Mailroom.mark_labelled`: what changes meanwhile is told apart by it."""
