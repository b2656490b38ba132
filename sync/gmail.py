"""A mailbox at Gmail.

`history.list` from the cursor is the truth about what is new; whatever wakes us only says that it is worth a
look. The cursor is a history id and the second it was taken, because ids are valid for a week or less: when
Gmail does not know one any more, the mails since that second are listed, and the ledger leaves out what it
has. Nothing is ever deleted.
"""

import asyncio
import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from core.errors import DeskError, Invalid, NotFound, StorageFailed
from sync.google import Busy, Google
from sync.labels import Labels
from sync.lane import Lane
from sync.mailbox import Arrival, News, Sent
from sync.sentmail import SentMail, received_at

BATCH = 50
"""Mails in one call; Google advises against more."""

_ME = "me"
_BATCH_BYTES = 64 * 1024 * 1024
"""About this much a batch may bring at once."""
_MARGIN = timedelta(hours=2)
"""How much earlier than the cursor a resync begins: clocks differ, and mail is dated before it arrives."""
_LAG = timedelta(minutes=15)
"""For so long a search may not find what has come: longer than anybody has reported."""
_FIRST_LOOK = timedelta(seconds=2)
_PATIENCE = 1.0
"""Seconds that a call has to break off."""
_IGNORED = {
    "DRAFT": "It is a draft in Gmail.",
    "CHAT": "It is a chat.",
    "TRASH": "It was in Gmail's bin.",
}
_ELSEWHERE = frozenset({*_IGNORED, "SPAM"})
"""The ledger knows what came with one of these labels, and looks at it again when it is taken off."""
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Cursor:
    history_id: int
    """Unsigned, 64 bits."""
    taken_at: datetime
    since: datetime | None = None
    """From when on mail was asked for. Wanted from earlier on, all of it is looked through once more."""
    listed_at: datetime | None = None
    """When it was begun anew by a search, which may have missed what had come shortly before."""

    def __str__(self) -> str:
        times = (self.taken_at, self.since, self.listed_at if self.since else None)
        return " ".join([str(self.history_id), *(str(int(at.timestamp())) for at in times if at)])

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        match = re.fullmatch(r"(\d{1,30})((?: \d{1,12}){1,3})", text)
        if match is None:
            raise Invalid(f"“{text[:50]}” is no cursor of a Gmail mailbox.")
        return cls(int(match[1]), *(datetime.fromtimestamp(int(at), UTC) for at in match[2].split()))


