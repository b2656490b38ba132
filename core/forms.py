"""The operations of the form: what anybody may send, and the links that fill it in beforehand.

A part of `core.desk.Desk`, in the same manner. What stands in a link is a random token; the database has only
its SHA-256, so a link is shown once, when it is made.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from core.carriers import Record
from core.gateway import Gateway, records


class FormLink(Record):
    """A link to the form, filled in beforehand."""

    number: int
    """What people call it by."""
    department: str | None
    """Whose work it is; whoever has the link cannot choose another."""
    subject: str
    email: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    uses: int
    """Forms that were sent by it while it was valid."""
    used_at: datetime | None
    state: str
    """valid, expired or revoked."""


class Submitted(Record):
    """What became of a form."""

    number: int
    """The ticket's."""
    receipt: bool
    """Whether a mail that says so is on its way."""


def new_link_token() -> str:
    """What stands in a link: 256 random bits."""
    return secrets.token_urlsafe(32)


def link_sha256(token: str) -> str:
    """How the database knows a link."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class Forms:
    _gateway: Gateway

    async def submit_form(
        self,
        name: str,
        email: str,
        subject: str,
        content: str,
        department: str | None = None,
        attachments: Sequence[dict[str, Any]] = (),
        link_sha256: str | None = None,
        receipt: str = "",
        receipts_an_hour: int = 200,
        request_id: UUID | None = None,
    ) -> Submitted:
        """A ticket of what somebody wrote into the form.

        `attachments` as in `reply`. `receipt` is Markdown in which {number} stands for the ticket's, and must
        hold nothing of what was typed; empty: none is sent. Raises Conflict when the same `request_id` came
        with another text before.
        """
        answer = await self._gateway.write(
            "submit_form",
            name=name,
            email=email,
            subject=subject,
            content=content,
            department=department,
            attachments=list(attachments),
            link_sha256=link_sha256,
            receipt=receipt,
            receipts_an_hour=receipts_an_hour,
            request_id=request_id or uuid4(),
        )
        return Submitted.model_validate(answer)

    async def list_departments(self) -> list[str]:
        """Those of connected mailboxes and of active agents."""
        return TypeAdapter(list[str]).validate_python(await self._gateway.read("list_departments"))

    async def create_form_link(
        self,
        sha256: str,
        department: str | None = None,
        subject: str = "",
        email: str = "",
        expires_at: datetime | None = None,
    ) -> FormLink:
        """`sha256` is that of the token in the link (`new_link_token`, `link_sha256`)."""
        answer = await self._gateway.write(
            "create_form_link",
            sha256=sha256,
            department=department,
            subject=subject,
            email=email,
            expires_at=expires_at,
        )
        return FormLink.model_validate(answer)

    async def list_form_links(self) -> list[FormLink]:
        return records(FormLink, await self._gateway.read("list_form_links"))

    async def revoke_form_link(self, number: int) -> FormLink:
        return FormLink.model_validate(await self._gateway.write("revoke_form_link", number=number))

    async def show_form_link(self, sha256: str) -> FormLink:
        """The link, whatever its state; NotFound when there never was one."""
        return FormLink.model_validate(await self._gateway.read("show_form_link", sha256=sha256))
