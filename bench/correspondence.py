"""Customers who write and write again, and agents who answer, each mail and each answer known by a mark.

A customer writes the next mail only as an answer to what came back, and answers it as mail programs do: with
all references, or naming nothing but the mail that is answered.
"""

import base64
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail
from email.utils import formatdate
from uuid import UUID, uuid4

from core.desk import Desk
from core.models import Sort, Status, TicketFilter

_OUR_ID = re.compile(r"<t-[0-9a-f]{32}\.([0-9a-f]{32})@")
_TO_ANSWER = 100
MARK = re.compile(r"\b(?:mail|answer)-\w+")


@dataclass(slots=True)
class Conversation:
    number: int
    length: int
    """So many mails the customer writes."""
    written: list[str] = field(default_factory=list)
    """Marks of the mails."""

    @property
    def customer(self) -> str:
        return f"Kim {self.number} <kim{self.number}@example.net>"

    @property
    def subject(self) -> str:
        return f"Lamp {self.number} is dark"

    @property
    def is_over(self) -> bool:
        return len(self.written) == self.length


@dataclass
class Customers:
    """`mails` in all, in conversations of one to four."""

    mails: int
    address: str
    seed: int = 1
    conversations: list[Conversation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        left = self.mails
        while left:
            length = min(left, self._dice.choice((1, 2, 3, 4)))
            self.conversations.append(Conversation(len(self.conversations) + 1, length))
            left -= length
        self._by_customer = {one.customer: one for one in self.conversations}
        self._begun = 0
        self._answered: set[str] = set()

    @property
    def written(self) -> int:
        return sum(len(one.written) for one in self.conversations)

    @property
    def are_done(self) -> bool:
        return all(one.is_over for one in self.conversations)

    def begin(self, count: int) -> list[bytes]:
        """The first mails of so many more conversations."""
        begun = self.conversations[self._begun : self._begun + count]
        self._begun += len(begun)
        return [self._mail(one, one.subject, "") for one in begun]

    def answer(self, raws: Iterable[bytes]) -> list[bytes]:
        """What they write to these answers of the desk: at most one mail to each."""
        written = []
        for mail in map(message_from_bytes, raws):
            one = self._by_customer[str(mail["To"])]
            if not one.is_over and mail["Message-ID"] not in self._answered:
                self._answered.add(mail["Message-ID"])
                written.append(
                    self._mail(one, f"Re: {mail['Subject'].removeprefix('Re: ')}", _thread(mail, self._dice))
                )
        return written

    def _mail(self, one: Conversation, subject: str, thread: str) -> bytes:
        mark = f"mail-{one.number}x{len(one.written) + 1}"
        one.written.append(mark)
        return (
            f"From: {one.customer}\r\nTo: Lamps <{self.address}>\r\nSubject: {subject}\r\n{thread}"
            f"Message-ID: <{mark}@example.net>\r\nDate: {formatdate()}\r\n\r\nIt is dark. ({mark})\r\n"
        ).encode()


def _thread(mail: Mail, dice: random.Random) -> str:
    parent = mail["Message-ID"]
    if dice.random() < 0.3:
        return f"In-Reply-To: {parent}\r\n"
    references = " ".join(str(mail["References"] or "").split())
    return f"In-Reply-To: {parent}\r\nReferences: {references} {parent}\r\n"


@dataclass
class Agents:
    desk: Desk
    answers: dict[UUID, str] = field(default_factory=dict)
    """Marks of the answers by their request."""

    async def answer(self) -> int:
        """Every ticket that waits; returns how many there were."""
        page = await self.desk.list_tickets(
            TicketFilter(status=[Status.OPEN]), Sort.WAITING, limit=_TO_ANSWER
        )
        for ticket in page.tickets:
            request, mark = uuid4(), f"answer-{len(self.answers) + 1}"
            self.answers[request] = mark
            await self.desk.reply(
                ticket.number, f"Try another bulb. ({mark})", grace_seconds=0, request_id=request
            )
        return len(page.tickets)


def request_of(raw: bytes) -> UUID | None:
    """The request that made an answer, by any of the ids that the sent mail carries."""
    mail = message_from_bytes(raw)
    for name in ("Message-ID", "X-Google-Original-Message-ID", "X-Ttydesk-Message-ID"):
        if match := _OUR_ID.match(str(mail[name] or "")):
            return UUID(match[1])
    return None


def raws_of(sent: Iterable[dict[str, str]]) -> list[bytes]:
    return [base64.urlsafe_b64decode(one["raw"] + "==") for one in sent]


def marks_in(texts: Iterable[str]) -> Counter[str]:
    return Counter(mark for text in texts for mark in MARK.findall(text))
