"""The portal's operations: what a person sees and does there, and how they come in.

A part of `core.desk.Desk`, in the same manner. A link and a session are named by the SHA-256 of what their
holder has (`core.portal_link`), so nothing that passes here opens anything.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from core.carriers import Record
from core.gateway import Gateway, records
from core.models import Status


class PortalPerson(Record):
    email: str
    name: str


class PortalTicket(Record):
    """A ticket as whoever asked sees it."""

    number: int
    subject: str
    status: Status
    created_at: datetime
    last_message_at: datetime
    """Of what they may see."""


class PortalPage(Record):
    person: PortalPerson
    tickets: list[PortalTicket]
    next: int | None
    """Give it back as `after` for the following page; None at the end."""


class PortalAttachment(Record):
    id: UUID
    filename: str
    size: int
    """Bytes."""
    is_stored: bool
    """Not when it was over the size limit."""


class PortalMessage(Record):
    id: UUID
    author: Literal["you", "us", "other"]
    name: str
    content: str
    """Markdown when it is ours."""
    created_at: datetime
    automatic: bool
    original: bool
    """Whether there is a raw mail, for `Desk.portal_original`."""
    attachments: list[PortalAttachment]


class PortalConversation(Record):
    """What was said on a ticket as far as it is theirs to see, oldest first."""

    person: PortalPerson
    ticket: PortalTicket
    messages: list[PortalMessage]
    earlier: int
    """Messages before the first one here."""


class PortalFile(Record):
    filename: str
    content_type: str
    """What its sender called it."""
    size: int
    sha256: str


class PortalOriginal(Record):
    sha256: str
    """Where `core.files` keeps the raw mail."""
    number: int
    """The ticket's."""


class PortalLink(Record):
    """One link into the portal, without what opens it."""

    email: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    made_by: str | None
    """The admin's address; None: the desk itself."""
    number: int | None
    """The ticket whose mail it is in."""
    signed_in_until: datetime | None
    """Until when whoever used it is signed in; None: they are not."""


class PortalLinkState(Record):
    email: str | None
    """Whom the link lets in; None: it is no longer good."""
    is_signed_in: bool
    """Whether the session is that of the link's person."""


class Portal:
    _gateway: Gateway

    # Links and sessions

    async def create_portal_link(
        self, email: str, sha256: str, seconds: float, message_id: UUID | None = None
    ) -> PortalLink:
        """Make a link good for `seconds`; NotFound for somebody who never asked us for anything."""
        answer = await self._gateway.write(
            "create_portal_link", email=email, sha256=sha256, seconds=seconds, message_id=message_id
        )
        return PortalLink.model_validate(answer)

    async def list_portal_links(
        self, email: str | None = None, before: datetime | None = None, limit: int = 100
    ) -> list[PortalLink]:
        """The newest first, of one person or of all; `before`: those made earlier than that."""
        answer = await self._gateway.read("list_portal_links", email=email, before=before, limit=limit)
        return records(PortalLink, answer)

    async def revoke_portal_links(self, email: str) -> None:
        """End every link and every session of this person."""
        await self._gateway.write("revoke_portal_links", email=email)

    async def request_portal_link(self, email: str, request_id: UUID | None = None) -> None:
        """Ask for a mail with a link. Whether there is such a person cannot be told from here."""
        await self._gateway.write("request_portal_link", email=email, request_id=request_id or uuid4())

    async def show_portal_link(self, sha256: str, session: str | None = None) -> PortalLinkState:
        answer = await self._gateway.read("show_portal_link", sha256=sha256, session=session)
        return PortalLinkState.model_validate(answer)

    async def open_portal(self, sha256: str, session: str, seconds: float) -> PortalPerson:
        """Trade a link for a session, once; Gone when it is no longer good."""
        answer = await self._gateway.write("open_portal", sha256=sha256, session=session, seconds=seconds)
        return PortalPerson.model_validate(answer)

    async def end_portal_session(self, session: str) -> None:
        await self._gateway.write("end_portal_session", session=session)

    # Inside; each raises Gone when the session is nobody's

    async def portal_tickets(self, session: str, after: int | None = None, limit: int = 25) -> PortalPage:
        answer = await self._gateway.read("portal_tickets", session=session, after=after, limit=limit)
        return PortalPage.model_validate(answer)

    async def portal_ticket(self, session: str, number: int, limit: int = 200) -> PortalConversation:
        """The newest `limit` messages."""
        answer = await self._gateway.read("portal_ticket", session=session, number=number, limit=limit)
        return PortalConversation.model_validate(answer)

    async def portal_file(self, session: str, id: UUID) -> PortalFile:
        return PortalFile.model_validate(await self._gateway.read("portal_file", session=session, id=id))

    async def portal_original(self, session: str, id: UUID) -> PortalOriginal:
        """The raw mail behind a message."""
        answer = await self._gateway.read("portal_original", session=session, id=id)
        return PortalOriginal.model_validate(answer)

    async def portal_reply(
        self,
        session: str,
        number: int,
        content: str,
        attachments: Sequence[dict[str, Any]] = (),
        request_id: UUID | None = None,
    ) -> PortalTicket:
        """What they write, as if it had come by mail; attachments as in `Desk.reply`."""
        answer = await self._gateway.write(
            "portal_reply",
            session=session,
            number=number,
            content=content,
            attachments=list(attachments),
            request_id=request_id or uuid4(),
        )
        return PortalTicket.model_validate(answer)

    async def portal_close(self, session: str, number: int, request_id: UUID | None = None) -> PortalTicket:
        answer = await self._gateway.write(
            "portal_close", session=session, number=number, request_id=request_id or uuid4()
        )
        return PortalTicket.model_validate(answer)

    async def portal_reopen(self, session: str, number: int, request_id: UUID | None = None) -> PortalTicket:
        answer = await self._gateway.write(
            "portal_reopen", session=session, number=number, request_id=request_id or uuid4()
        )
        return PortalTicket.model_validate(answer)
