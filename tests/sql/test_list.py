"""Lists: every order, paged, is the whole list once; every filter narrows as it says."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.desk import Desk
from core.errors import Invalid
from core.models import Priority, Sort, Status, Ticket, TicketFilter
from tests.mails import mail, sender

KEYS: dict[Sort, Any] = {
    Sort.LATEST: lambda one: (one.last_message_at, one.number),
    Sort.UPDATED: lambda one: (one.updated_at, one.number),
    Sort.CREATED: lambda one: (one.created_at, one.number),
    Sort.PRIORITY: lambda one: (list(Priority).index(one.priority), one.updated_at, one.number),
    Sort.NUMBER: lambda one: one.number,
    Sort.WAITING: lambda one: (one.waiting_since or datetime.max.replace(tzinfo=UTC), one.number),
}


async def fill(service: Desk, desk: Desk, tickets: int = 24) -> None:
    """Tickets of many kinds, some of them of the same instant."""
    dice = random.Random(7)
    for i in range(tickets):
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=dice.randrange(6))
        await service.receive_mail(
            mail(f"t{i}", received_at=at.isoformat(), sender=sender(f"c{i % 5}@example.com"),
                 content=f"lamp {'rare' if i == 3 else 'common'} word{i}")
        )  # fmt: skip
    for number in range(1001, 1001 + tickets):
        changes = {"status": dice.choice(list(Status)), "priority": dice.choice(list(Priority)),
                   "assignee": dice.choice([None, "ada@example.com", "grace@example.com"])}  # fmt: skip
        await desk.update_tickets([number], changes)


async def pages(desk: Desk, size: int, **arguments: Any) -> list[Ticket]:
    found: list[Ticket] = []
    after = None
    while True:
        page = await desk.list_tickets(limit=size, after=after, **arguments)
        assert len(page.tickets) <= size
        found += page.tickets
        after = page.next
        if after is None:
            return found
        assert len(page.tickets) == size


async def test_every_order_paged_is_the_whole_list_once(service: Desk, desk: Desk) -> None:
    await fill(service, desk)
    everything = (await desk.list_tickets(limit=100)).tickets
    filters = [TicketFilter(), TicketFilter(status=[Status.OPEN, Status.PENDING]), TicketFilter(words="lamp")]
    for sort, reverse, filter in itertools.product(Sort, (False, True), filters):
        expected = sorted(
            (one for one in everything if not filter.status or one.status in filter.status),
            key=KEYS[sort],
            reverse=(sort is not Sort.WAITING) != reverse,
        )
        found = await pages(desk, 5, sort=sort, reverse=reverse, filter=filter)
        assert [one.number for one in found] == [one.number for one in expected], (sort, reverse, filter)


async def test_each_filter_narrows_as_it_says(service: Desk, desk: Desk) -> None:
    await fill(service, desk)
    everything = (await desk.list_tickets(limit=100)).tickets
    middle = datetime(2026, 3, 1, 3, tzinfo=UTC)
    cases: list[tuple[TicketFilter, Any]] = [
        (TicketFilter(priority=[Priority.HIGH]), lambda one: one.priority is Priority.HIGH),
        (TicketFilter(assignee="none"), lambda one: one.assignee_email is None),
        (TicketFilter(assignee="me"), lambda one: one.assignee_email == "ada@example.com"),
        (TicketFilter(assignee="Grace@example.com"), lambda one: one.assignee_email == "grace@example.com"),
        (TicketFilter(requester="C2@example.com"), lambda one: one.requester_email == "c2@example.com"),
        (TicketFilter(number=1004), lambda one: one.number == 1004),
        (TicketFilter(created_since=middle), lambda one: one.created_at >= middle),
        (TicketFilter(created_until=middle), lambda one: one.created_at < middle),
        (TicketFilter(words="rare"), lambda one: one.number == 1004),
        (TicketFilter(words="lamp -rare"), lambda one: one.number != 1004),
        (TicketFilter(words="wor"), lambda one: True),
        (TicketFilter(words='"lamp rare"'), lambda one: one.number == 1004),
        (TicketFilter(words="c2@example.com"), lambda one: one.requester_email == "c2@example.com"),
        (TicketFilter(words="nothing has this"), lambda one: False),
    ]
    for filter, holds in cases:
        found = {one.number for one in (await desk.list_tickets(filter, limit=100)).tickets}
        assert found == {one.number for one in everything if holds(one)}, filter


async def test_counts_are_those_of_the_lists_and_stop_at_the_limit(service: Desk, desk: Desk) -> None:
    await fill(service, desk)
    counts = await desk.count_views()
    active = [Status.OPEN, Status.PENDING]
    for view, filter in {
        "unassigned": TicketFilter(status=active, assignee="none"),
        "mine": TicketFilter(status=active, assignee="me"),
        "open": TicketFilter(status=[Status.OPEN]),
        "all": TicketFilter(),
    }.items():
        assert getattr(counts, view) == len((await desk.list_tickets(filter, limit=100)).tickets)
    assert (await desk.count_views(limit=3)).all == 3


@pytest.mark.parametrize("value", ["'; drop table desk.tickets; --", "\\", "%", "$$", "it's"])
async def test_a_value_is_never_sql(service: Desk, desk: Desk, value: str) -> None:
    await service.receive_mail(mail("a"))
    for filter in (TicketFilter(words=value), TicketFilter(requester=value), TicketFilter(assignee=value)):
        await desk.list_tickets(filter)
    assert (await desk.list_tickets()).tickets
    with pytest.raises(Invalid):
        await desk.list_tickets(after=value)


@pytest.mark.parametrize(
    "words", ["-blue-lamp", "-a@example.com", "-x_y", '-"two words', "-été-b or lamp", "lamp -été-b"]
)
async def test_a_word_of_several_parts_may_be_left_out(service: Desk, desk: Desk, words: str) -> None:
    await service.receive_mail(mail("a", content="A lamp"))
    assert len((await desk.list_tickets(TicketFilter(words=words))).tickets) == 1
