"""A mailbox at Gmail becomes one of the desk's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.config import Settings
from core.desk import Desk
from core.errors import Conflict, Forbidden
from core.models import Mailbox
from sync.boxes import gives_way, settle_maildir
from sync.gmail import Cursor


@dataclass(frozen=True, slots=True)
class Wish:
    """What was said about a mailbox. None: as it is, and for a new one, what usually is."""

    address: str | None = None
    name: str | None = None
    display_name: str | None = None
    signature: str | None = None
    department: str | None = None
    since: datetime | None = None
    """Mail from then on is to become tickets, too."""

    @property
    def says_something(self) -> bool:
        """About the mailbox, besides which it is."""
        about = (self.name, self.display_name, self.signature, self.department, self.since)
        return any(one is not None for one in about)


@dataclass(frozen=True, slots=True)
class Connected:
    mailbox: Mailbox
    before: Mailbox | None
    """As it was known already."""
    left: Sequence[Mailbox] = ()
    """Those that gave way to it."""


def known_as(address: str | None, known: Sequence[Mailbox]) -> Mailbox | None:
    return next((one for one in known if one.kind == "gmail" and one.address == address), None)


def check_name(wish: Wish, known: Sequence[Mailbox]) -> None:
    """Before anybody is sent to the browser. Raises Conflict where another mailbox has that name."""
    for one in known:
        if one.name == wish.name and (one.kind, one.address) != ("gmail", wish.address or one.address):
            raise Conflict(
                f"Another mailbox is called {one.name}: {one.address}.", hint="Choose another --name."
            )


def check_address(wish: Wish, actual: str) -> None:
    """Raises Forbidden where it was another account that agreed in the browser."""
    if wish.address not in (None, actual):
        raise Forbidden(
            f"In the browser it was {actual} that agreed, and not {wish.address}; nothing was connected.",
            hint=f"Start again and choose the right account. If both are the same: --address {actual}",
        )


async def connect(
    settings: Settings, desk: Desk, address: str, wish: Wish, history_id: int, now: datetime
) -> Connected:
    """Its token is kept already: a daemon may begin with it at once.

    `history_id` is that of the moment of consent. It is where a new mailbox begins, so that no clock has a
    say in which mail is too old.
    """
    known = await desk.list_mailboxes()
    before = known_as(address, known)
    if before is None:
        name, signature = _taken_over(settings, address, known)
    else:
        name, signature = before.display_name, before.signature
    mailbox = await desk.connect_mailbox(
        wish.name or (before.name if before else _new_name(address, known)),
        "gmail",
        address,
        name if wish.display_name is None else wish.display_name,
        signature if wish.signature is None else wish.signature,
        wish.department,
        wish.since,
    )
    if before is None and wish.since is None:
        cursor = Cursor(history_id, now.astimezone(UTC), mailbox.since)
        await desk.save_cursor(mailbox.id, str(cursor))
    await settle_maildir(settings, desk)
    after = {one.id for one in await desk.list_mailboxes() if one.connected}
    return Connected(mailbox, before, [one for one in known if one.connected and one.id not in after])


def _new_name(address: str, known: Sequence[Mailbox]) -> str:
    """Short, for lists and logs; the Maildir of the settings has the name that most would have."""
    local = address.partition("@")[0]
    taken = {one.name for one in known}
    return next((name for name in (local, f"{local}-gmail") if name not in taken), address)


def _taken_over(settings: Settings, address: str, known: Sequence[Mailbox]) -> tuple[str, str]:
    """Name and signature of the settings, where this is the mailbox that they are about."""
    box = settings.mailbox
    is_first = not any(one.connected and one.kind == "gmail" for one in known)
    if box.address == address or (is_first and gives_way(box.address, {address})):
        return box.name, box.signature
    return "", ""