class Gmail:
    """`inward`, `outward` and `beside` (for labels) are ways to one account, so that neither a long fetch nor
    many labels hold up an answer.

    Mail that Gmail got before `since` is not asked for, and not taken when it turns up later, as when its
    owner moves an old mailbox in; what is only a little older may be new by another clock.
    """

    def __init__(
        self,
        inward: Google,
        outward: Google,
        since: datetime,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        poll_seconds: float = 5.0,
        settling_seconds: float = 120.0,
        beside: Google | None = None,
    ) -> None:
        self.poll_seconds = poll_seconds
        self.settling_seconds = settling_seconds
        self._inward = inward
        self._outward = outward
        self._since = since
        self._now = now
        self._mean_size = 100_000.0
        self._expected: list[str] = []
        self._here: dict[str, dict[str, Any] | DeskError] = {}
        """Answers that came with another mail's and were not asked for yet."""
        self._sent = SentMail(outward)
        self._looked_at: datetime | None = None
        """When mail was last listed."""
        self._fetching = asyncio.Lock()
        self._in_lane = Lane("gmail-in")
        self._out_lane = Lane("gmail-out")
        self._labels = Labels(beside or outward)
        self._beside_lane = Lane("gmail-labels") if beside else self._out_lane
        self._ways = {self._in_lane: inward, self._out_lane: outward, self._beside_lane: beside or outward}

    def cut(self) -> None:
        self._outward.cut()

    def break_off(self, sending: bool = False) -> None:
        for google in self._ways.values():
            if sending or google is not self._outward:
                google.break_off()

    async def close(self) -> None:
        """Calls that are under way break off; a thread that cannot even do that is left behind."""
        self.break_off(sending=True)
        for lane, google in self._ways.items():
            if await lane.close(_PATIENCE):
                google.close()

    async def ready(self) -> None:
        await self._out(self._outward.ready)

    async def news(self, cursor: str | None = None) -> News:
        return await self._in(self._news, cursor)

    def expect(self, provider_ids: Sequence[str]) -> None:
        self._expected = list(provider_ids)

    async def fetch(self, provider_id: str) -> Arrival | None:
        async with self._fetching:
            if provider_id not in self._here:
                self._here = await self._in(self._fetch, self._next(provider_id))
            answer = self._here.pop(provider_id)
            if isinstance(answer, Busy):  # others came through, and are taken in: this one is asked for alone
                answer = (await self._in(self._fetch, [provider_id]))[provider_id]
        arrival = _arrival(answer)
        is_old = arrival and arrival.received_at and arrival.received_at < self._since - _MARGIN
        return None if is_old else arrival

    async def settle(self, provider_id: str) -> None:
        """Gmail shows nothing of it."""

    async def send(
        self,
        raw: bytes,
        message_id: str,
        thread_id: str | None = None,
        last_moment: Callable[[], None] = lambda: None,
    ) -> Sent:
        return await self._out(self._sent.send, raw, message_id, thread_id, last_moment)

    async def find_sent(self, message_id: str, since: datetime) -> Sent | None:
        return await self._out(self._sent.find, message_id, since)

    async def outward(self, work: Callable[..., _Answer], *arguments: Any) -> _Answer:
        """For what else is done to the account: `work` gets the way that fetches nothing."""
        return await self._out(work, self._outward, *arguments)

    async def label(self, wanted: Mapping[str, str | None], among: Sequence[str]) -> Sequence[str]:
        return await self._beside_lane.do(self._labels.put, wanted, among)

    async def listed(self, since: datetime | None = None) -> Sequence[str]:
        return (await self._in(self._resync, since or self._since)).perhaps

    async def _in(self, work: Callable[..., _Answer], *arguments: Any) -> _Answer:
        return await self._in_lane.do(work, *arguments)

    async def _out(self, work: Callable[..., _Answer], *arguments: Any) -> _Answer:
        return await self._out_lane.do(work, *arguments)

    # What is new

    def _news(self, text: str | None) -> News:
        if text is None:
            return self._resync(self._since)
        cursor = Cursor.parse(text)
        if cursor.since is not None and self._since < cursor.since:
            return self._resync(self._since)
        now = self._now()
        try:
            ids, moved, latest = self._history(cursor.history_id)
        except NotFound:
            return self._resync(max(self._since, cursor.taken_at - _MARGIN))
        again, listed_at = self._listed_again(cursor.listed_at, now)
        ids = list(dict.fromkeys([*again, *ids]))
        return News(moved, ids, str(Cursor(latest, now, cursor.since, listed_at)))

    def _history(self, start: int) -> tuple[list[str], list[str], int]:
        """Ids of what was added since, ids of what was moved to where we take mail from, and how far that
        reaches: the first page knows the least.
        """
        found: dict[str, None] = {}
        moved: dict[str, None] = {}
        latest, page = 0, None
        while True:
            request = self._users(self._inward).history().list(
                userId=_ME, startHistoryId=str(start), historyTypes=["messageAdded", "labelRemoved"],
                maxResults=500, pageToken=page,
            )  # fmt: skip
            answer = self._inward.call("history.list", request)
            for record in answer.get("history", ()):
                found.update((one["message"]["id"], None) for one in record.get("messagesAdded", ()))
                moved.update(dict.fromkeys(_moved(record)))
            latest = latest or int(answer["historyId"])
            page = answer.get("nextPageToken")
            if page is None:
                return [id for id in found if id not in moved], list(moved), latest

    def _resync(self, since: datetime) -> News:
        """Everything that came since then. The cursor is taken first: what comes meanwhile is new to it."""
        now = self._now()
        profile = self._inward.call("getProfile", self._users(self._inward).getProfile(userId=_ME))
        ids = self._listed(since)
        self._looked_at = now
        return News(perhaps=ids, cursor=str(Cursor(int(profile["historyId"]), now, self._since, now)))

    def _listed_again(self, listed_at: datetime | None, now: datetime) -> tuple[list[str], datetime | None]:
        """What came shortly before `listed_at`, when it is time to look; and `listed_at` until that is over.

        It was not in the index then, and the cursor is behind it: nothing else would ever bring it. At first
        it is looked for often.
        """
        if listed_at is None:
            return [], None
        looked_at = self._looked_at or listed_at
        if self._looked_at is not None and now - listed_at < 2 * (looked_at - listed_at) + _FIRST_LOOK:
            return [], listed_at
        self._looked_at = now
        ids = self._listed(max(self._since, listed_at - 2 * _LAG))
        return ids, listed_at if now - listed_at < _LAG else None

    def _listed(self, since: datetime) -> list[str]:
        """What a search finds, oldest first.

        It goes by whole seconds, and whether that which is named belongs to it is documented nowhere.
        """
        found: list[str] = []
        page = None
        while True:
            request = self._users(self._inward).messages().list(
                userId=_ME, q=f"after:{int(since.timestamp()) - 1}", includeSpamTrash=True, maxResults=500,
                pageToken=page,
            )  # fmt: skip
            answer = self._inward.call("messages.list", request)
            found += [one["id"] for one in answer.get("messages", ())]
            page = answer.get("nextPageToken")
            if page is None:
                return found[::-1]

    # Mail itself

    def _next(self, id: str) -> list[str]:
        """What to bring in one go: this mail and those that are expected behind it."""
        most = max(1, min(BATCH, int(_BATCH_BYTES / self._mean_size)))
        if id not in self._expected:
            return [id]
        at = self._expected.index(id)
        some = self._expected[at : at + most]
        self._expected = self._expected[at + most :]
        return some

    def _fetch(self, ids: Sequence[str]) -> dict[str, dict[str, Any] | DeskError]:
        messages = self._users(self._inward).messages()
        requests = {id: messages.get(userId=_ME, id=id, format="raw") for id in ids}
        answers = self._inward.batch("messages.get", requests, in_part=True)
        sizes = [len(answer.get("raw", "")) for answer in answers.values() if isinstance(answer, dict)]
        if sizes:  # one batch of small mails does not make the next one as small
            self._mean_size = max(self._mean_size / 2, sum(sizes) / len(sizes), 1.0)
        return answers

    def _users(self, google: Google) -> Any:
        return google.service.users()


def _moved(record: dict[str, Any]) -> Iterable[str]:
    """Ids in one record of the history: out of the bin, out of the spam, or no draft any more."""
    for change in record.get("labelsRemoved", ()):
        if _ELSEWHERE.intersection(change.get("labelIds", ())):
            yield change["message"]["id"]


def _arrival(answer: dict[str, Any] | DeskError) -> Arrival | None:
    if isinstance(answer, NotFound):
        return None
    if isinstance(answer, Invalid):
        raise StorageFailed(f"Gmail does not give a mail: {answer}")  # this one alone
    if isinstance(answer, DeskError):
        raise answer
    labels = set(answer.get("labelIds", ()))
    return Arrival(
        raw=base64.urlsafe_b64decode(answer["raw"]),
        received_at=received_at(answer),
        thread_id=answer["threadId"],
        is_sent="SENT" in labels,
        is_spam="SPAM" in labels,
        ignore=next((why for label, why in _IGNORED.items() if label in labels), ""),
    )
