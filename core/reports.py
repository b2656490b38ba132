"""The operations of what is reported of mail that left: it arrived, is late, came back, or was called spam.

A part of `core.desk.Desk`, in the same manner. Texts are cut to what a report needs: they come from
servers of strangers.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, TypeAdapter

from core.carriers import Record
from core.gateway import Gateway, records
from core.text import safe_line


def _cut(limit: int) -> BeforeValidator:
    return BeforeValidator(lambda text: safe_line(text, limit=limit) if isinstance(text, str) else text)


class Report(Record):
    """What became of one mail on its way to one person."""

    provider: str
    """Who says so: own, ses, sendgrid, mailgun or postmark."""
    message_id: Annotated[str, _cut(1000)] = ""
    """RFC 5322, with its angle brackets: ours, or what the provider made of it. Empty: not named."""
    provider_id: Annotated[str, _cut(500)] = ""
    """The provider's own name for the mail."""
    email: Annotated[str, _cut(320)] = ""
    """To whom; empty: to all of its recipients."""
    state: Literal["delayed", "delivered", "bounced", "complained"]
    """`bounced` is for good: this mail will not arrive."""
    detail: Annotated[str, _cut(500)] = ""
    """Why, in the words of the server that said so."""
    happened_at: datetime


class KeptReport(Report):
    """One that names no answer of ours, perhaps only not yet."""

    received_at: datetime


class Reported(Record):
    """What became of reports."""

    changed: int
    """So many told something new of an answer."""
    kept: int
    """So many name none of ours."""
    repeated: bool
    """The delivery was seen before, and counted for nothing."""


class Reports:
    _gateway: Gateway

    async def report_delivery(self, reports: Sequence[Report], once: str | None = None) -> Reported:
        """What a provider says of mail that left, in any order; the same once more changes nothing.

        A delivery named by `once` counts a single time, whatever it holds.
        """
        answer = await self._gateway.write(
            "report_delivery", reports=[one.model_dump(mode="json") for one in reports], once=once
        )
        return Reported.model_validate(answer)

    async def list_reports(self, limit: int = 100) -> list[KeptReport]:
        """Those that name no answer of ours, the newest first."""
        return records(KeptReport, await self._gateway.read("list_reports", limit=limit))

    async def prune_reports(self, days: float = 30) -> int:
        """Drop those that are older; how many there were."""
        return TypeAdapter(int).validate_python(await self._gateway.write("prune_reports", days=days))
