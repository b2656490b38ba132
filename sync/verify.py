"""Is every mail accounted for? The stored files, the ledger and the mailboxes, held against each other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.desk import Desk
from core.errors import DeskError, NotFound, StorageFailed
from core.models import Mailbox as Known
from core.models import RawMail, Received
from sync.arrivals import origin_of
from sync.inbound import receive
from sync.mailbox import Mailbox
from sync.orphans import orphans
from sync.reading import Intake

_PAGE = 1000


@dataclass(slots=True)
class Compared:
    """One mailbox against the ledger, by the mailbox's own names of the mails."""

    name: str
    since: datetime | None
    """Mail that came before was not looked at; None: all that there is was."""
    checked: int = 0
    """Mails in the mailbox."""
    waiting: list[str] = field(default_factory=list)
    """Not taken in, and new: the daemon comes to them by itself."""
    missing: list[str] = field(default_factory=list)
    """Not taken in, although the mailbox was read further than that."""
    gone: list[str] = field(default_factory=list)
    """Taken in, and no longer in the mailbox: somebody deleted or moved them there; the desk has them."""

    @property
    def is_complete(self) -> bool:
        return not (self.waiting or self.missing)


@dataclass(slots=True)
class Verification:
    """Everything that does not fit."""

    checked: int = 0
    """Lines of the ledger."""
    lost: list[RawMail] = field(default_factory=list)
    """In the ledger, but the file is not there."""
    damaged: list[RawMail] = field(default_factory=list)
    """In the ledger, but the file is not what it was."""
    unentered: list[str] = field(default_factory=list)
    """Hashes of stored mails that are not in the ledger; `repair` takes them in."""
    orphans: list[str] = field(default_factory=list)
    """Hashes of stored attachments that no message has; the raw mails have them too, so nothing is lost."""
    mailboxes: list[Compared] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every mail is accounted for."""
        is_whole = not (self.lost or self.damaged or self.unentered)
        return is_whole and all(one.is_complete for one in self.mailboxes)


async def verify(
    desk: Desk,
    intake: Intake,
    mailboxes: Sequence[tuple[Known, Mailbox]],
    progress: Callable[[int], None] | None = None,
    since: datetime | None = None,
) -> Verification:
    """A mailbox that cannot be reached raises. `progress` is told how many files were read. `since` is about
    the mailboxes, each from its connection on without it.
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
    found.orphans = await orphans(desk, intake.files)
    for known, mailbox in mailboxes:
        found.mailboxes.append(await compare(desk, known, mailbox, since))
    return found


async def compare(desk: Desk, known: Known, mailbox: Mailbox, since: datetime | None = None) -> Compared:
    """What the mailbox has and the ledger lacks, and the other way round, while both go on changing.

    What Gmail got before it was connected was never asked for, and is no difference.
    """
    if since is not None and known.kind == "gmail":
        since = max(since, known.since)
    start = since or known.since
    compared = Compared(known.name, start if since or known.kind == "gmail" else None)
    # Entered first, then listed, then entered again: what comes in meanwhile is no difference.
    entered = await _entered(desk, known, start)
    listed = dict.fromkeys(await mailbox.listed(since))
    compared.checked = len(listed)
    there = listed.keys() if since is None else {*listed, *await mailbox.listed()}
    compared.gone = [id for id in entered if id not in there]
    unsettled = await _unsettled(desk, known, list(listed))
    if unsettled:
        news = await mailbox.news(known.cursor)
        new = {*news.fresh, *news.perhaps}
        left = await _unsettled(desk, known, unsettled)
        compared.waiting = [id for id in left if id in new]
        compared.missing = [id for id in left if id not in new]
    return compared


async def repair(
    desk: Desk, intake: Intake, found: Verification, mailboxes: Sequence[tuple[Known, Mailbox]] = ()
) -> list[Received]:
    """Take in what is missing, and what is stored and was never entered, as a process leaves it that is
    killed in between. Then neither is in `found` any more.
    """
    taken: list[Received] = []
    for compared, (known, mailbox) in zip(found.mailboxes, mailboxes, strict=True):
        mailbox.expect(compared.missing)
        for id in compared.missing:
            if (arrival := await mailbox.fetch(id)) is not None:
                taken.append(await receive(desk, intake, arrival.raw, origin_of(known.id, id, arrival)))
        compared.missing = []
    for sha256 in found.unentered:
        taken.append(await receive(desk, intake, await asyncio.to_thread(intake.files.get, "raw", sha256)))
    found.unentered = []
    return taken


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


async def _entered(desk: Desk, known: Known, since: datetime) -> list[str]:
    found: list[str] = []
    after = ""
    while page := await desk.list_deliveries(known.id, since, after, _PAGE):
        found += page
        after = page[-1]
    return found


async def _unsettled(desk: Desk, known: Known, ids: Sequence[str]) -> list[str]:
    left: list[str] = []
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        settled = set(await desk.settled_deliveries(known.id, page))
        left += [id for id in page if id not in settled]
    return left
