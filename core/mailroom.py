"""The operations of what carries mail: mailboxes, the outbox, and the daemons that mind them.

A part of `core.desk.Desk`, in the same manner.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from core.gateway import Gateway, records
from core.models import Daemon, Mailbox, OutboxCount, Outgoing
from core.unlabelled import Unlabelled
from core.verified import Verified


class Mailroom:
    _gateway: Gateway

    # The outbox

    async def claim_outgoing(
        self,
        worker: str,
        seconds: float = 120,
        mailbox_id: UUID | None = None,
        request_id: UUID | None = None,
    ) -> Outgoing | None:
        """The next answer that is due (from this mailbox), leased to `worker`; None when there is none."""
        answer = await self._gateway.write(
            "claim_outgoing",
            worker=worker,
            seconds=seconds,
            mailbox_id=mailbox_id,
            request_id=request_id or uuid4(),
        )
        return Outgoing.model_validate(answer) if answer else None

    async def hold_outgoing(self, id: UUID, worker: str, attempt: int, seconds: float = 120) -> bool:
        """Whether the claim of this attempt is still the worker's; then it runs anew."""
        answer = await self._gateway.write(
            "hold_outgoing", id=id, worker=worker, attempt=attempt, seconds=seconds
        )
        return bool(answer)

    async def release_outgoing(self, worker: str, mailbox_id: UUID | None = None) -> None:
        """Give back what an earlier life of this worker had claimed (from this mailbox)."""
        await self._gateway.write("release_outgoing", worker=worker, mailbox_id=mailbox_id)

    async def mark_sent(
        self,
        id: UUID,
        provider_id: str,
        provider_message_id: str | None = None,
        provider_thread_id: str | None = None,
    ) -> None:
        await self._gateway.write(
            "mark_sent",
            id=id,
            provider_id=provider_id,
            provider_message_id=provider_message_id,
            provider_thread_id=provider_thread_id,
        )

    async def mark_failed(
        self,
        id: UUID,
        error: str,
        retry_seconds: float | None,
        attempt: int | None = None,
        unsure_seconds: float | None = None,
    ) -> None:
        """Try again in `retry_seconds`; None gives it up and shows it to its author.

        `attempt` is that of the claim: a later one makes this call count for nothing. `unsure_seconds`: so
        long ago the mail may have left after all.
        """
        await self._gateway.write(
            "mark_failed",
            id=id,
            error=error,
            retry_seconds=retry_seconds,
            attempt=attempt,
            unsure_seconds=unsure_seconds,
        )

    async def due_in(self, mailbox_id: UUID | None = None) -> float | None:
        """Seconds until the outbox has something to send (from this mailbox)."""
        answer = await self._gateway.read("due_in", mailbox_id=mailbox_id)
        return TypeAdapter(float | None).validate_python(answer)

    async def count_outbox(self) -> OutboxCount:
        return OutboxCount.model_validate(await self._gateway.read("count_outbox"))

    # Mailboxes

    async def connect_mailbox(
        self,
        name: str,
        kind: str,
        address: str,
        display_name: str = "",
        signature: str = "",
        department: str | None = None,
        since: datetime | None = None,
    ) -> Mailbox:
        """Make the mailbox known, or bring what is known of it up to date. `since`: now, or as it was."""
        answer = await self._gateway.write(
            "connect_mailbox",
            name=name,
            kind=kind,
            address=address,
            display_name=display_name,
            signature=signature,
            department=department,
            since=since,
        )
        return Mailbox.model_validate(answer)

    async def disconnect_mailbox(self, mailbox_id: UUID) -> None:
        """Nothing comes or goes by it any more; its tickets stay."""
        await self._gateway.write("disconnect_mailbox", mailbox_id=mailbox_id)

    async def lease_mailbox(self, mailbox_id: UUID, worker: str, seconds: float = 60) -> Mailbox | None:
        """The mailbox, when it is this worker that works on it for now; of several daemons one does."""
        answer = await self._gateway.write(
            "lease_mailbox", mailbox_id=mailbox_id, worker=worker, seconds=seconds
        )
        return Mailbox.model_validate(answer) if answer else None

    async def release_mailbox(self, mailbox_id: UUID, worker: str) -> None:
        await self._gateway.write("release_mailbox", mailbox_id=mailbox_id, worker=worker)

    async def save_watch(self, mailbox_id: UUID, until: datetime | None) -> None:
        """Until when the provider tells of news by itself."""
        await self._gateway.write("save_watch", mailbox_id=mailbox_id, until=until)

    async def wake_mailbox(self, address: str) -> bool:
        """Tell the daemon that works on it of new mail; whether the address is a mailbox's."""
        return bool(await self._gateway.write("wake_mailbox", address=address))

    async def follow_mailboxes(self) -> AsyncIterator[list[Mailbox]]:
        """The mailboxes, now, and again whenever something may have changed."""
        async for _ in self._gateway.nudges():
            yield await self.list_mailboxes()

    async def list_mailboxes(self) -> list[Mailbox]:
        return records(Mailbox, await self._gateway.read("list_mailboxes"))

    async def save_cursor(self, mailbox_id: UUID, cursor: str | None, error: str | None = None) -> None:
        """How far a mailbox was read, or why it could not be."""
        await self._gateway.write("save_cursor", mailbox_id=mailbox_id, cursor=cursor, error=error)

    async def save_verification(self, mailbox_id: UUID, verified: Verified) -> None:
        """It was held against the ledger just now, and this was found."""
        await self._gateway.write(
            "save_verification", mailbox_id=mailbox_id, verified=verified.model_dump(mode="json")
        )

    # Labels

    async def list_unlabelled(self, mailbox_id: UUID, limit: int = 50) -> list[Unlabelled]:
        """Conversations that do not show their ticket's status yet."""
        answer = await self._gateway.read("list_unlabelled", mailbox_id=mailbox_id, limit=limit)
        return records(Unlabelled, answer)

    async def mark_labelled(
        self, mailbox_id: UUID, thread_ids: Sequence[str], changes: Sequence[int]
    ) -> None:
        """The conversations show it now, each as it was at the `changes` beside it."""
        await self._gateway.write(
            "mark_labelled", mailbox_id=mailbox_id, thread_ids=list(thread_ids), changes=list(changes)
        )

    # Daemons

    async def beat(
        self,
        worker: str,
        host: str,
        home: str,
        pid: int,
        version: str,
        started_at: datetime,
        received: int = 0,
        sent: int = 0,
        problems: dict[str, str] | None = None,
    ) -> None:
        """A daemon says that it lives, what it did since it started, and what troubles it."""
        await self._gateway.write(
            "beat",
            worker=worker,
            host=host,
            home=home,
            pid=pid,
            version=version,
            started_at=started_at,
            received=received,
            sent=sent,
            problems=problems or {},
        )

    async def end_daemon(self, worker: str) -> None:
        await self._gateway.write("end_daemon", worker=worker)

    async def list_daemons(self) -> list[Daemon]:
        """Those that work, and those that ended without a word within the last month."""
        return records(Daemon, await self._gateway.read("list_daemons"))
