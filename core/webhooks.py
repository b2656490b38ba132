"""The operations of webhooks: addresses that are told of events, and the log of what was sent to each.

A part of `core.desk.Desk`, in the same manner. A secret goes in and never comes out again, but to the daemon,
with what it claims to send.
"""

import base64
import secrets
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr

from core.carriers import Record
from core.gateway import Gateway, records


class WebhookState(StrEnum):
    """How far a delivery has come."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Webhook(Record):
    """An address that is told of events."""

    id: UUID
    url: str
    description: str
    events: list[str]
    """The types it is told of; none: all."""
    notes: bool
    """Whether it gets the text of notes."""
    active: bool
    off_reason: str
    """Why the desk itself has switched it off; empty where an admin did, or nobody."""
    failing_since: datetime | None
    """Of the attempts from then on none came through."""
    last_error: str | None
    created_at: datetime
    created_by: str | None
    """An agent's address; None: who held the desk itself."""
    waiting: int
    """Deliveries that have not come through yet."""
    failed: int
    """Deliveries that were given up."""


class WebhookDelivery(Record):
    """One line of the log: a message to a webhook, and what became of it."""

    id: int
    webhook_id: UUID
    message_id: UUID
    """What the receiver knows it by: the same at each try."""
    type: str
    number: int | None
    """The ticket's."""
    state: WebhookState
    attempts: int
    created_at: datetime
    attempted_at: datetime | None
    """When the last attempt ended."""
    settled_at: datetime | None
    next_attempt_at: datetime | None
    status: int | None
    """The HTTP status of the last answer; None where none came."""
    answer: str
    """How that answer began."""
    error: str | None
    payload: dict[str, Any] | None = None
    """What is sent, where it was asked for."""


class WebhookDue(Record):
    """What a daemon has to know of an active webhook."""

    id: UUID
    url: str
    failing_since: datetime | None
    last_error: str | None
    due_in: float | None
    """Seconds until it has something to send; None when there is nothing."""


class WebhooksDue(Record):
    behind: bool
    """Whether there are events that have not become deliveries."""
    webhooks: list[WebhookDue]


class ClaimedDelivery(Record):
    id: int
    message_id: UUID
    type: str
    payload: dict[str, Any]
    attempts: int
    """1 at the first try."""

    @property
    def number(self) -> int | None:
        """The ticket's."""
        ticket = self.payload["data"].get("ticket") or {}
        found: int | None = ticket.get("number")
        return found


class ClaimedDeliveries(Record):
    """What a daemon has claimed of one webhook: all it takes to send it."""

    url: str
    secrets: list[SecretStr]
    """Each signs: after a change of secrets, for a day, the old one too."""
    deliveries: list[ClaimedDelivery]


def new_secret() -> str:
    """A secret as Standard Webhooks has it: 32 random bytes in Base64 behind `whsec_`."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


class Webhooks:
    _gateway: Gateway

    # For admins

    async def add_webhook(
        self,
        url: str,
        secret: str,
        events: Sequence[str] = (),
        notes: bool = False,
        description: str = "",
        request_id: UUID | None = None,
    ) -> Webhook:
        """Tell this address of what happens from now on. `secret` is from `new_secret`; no events: all."""
        answer = await self._gateway.write(
            "add_webhook",
            url=url,
            secret=secret,
            events=list(events),
            notes=notes,
            description=description,
            request_id=request_id or uuid4(),
        )
        return Webhook.model_validate(answer)

    async def update_webhook(self, id: UUID, changes: dict[str, Any]) -> Webhook:
        """`changes` holds any of url, secret, events, notes, description, active."""
        return Webhook.model_validate(await self._gateway.write("update_webhook", id=id, changes=changes))

    async def list_webhooks(self) -> list[Webhook]:
        return records(Webhook, await self._gateway.read("list_webhooks"))

    async def remove_webhook(self, id: UUID) -> None:
        """With the log of its deliveries."""
        await self._gateway.write("remove_webhook", id=id)

    async def list_webhook_deliveries(
        self,
        webhook_id: UUID,
        state: WebhookState | None = None,
        after: int | None = None,
        limit: int = 50,
        payloads: bool = False,
    ) -> list[WebhookDelivery]:
        """The newest first, behind the one with the id `after`."""
        answer = await self._gateway.read(
            "list_webhook_deliveries",
            webhook_id=webhook_id,
            state=state,
            after=after,
            limit=limit,
            payloads=payloads,
        )
        return records(WebhookDelivery, answer)

    async def replay_webhook(
        self, id: UUID, deliveries: Sequence[int] = (), since: datetime | None = None
    ) -> int:
        """Send the named deliveries again, and of the events since a moment what did not come through or was
        never sent. Returns how many wait to be sent now."""
        answer = await self._gateway.write("replay_webhook", id=id, deliveries=list(deliveries), since=since)
        assert isinstance(answer, int)
        return answer

    async def test_webhook(self, id: UUID, request_id: UUID | None = None) -> WebhookDelivery:
        """Have a message sent that is about nothing."""
        answer = await self._gateway.write("test_webhook", id=id, request_id=request_id or uuid4())
        return WebhookDelivery.model_validate(answer)

    # For the daemon

    async def webhooks_due(self) -> WebhooksDue:
        return WebhooksDue.model_validate(await self._gateway.read("webhooks_due"))

    async def follow_webhooks(self) -> AsyncGenerator[WebhooksDue, None]:
        """What there is to do, now, and again whenever something may have happened."""
        async for _ in self._gateway.nudges():
            yield await self.webhooks_due()

    async def queue_webhook_deliveries(self, limit: int = 500) -> int:
        """Make deliveries of the next events, at most `limit` for each webhook; returns of how many."""
        answer = await self._gateway.write("queue_webhook_deliveries", limit=limit)
        assert isinstance(answer, int)
        return answer

    async def claim_webhook_deliveries(
        self,
        webhook_id: UUID,
        worker: str,
        seconds: float = 180,
        limit: int = 8,
        request_id: UUID | None = None,
    ) -> ClaimedDeliveries | None:
        """The oldest that are due, leased to `worker`; None when there are none."""
        answer = await self._gateway.write(
            "claim_webhook_deliveries",
            webhook_id=webhook_id,
            worker=worker,
            seconds=seconds,
            limit=limit,
            request_id=request_id or uuid4(),
        )
        return ClaimedDeliveries.model_validate(answer) if answer else None

    async def settle_webhook_delivery(
        self,
        id: int,
        worker: str,
        attempt: int,
        status: int | None = None,
        answer: str = "",
        error: str | None = None,
        retry_seconds: float | None = None,
        gone: bool = False,
    ) -> bool:
        """Note what came of an attempt: without `error` it was delivered, else it is tried again in
        `retry_seconds`, or given up. False where the claim is somebody else's by now."""
        settled = await self._gateway.write(
            "settle_webhook_delivery",
            id=id,
            worker=worker,
            attempt=attempt,
            status=status,
            answer=answer,
            error=error,
            retry_seconds=retry_seconds,
            gone=gone,
        )
        return bool(settled)

    async def release_webhook_deliveries(self, worker: str) -> None:
        """Give back what an earlier life of this worker had claimed."""
        await self._gateway.write("release_webhook_deliveries", worker=worker)

    async def forget_webhook_deliveries(self, before: datetime) -> None:
        """Drop from the log what was settled before that."""
        await self._gateway.write("forget_webhook_deliveries", before=before)
