"""What has to be true after a storm of every mail that was delivered and of every answer that was written."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from bench.correspondence import Agents, Customers, marks_in, raws_of, request_of
from bench.gmail_process import GmailProcess
from core.desk import Desk
from core.models import Conversation, Delivery, Direction, Outcome, RawMail
from sync.status import label_of

_PAGE = 500
_LABEL = "ttydesk"
_MOST_TOLD = 20


@dataclass
class Delivered:
    """Mails by Gmail's ids."""

    begun: int = 0
    """Conversations."""
    once: dict[str, bytes] = field(default_factory=dict)
    twice: dict[str, bytes] = field(default_factory=dict)
    """The second copies."""
    empty: dict[str, bytes] = field(default_factory=dict)


async def faults_of(
    service: Desk, server: GmailProcess, customers: Customers, agents: Agents, delivered: Delivered
) -> list[str]:
    """Sentences; none when all is well."""
    ledger = {id: one async for one in _ledger(service) for id in _ids(one)}
    found = _unfinished(customers)
    found += _wrong_in_ledger(ledger, delivered)
    tickets = _tickets(ledger, customers, delivered)
    found += [f"{mark} is on {sorted(on)}" for mark, on in _scattered(tickets, customers)]
    numbers = sorted({number for on in tickets.values() for number in on} - {0})
    conversations = [await service.show_ticket(number) for number in numbers]
    found += _wrong_on_tickets(conversations, customers, agents)
    found += _wrong_in_sent(server, agents)
    found += _wrong_labels(server, ledger, conversations)
    return found[:_MOST_TOLD] + ([f"and {len(found) - _MOST_TOLD} more"] if len(found) > _MOST_TOLD else [])


async def _ledger(service: Desk) -> AsyncIterator[RawMail]:
    after = 0
    while page := await service.list_raw_mails(after=after, limit=_PAGE):
        for one in page:
            yield one
        after = page[-1].id


def _ids(raw_mail: RawMail) -> list[str]:
    return [source.rpartition(": ")[2] for source in raw_mail.sources]


def _unfinished(customers: Customers) -> list[str]:
    left = sum(not one.is_over for one in customers.conversations)
    return [f"{left} conversations did not come to their end"] if left else []


def _wrong_in_ledger(ledger: dict[str, RawMail], delivered: Delivered) -> list[str]:
    found = []
    for ids, outcomes in (
        (delivered.once, {Outcome.CREATED, Outcome.APPENDED}),
        (delivered.twice, {Outcome.CREATED, Outcome.APPENDED}),  # the same bytes are one line of it
        (delivered.empty, {Outcome.QUARANTINED}),
    ):
        found += [f"{id} is not in the ledger" for id in ids if id not in ledger]
        found += [
            f"{id} was {ledger[id].outcome}: {ledger[id].reason}"
            for id in ids
            if id in ledger and ledger[id].outcome not in outcomes
        ]
    return found


def _tickets(ledger: dict[str, RawMail], customers: Customers, delivered: Delivered) -> dict[int, set[int]]:
    """The tickets of each conversation; 0 is none."""
    by_mark = {mark: one.number for one in customers.conversations for mark in one.written}
    tickets: dict[int, set[int]] = {}
    for id, raw in (delivered.once | delivered.twice).items():
        if id in ledger:
            (mark,) = marks_in([raw.decode().rpartition("(")[2]])
            tickets.setdefault(by_mark[mark], set()).add(ledger[id].number or 0)
    return tickets


def _scattered(tickets: dict[int, set[int]], customers: Customers) -> list[tuple[str, set[int]]]:
    """Conversations that are not on one ticket of their own."""
    shared = Counter(number for on in tickets.values() for number in on)
    return [
        (f"conversation {number}", on)
        for number, on in tickets.items()
        if len(on) != 1 or 0 in on or any(shared[one] > 1 for one in on)
    ]


def _wrong_on_tickets(conversations: list[Conversation], customers: Customers, agents: Agents) -> list[str]:
    mails, answers, unsent = Counter[str](), Counter[str](), []
    for one in conversations:
        incoming = [m for m in one.messages if m.direction is Direction.INCOMING]
        outgoing = [m for m in one.messages if m.direction is Direction.OUTGOING]
        mails += marks_in(m.content for m in incoming)
        answers += marks_in(m.content for m in outgoing)
        unsent += [m.content for m in outgoing if not m.dispatch or m.dispatch.state is not Delivery.SENT]
        if one.ticket.message_count != len(one.messages):
            unsent.append(f"#{one.ticket.number} counts {one.ticket.message_count} of {len(one.messages)}")
    written = Counter(mark for one in customers.conversations for mark in one.written)
    return [
        *_differences("is a message", mails, written),
        *_differences("is an answer", answers, Counter(agents.answers.values())),
        *(f"not sent: {content}" for content in unsent),
    ]


def _wrong_in_sent(server: GmailProcess, agents: Agents) -> list[str]:
    """What left, by the names under which it left."""
    left: Counter[UUID | None] = Counter(map(request_of, raws_of(server.ask("sent")["sent"])))
    left_as = Counter(
        {agents.answers.get(request, "?") if request else "?": n for request, n in left.items()}
    )
    return _differences("left", left_as, Counter(agents.answers.values()))


def _wrong_labels(
    server: GmailProcess, ledger: dict[str, RawMail], conversations: list[Conversation]
) -> list[str]:
    """Each mail of a conversation at Gmail shows how far its ticket is, and nothing else of ours."""
    labels = {one.ticket.number: label_of(_LABEL, one.ticket.status) for one in conversations}
    messages = server.ask("messages")["messages"]
    wanted: dict[str, set[str]] = {}
    for one in messages:
        number = ledger[one["id"]].number if one["id"] in ledger else None
        if number is not None:
            wanted.setdefault(one["threadId"], set()).add(labels[number])
    found = []
    for one in messages:
        shown = {name for name in one["labels"] if name.startswith(f"{_LABEL}/")}
        if shown != wanted.get(one["threadId"], set()):
            found.append(f"{one['id']} shows {sorted(shown)} instead of {wanted.get(one['threadId'])}")
    return found


def _differences(what: str, found: Counter[str], wanted: Counter[str]) -> list[str]:
    return [
        f"{mark} {what} {found[mark]} times instead of {wanted[mark]}"
        for mark in sorted(found.keys() | wanted.keys())
        if found[mark] != wanted[mark]
    ]
