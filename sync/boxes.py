"""Which mailboxes this machine works on, and how each kind is opened."""

from collections.abc import Collection

from core.config import Mailbox as MailboxSettings
from core.config import Settings
from core.desk import Desk
from core.errors import NotFound
from core.models import Mailbox as Known
from sync.mailbox import Mailbox
from sync.maildir import Maildir

MAILBOX = "support"
"""The name the mailbox of the settings has in the database."""


_NO_ADDRESS = MailboxSettings().address
"""What the settings have as long as nobody said where customers write to."""


def gives_way(address: str, at_gmail: Collection[str]) -> bool:
    """Whether a Maildir at this address gives way to these at Gmail: at the same address, or at none."""
    return bool(at_gmail) and (address in at_gmail or address == _NO_ADDRESS)


async def settle_maildir(settings: Settings, desk: Desk) -> Known | None:
    """Make the Maildir of the settings a mailbox of the desk; None where it gives way to Gmail.

    Otherwise answers on tickets that came by no mailbox would leave through a folder that nobody reads.
    """
    box, known = settings.mailbox, await desk.list_mailboxes()
    at_gmail = {one.address for one in known if one.connected and one.kind == "gmail"}
    for one in known:
        if one.kind == "maildir" and one.connected and gives_way(one.address, at_gmail):
            await desk.disconnect_mailbox(one.id)
    if gives_way(box.address, at_gmail):
        return None
    return await desk.connect_mailbox(MAILBOX, "maildir", box.address, box.name, box.signature)


def is_here(settings: Settings, known: Known) -> bool:
    """Whether what it takes to read and send its mail is on this machine: the Maildir, or a token."""
    if not known.connected:
        return False
    if known.kind == "maildir":
        return known.name == MAILBOX
    from sync.auth import token_store

    return token_store(settings.home, settings.google.tokens).load(known.address) is not None


def open_mailbox(settings: Settings, known: Known) -> Mailbox:
    """Opens no connection yet. Raises NotFound where there is no token."""
    if known.kind == "maildir":
        box = settings.mailbox
        return Maildir(box.maildir, box.sent_folder, settings.poll_seconds)
    from sync.auth import token_store
    from sync.gmail import Gmail
    from sync.google import Access, Google
    from sync.quota import Quota

    store = token_store(settings.home, settings.google.tokens)
    grant = store.load(known.address)
    if grant is None:
        raise NotFound(
            f"There is no token for {known.address} here.", hint="Get one with: ttydesk gmail connect"
        )
    access = Access(grant, reload=lambda: store.load(known.address))
    quota = Quota(settings.google.units_a_minute)
    google = settings.google
    inward, outward = (
        Google(access, quota, root=google.api_root, timeout=google.timeout_seconds) for _ in range(2)
    )
    return Gmail(
        inward,
        outward,
        known.since,
        poll_seconds=google.poll_seconds,
        settling_seconds=google.settling_seconds,
    )
