"""Tickets made up for tests of lists, and a desk of them that lists as the real one does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from core.models import Priority, Sort, Status, Ticket, TicketPage
from tui.pages import Want, key_of

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def ticket(number: int, **fields: Any) -> Ticket:
    """The higher its number, the newer it is: number 1 was changed `NOW - 1,000,000 minutes`."""
    at = NOW - timedelta(minutes=1_000_000 - number)
    made: dict[str, Any] = {
        "id": UUID(int=number),
        "number": number,
        "subject": f"Subject {number}",
        "status": Status.OPEN,
        "priority": Priority.MEDIUM,
        "requester_email": f"person{number}@example.org",
        "requester_name": f"Person {number}",
        "assignee_email": None,
        "assignee_name": None,
        "mailbox": None,
        "department": None,
        "created_at": at,
        "updated_at": at,
        "last_response_at": None,
        "last_message_at": fields.get("updated_at", at),
        "waiting_since": None,
        "message_count": 1,
        "attachment_count": 0,
        "gmail_thread_id": None,
    }
    return Ticket(**made | fields)


class ListedTickets:
    """Lists by keyset; `after` is the key of the last ticket, behind which the next page begins."""

    def __init__(self, *numbers: int) -> None:
        self.tickets = {number: ticket(number) for number in numbers}
        self.asked: list[Want] = []

    def change(self, number: int, **fields: Any) -> Ticket:
        self.tickets[number] = self.tickets.get(number, ticket(number)).model_copy(update=fields)
        return self.tickets[number]

    def listed(self, sort: Sort = Sort.UPDATED, reverse: bool = False) -> list[int]:
        return sorted(self.tickets, key=lambda number: key_of(self.tickets[number], sort, reverse))

    def page(self, want: Want) -> TicketPage:
        self.asked.append(want)
        behind = tuple(map(int, want.after.split())) if want.after else ()
        keys = sorted((key_of(one, want.sort, want.reverse), one.number) for one in self.tickets.values())
        # The real desk's cursor says where in the order, whichever way the order is walked.
        found = [(key, number) for key, number in keys if not behind or key > self._turned(behind, want)]
        page, more = found[: want.limit], found[want.limit :]
        after = " ".join(map(str, self._turned(page[-1][0], want))) if more else None
        return TicketPage(tickets=[self.tickets[number] for _, number in page], next=after)

    def _turned(self, key: tuple[int, ...], want: Want) -> tuple[int, ...]:
        return tuple(-part for part in key) if want.reverse else key
