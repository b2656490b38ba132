"""Is every mail accounted for? The stored files, the ledger and the mailbox, held against each other."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from uuid import UUID

from core.desk import Desk
from core.errors import DeskError, NotFound, StorageFailed
from core.models import RawMail, Received
from sync.inbound import receive
from sync.mailbox import Mailbox
from sync.reading import Intake

_PAGE = 1000


@dataclass(slots=True)
class Verification:
    """Everything that does not fit; all empty when every mail is accounted for."""

    checked: int = 0
    """Lines of the ledger."""
    lost: list[RawMail] = field(default_factory=list)
    """In the ledger, but the file is not there."""
    damaged: list[RawMail] = field(default_factory=list)
    """In the ledger, but the file is not what it was."""
    unentered: list[str] = field(default_factory=list)
    """Hashes of stored mails that are not in the ledger; `repair` takes them in."""
    waiting: list[str] = field(default_factory=list)
    """The mailbox's names of mails that were not taken in; the daemon does that."""

    @property
    def is_complete(self) -> bool:
        return not (self.lost or self.damaged or self.unentered or self.waiting)


async def verify(
    desk: Desk,
    intake: Intake,
    mailboxes: dict[UUID, Mailbox],
    progress: Callable[[int], None] | None = None,
) -> Verification:
    """`mailboxes` by their id in the desk; one that cannot be reached raises. `progress` is told how many
    files were read.
    """
    found = Verification()
    # What is stored first, then what is entered: a mail that comes in meanwhile is then in both.
    stored = set(await asyncio.to_thread(lambda: list(intake.files.listing("raw"))))
    async for page in _ledger(desk):
        for raw_mail in page:
            stored.discard(raw_mail.sha256)
        for raw_mail, fault in await asyncio.to_thread(_faults, intake, page):
            (found.lost if fault is NotFound else found.damaged).append(raw_mail)
        found.checked += len(page)
        if progress:
            progress(found.checked)
    found.unentered = sorted(stored)
    for mailbox_id, mailbox in mailboxes.items():
        found.waiting += await _waiting(desk, mailbox_id, mailbox)
    return found


async def repair(desk: Desk, intake: Intake, found: Verification) -> list[Received]:
    """Take in what is stored and was never entered, as a process leaves it that is killed in between."""
    return [
        await receive(desk, intake, await asyncio.to_thread(intake.files.get, "raw", sha256))
        for sha256 in found.unentered
    ]


async def _ledger(desk: Desk) -> AsyncIterator[list[RawMail]]:
    after = 0
    while page := await desk.list_raw_mails(after=after, limit=_PAGE):
        yield page
        after = page[-1].id


def _faults(intake: Intake, page: list[RawMail]) -> list[tuple[RawMail, type[DeskError]]]:
    faults: list[tuple[RawMail, type[DeskError]]] = []
    for raw_mail in page:
        try:
            intake.files.get("raw", raw_mail.sha256)
        except (NotFound, StorageFailed) as error:
            faults.append((raw_mail, type(error)))
    return faults


async def _waiting(desk: Desk, mailbox_id: UUID, mailbox: Mailbox) -> list[str]:
    news = await mailbox.news(None)
    ids = [*news.fresh, *news.perhaps]
    waiting: list[str] = []
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        settled = set(await desk.settled_deliveries(mailbox_id, page))
        waiting += [id for id in page if id not in settled]
    return waiting
