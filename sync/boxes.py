"""Which mailboxes this machine works on, and how each kind is opened."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from core.config import Settings
from core.desk import Desk
from core.errors import NotFound, StorageFailed
from core.models import Mailbox as Known
from core.sections import Mailbox as MailboxSettings
from sync.mailbox import Mailbox
from sync.maildir import Maildir

if TYPE_CHECKING:
    from sync.google import Access
    from sync.subscription import Subscription

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
    ours = next((one for one in known if one.name == MAILBOX and one.kind == "maildir"), None)
    if ours and ours.connected and not is_here(settings, ours):
        return None  # another machine has the folder, and what its settings say of the mailbox holds
    return await desk.connect_mailbox(MAILBOX, "maildir", box.address, box.name, box.signature)


def is_here(settings: Settings, known: Known) -> bool:
    """Whether what it takes to read and send its mail is on this machine: the Maildir, or a token.

    A folder that is missing where it was last read has vanished, and a token that cannot be read is one all
    the same: that is for this machine to tell, by whoever opens the mailbox.
    """
    if not known.connected:
        return False
    if known.kind == "maildir":
        folder = settings.mailbox.maildir
        was_here = known.cursor is None or known.cursor == Maildir(folder).place
        return known.name == MAILBOX and (was_here or folder.is_dir())
    from sync.auth import token_store

    try:
        return token_store(settings.home, settings.tokens).load(known.address) is not None
    except StorageFailed:
        return True


def open_mailbox(settings: Settings, known: Known) -> Mailbox:
    """Opens no connection yet. Raises NotFound where there is no token."""
    if known.kind == "maildir":
        box = settings.mailbox
        return Maildir(box.maildir, box.sent_folder, settings.poll_seconds)
    from sync.gmail import Gmail
    from sync.google import Google
    from sync.quota import Quota

    access, google = _access(settings, known), settings.google
    quota = Quota(google.units_a_minute)
    inward, outward, beside = (
        Google(access, quota, root=google.api_root, timeout=google.timeout_seconds) for _ in range(3)
    )
    return Gmail(
        inward,
        outward,
        known.since,
        poll_seconds=google.poll_seconds,
        settling_seconds=google.settling_seconds,
        beside=beside,
    )


def open_subscription(settings: Settings, known: Sequence[Known]) -> "Subscription":
    """That of the settings, by the first mailbox here whose permission reaches Pub/Sub.

    Raises NotFound when none does.
    """
    from sync.consent import PUBSUB
    from sync.google import Google
    from sync.quota import Quota
    from sync.subscription import PULL_TIMEOUT, Subscription

    for one in known:
        if one.kind == "gmail" and is_here(settings, one):
            access = _access(settings, one)
            if PUBSUB in access.grant.scopes:
                break
    else:
        raise NotFound(
            "No permission of a mailbox here reaches Pub/Sub, so mail is looked for every few seconds.",
            hint="Give it with: ttydesk gmail connect",
        )
    root = settings.google.pubsub_root or settings.google.api_root
    pulling, answering = (Google(access, Quota(), "pubsub", root, timeout=PULL_TIMEOUT) for _ in range(2))
    return Subscription(pulling, answering, settings.google.subscription)


def _access(settings: Settings, known: Known) -> "Access":
    from sync.auth import token_store
    from sync.google import Access

    store = token_store(settings.home, settings.tokens)
    grant = store.load(known.address)
    if grant is None:
        raise NotFound(
            f"There is no token for {known.address} here.", hint="Get one with: ttydesk gmail connect"
        )
    return Access(grant, reload=lambda: store.load(known.address))
