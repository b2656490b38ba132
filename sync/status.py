"""A ticket's status, shown in the mailbox as a label on its conversations.

Which ones are behind is known by the database: it counts the changes of each, and is told up to which of them
the mailbox shows it. So nothing is forgotten when the daemon is killed, and what changes meanwhile is shown
later. What is changed by hand in the mailbox does not come back.
"""

from collections.abc import Callable
from uuid import UUID

from core.desk import Desk
from core.models import Status
from sync.mailbox import Mailbox

TOGETHER = 25
"""Conversations at once: more would take a large part of a minute's quota."""


def label_of(label: str, status: Status) -> str:
    """Nested below `label`: ttydesk/Open."""
    return f"{label}/{status.capitalize()}"


async def show_statuses(
    desk: Desk, mailbox: Mailbox, mailbox_id: UUID, label: str, goes_on: Callable[[], bool] = lambda: True
) -> int:
    """Bring the labels of all conversations up to date; returns how many were behind and no longer are."""
    among = [label_of(label, status) for status in Status]
    count = 0
    while goes_on() and (behind := await desk.list_unlabelled(mailbox_id, TOGETHER)):
        wanted = {one.thread_id: label_of(label, one.status) if one.status else None for one in behind}
        done = set(await mailbox.label(wanted, among))
        shown = {one.thread_id: one.changes for one in behind if one.thread_id in done}
        await desk.mark_labelled(mailbox_id, list(shown), list(shown.values()))
        count += len(shown)
        if len(shown) < len(behind):  # not now: the mailbox has no room for it
            break
    return count
