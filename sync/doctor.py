"""`ttydesk doctor`: looks at all that a desk needs, and says what to do about what is wrong.

It changes nothing, shows no secret, and comes to an end: what Google does not answer in time is a finding.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime

from core.config import Settings
from core.models import Mailbox
from sync.doctor_desk import CHECKS as DESK
from sync.doctor_finding import Finding, Result, examine
from sync.doctor_mailbox import MAILDIR, Box
from sync.doctor_state import State, look_up

PATIENCE = 20.0
"""Seconds for all that Google is asked about one mailbox; each call has less."""
Begun = Callable[[str], None]
"""Told the name of each check when it begins, from any thread."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def diagnose(
    settings: Settings,
    begun: Begun = lambda check: None,
    now: Callable[[], datetime] = _utc_now,
    patience: float = PATIENCE,
) -> list[Finding]:
    """Everything that was found, the desk as a whole first, then each mailbox."""
    begun("database")
    state = await look_up(settings, now())
    found: list[Finding] = []
    examine(DESK, state, "", found, begun)
    of_mailboxes = await asyncio.gather(
        *(_apart(state, known, begun, now, patience) for known in state.mailboxes)
    )
    return found + [finding for findings in of_mailboxes for finding in findings]


async def _apart(
    state: State, known: Mailbox, begun: Begun, now: Callable[[], datetime], patience: float
) -> list[Finding]:
    """The mailbox's checks in a thread that is left to itself when it takes too long: a keyring may wait for
    somebody to unlock it, and the system's search for a name knows no time-out."""
    found: list[Finding] = []
    ended: Future[None] = Future()
    ended.set_running_or_notify_cancel()  # so that giving it up does not end it

    def work() -> None:
        try:
            _examine_mailbox(state, known, found, begun, now)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            ended.set_exception(error)
        else:
            ended.set_result(None)

    threading.Thread(target=work, name=f"doctor {known.name}", daemon=True).start()
    try:
        await asyncio.wait_for(asyncio.wrap_future(ended), patience)
    except TimeoutError:
        said = f"It took more than {patience:.0f} seconds, and was left."
        advice = "Look at the network, and whether the keyring waits to be unlocked."
        return [*found, Finding("the rest", known.address, Result.FAILED, said, advice)]
    return found


def _examine_mailbox(
    state: State, known: Mailbox, found: list[Finding], begun: Begun, now: Callable[[], datetime]
) -> None:
    if known.kind == "maildir":
        examine(MAILDIR, Box(state, known), known.address, found, begun)
        return
    from sync.doctor_account import Account
    from sync.doctor_gmail import CHECKS

    with closing(Account(state, known, now)) as account:
        examine(CHECKS, account, known.address, found, begun)
