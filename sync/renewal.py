"""The watch of a Gmail mailbox, made longer every day: it ends after a week, and then nobody tells of news.

A renewal that fails is told at once, which is six days before it matters; until then, and afterwards, the
mailbox is looked at all the same.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from core.errors import DeskError
from sync.supervisor import Round, Work

if TYPE_CHECKING:
    from sync.post import Post

_LASTS = timedelta(days=7)
_EVERY = timedelta(days=1)
_LOOK_SECONDS = 60.0
_AGAIN_SECONDS = 300.0
"""One attempt costs 100 units of the quota, as much as five mails."""


def renewal_of(post: "Post") -> Work | None:
    """The part that renews it; None where there is none to renew."""
    if post.known.kind != "gmail" or not post.settings.google.topic:
        return None
    return Renewal(post).renew


class Renewal:
    def __init__(self, post: "Post") -> None:
        self._post = post

    async def renew(self) -> Round:
        from sync.gmail import Gmail
        from sync.watch import begin_watch

        post = self._post
        until = post.watched_until
        if until is not None and until - post.now() > _LASTS - _EVERY:
            return Round(_LOOK_SECONDS)
        assert isinstance(post.mailbox, Gmail)
        try:
            until = await post.mailbox.outward(begin_watch, post.settings.google.topic)
        except DeskError as error:
            return Round(_AGAIN_SECONDS, self._problem(error))
        await post.desk.save_watch(post.known.id, until)
        post.watched_until = until
        return Round(_LOOK_SECONDS)

    def _problem(self, error: DeskError) -> str:
        until = self._post.watched_until
        if until is not None and until > self._post.now():
            so_far = f"Gmail tells of new mail until {until:%Y-%m-%d %H:%M} UTC, and it could not be renewed:"
        else:
            so_far = "Gmail does not tell of new mail, so it is asked every few seconds:"
        return " ".join(filter(None, (so_far, str(error), error.hint)))
