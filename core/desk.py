"""The help desk's operations: one method for each SQL function.

A method has the function's name and arguments (tests/core/test_desk.py compares
them), turns the answer into models, and holds no rule of its own: rules live in
the function, so that they hold for every client. `read` goes to stable functions,
`write` to those that change something; every write may be sent twice. What is about mailboxes,
the outbox and daemons is in core/mailroom.py, what is reported of mail that left in core/reports.py, what is
about the form in core/forms.py, about tokens in core/tokens.py, about the portal in core/portal.py, and about
webhooks in core/webhooks.py.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from core.forms import Forms
from core.gateway import Gateway, records
from core.mailroom import Mailroom
from core.models import (
    Agent,
    AttachedFile,
    Changed,
    Conversation,
    Counts,
    DeskVersion,
    Event,
    EventPage,
    Mailto,
    QuarantineCount,
    RawMail,
    Received,
    Role,
    Sort,
    Status,
    Ticket,
    TicketFilter,
    TicketPage,
    Why,
)
from core.portal import Portal
from core.reports import Reports
from core.tokens import Tokens
from core.webhooks import Webhooks


class Desk(Mailroom, Reports, Forms, Tokens, Portal, Webhooks):
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def close(self) -> None:
        await self._gateway.close()

    async def desk_version(self) -> DeskVersion:
        return DeskVersion.model_validate(await self._gateway.read("desk_version"))

    # Tickets

    async def list_tickets(
        self,
        filter: TicketFilter | None = None,
        sort: Sort = Sort.LATEST,
        reverse: bool = False,
        limit: int = 50,
        after: str | None = None,
    ) -> TicketPage:
        answer = await self._gateway.read(
            "list_tickets",
            filter=(filter or TicketFilter()).model_dump(mode="json", exclude_none=True),
            sort=sort,
            reverse=reverse,
            limit=limit,
            after=after,
        )
        return TicketPage.model_validate(answer)

    async def count_views(self, limit: int = 1000) -> Counts:
        return Counts.model_validate(await self._gateway.read("count_views", limit=limit))

    async def show_ticket(self, number: int, limit: int = 200) -> Conversation:
        """The newest `limit` messages and every note since the first of them."""
        return Conversation.model_validate(
            await self._gateway.read("show_ticket", number=number, limit=limit)
        )

    async def find_ticket(self, id: UUID) -> Ticket:
        return Ticket.model_validate(await self._gateway.read("find_ticket", id=id))

    async def show_attachment(self, id: UUID) -> AttachedFile:
        return AttachedFile.model_validate(await self._gateway.read("show_attachment", id=id))

    async def create_ticket(
        self,
        requester_email: str,
        subject: str,
        content: str,
        requester_name: str = "",
        changes: dict[str, Any] | None = None,
        request_id: UUID | None = None,
    ) -> Changed:
        """A ticket an agent writes down for a customer; `changes` as in `update_tickets`."""
        answer = await self._gateway.write(
            "create_ticket",
            requester_email=requester_email,
            subject=subject,
            content=content,
            requester_name=requester_name,
            changes=changes or {},
            request_id=request_id or uuid4(),
        )
        return Changed.model_validate(answer)

    async def update_tickets(
        self,
        numbers: Sequence[int],
        changes: dict[str, Any],
        reason: str = "",
        request_id: UUID | None = None,
        versions: Sequence[int] | None = None,
    ) -> Changed:
        """Set fields of tickets, all or none of them.

        `changes` holds any of status, priority, subject, department, spam, and assignee
        (an agent's address, "me" or None). With `versions`, `Outdated` where a ticket is at none of them.
        """
        answer = await self._gateway.write(
            "update_tickets",
            numbers=list(numbers),
            changes=changes,
            reason=reason,
            request_id=request_id or uuid4(),
            versions=None if versions is None else list(versions),
        )
        return Changed.model_validate(answer)

    async def undo(self, undone: UUID, request_id: UUID | None = None) -> Changed:
        """Take a command back; the answer's own `request_id` puts it into force again."""
        answer = await self._gateway.write("undo", undone=undone, request_id=request_id or uuid4())
        return Changed.model_validate(answer)

    # Answers and notes

    async def reply(
        self,
        number: int,
        content: str,
        status: Status | None = Status.PENDING,
        to: Sequence[Mailto] | None = None,
        cc: Sequence[Mailto] | None = None,
        attachments: Sequence[dict[str, Any]] = (),
        grace_seconds: float = 10,
        request_id: UUID | None = None,
    ) -> Changed:
        """Store an answer and its place in the outbox; it leaves after `grace_seconds`.

        `content` is Markdown. Without `to` it goes to whom `Conversation.reply_to` names.
        An attachment is {"filename", "content_type", "size", "sha256"}, its bytes stored before.
        """
        answer = await self._gateway.write(
            "reply",
            number=number,
            content=content,
            status=status,
            to=None if to is None else [one.model_dump() for one in to],
            cc=None if cc is None else [one.model_dump() for one in cc],
            attachments=list(attachments),
            grace_seconds=grace_seconds,
            request_id=request_id or uuid4(),
        )
        return Changed.model_validate(answer)

    async def unsend(self, number: int, request_id: UUID | None = None) -> Changed:
        """Take back the newest answer that has not left; its text is a draft again."""
        answer = await self._gateway.write("unsend", number=number, request_id=request_id or uuid4())
        return Changed.model_validate(answer)

    async def note(self, number: int, content: str, request_id: UUID | None = None) -> Changed:
        answer = await self._gateway.write(
            "note", number=number, content=content, request_id=request_id or uuid4()
        )
        return Changed.model_validate(answer)

    async def save_draft(self, number: int, kind: str, content: str) -> None:
        """Keep what is being written; an empty `content` drops it. `kind` is "reply" or "note"."""
        await self._gateway.write("save_draft", number=number, kind=kind, content=content)

    # Events

    async def list_events(self, number: int, limit: int = 200) -> list[Event]:
        """The newest events of a ticket, oldest first."""
        return records(Event, await self._gateway.read("list_events", number=number, limit=limit))

    async def events_since(self, cursor: str | None = None, limit: int = 500) -> EventPage:
        """What happened after `cursor`; without one, nothing but the cursor of now."""
        return EventPage.model_validate(await self._gateway.read("events_since", cursor=cursor, limit=limit))

    async def follow(self, cursor: str | None = None) -> AsyncIterator[list[Event]]:
        """Every event after `cursor` (of now, without one), as it happens, never twice, none skipped."""
        cursor = cursor or (await self.events_since()).cursor
        async for _ in self._gateway.nudges():  # one comes at once
            events: list[Event] | None = None
            while events is None or events:
                page = await self.events_since(cursor)
                cursor, events = page.cursor, page.events
                if events:
                    yield events

    # Mail

    async def receive_mail(self, mail: dict[str, Any]) -> Received:
        """Put one parsed mail where it belongs (`sync.inbound.as_received` makes the dict)."""
        return Received.model_validate(await self._gateway.write("receive_mail", mail=mail))

    async def receive_mails(self, mails: Sequence[dict[str, Any]]) -> list[Received]:
        """The same for several, in one transaction; one that fails is quarantined alone."""
        return records(Received, await self._gateway.write("receive_mails", mails=list(mails)))

    async def settled_mails(self, sha256: Sequence[str]) -> list[RawMail]:
        """Those of the given raw mails that are in the ledger."""
        return records(RawMail, await self._gateway.read("settled_mails", sha256=list(sha256)))

    async def named_attachments(self, sha256: Sequence[str]) -> list[str]:
        """Those of the given stored attachments that belong to a message."""
        answer = await self._gateway.read("named_attachments", sha256=list(sha256))
        return TypeAdapter(list[str]).validate_python(answer)

    async def settled_deliveries(self, mailbox_id: UUID, provider_ids: Sequence[str]) -> list[str]:
        """Those of the mailbox's ids that are in the ledger."""
        answer = await self._gateway.read(
            "settled_deliveries", mailbox_id=mailbox_id, provider_ids=list(provider_ids)
        )
        return TypeAdapter(list[str]).validate_python(answer)

    async def list_deliveries(
        self, mailbox_id: UUID, since: datetime, after: str = "", limit: int = 1000
    ) -> list[str]:
        """The mailbox's ids of what it got since then and should still have, in order, behind `after`."""
        answer = await self._gateway.read(
            "list_deliveries", mailbox_id=mailbox_id, since=since, after=after, limit=limit
        )
        return TypeAdapter(list[str]).validate_python(answer)

    async def list_raw_mails(
        self, quarantined: bool = False, after: int = 0, limit: int = 500
    ) -> list[RawMail]:
        """The ledger in order of its ids, behind `after`."""
        answer = await self._gateway.read("list_raw_mails", quarantined=quarantined, after=after, limit=limit)
        return records(RawMail, answer)

    async def count_quarantine(self) -> QuarantineCount:
        return QuarantineCount.model_validate(await self._gateway.read("count_quarantine"))

    async def show_raw_mail(self, id: int) -> RawMail:
        return RawMail.model_validate(await self._gateway.read("show_raw_mail", id=id))

    async def why(self, message: str) -> Why:
        """`message` is a Message-ID, a message's uuid, a raw mail's number or its sha256."""
        return Why.model_validate(await self._gateway.read("why", message=message))

    # Agents

    async def whoami(self) -> Agent:
        return Agent.model_validate(await self._gateway.read("whoami"))

    async def claim_account(self) -> Agent:
        """Be the agent whose address the signed-in account has proved to be its own."""
        return Agent.model_validate(await self._gateway.write("claim_account"))

    async def list_agents(self) -> list[Agent]:
        return records(Agent, await self._gateway.read("list_agents"))

    async def add_agent(
        self,
        email: str,
        name: str = "",
        role: Role = Role.AGENT,
        departments: Sequence[str] = (),
        request_id: UUID | None = None,
    ) -> Agent:
        answer = await self._gateway.write(
            "add_agent",
            email=email,
            name=name,
            role=role,
            departments=list(departments),
            request_id=request_id or uuid4(),
        )
        return Agent.model_validate(answer)

    async def update_agent(self, email: str, changes: dict[str, Any]) -> Agent:
        """`changes` holds any of name, role, departments, active, signature."""
        return Agent.model_validate(await self._gateway.write("update_agent", email=email, changes=changes))

    # The web server

    async def web_key(self) -> str:
        """What all web servers of the desk sign with; made the first time."""
        return TypeAdapter(str).validate_python(await self._gateway.write("web_key"))
