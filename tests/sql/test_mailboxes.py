"""Several mailboxes: each with its own cursor, department and answers, and one daemon on each."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.desk import Desk
from core.errors import Conflict
from core.models import Mailbox
from tests.mails import mail

SALES = "sales@example.com"


@pytest.fixture
async def sales(service: Desk) -> Mailbox:
    return await service.connect_mailbox("sales", "gmail", SALES, "Sales", "The sales team", "sales")


async def answered(service: Desk, desk: Desk, name: str, mailbox_id: UUID | None) -> int:
    """A ticket that came by the mailbox, with an answer that is due."""
    received = await service.receive_mail(
        mail(
            name,
            mailbox_id=mailbox_id and str(mailbox_id),
            provider_id=name,
            gmail_thread_id=f"thread-{name}",
        )
    )
    assert received.number
    await desk.reply(received.number, f"About {name}.", grace_seconds=0)
    return received.number


async def test_connecting_again_keeps_how_far_it_was_read(service: Desk, sales: Mailbox) -> None:
    await service.save_cursor(sales.id, "17 1790000000")
    await service.disconnect_mailbox(sales.id)
    again = await service.connect_mailbox("sales", "gmail", "Sales@Example.com", "The shop")
    assert again.connected and again.cursor == "17 1790000000"
    assert (again.since, again.department, again.display_name) == (sales.since, "sales", "The shop")
    earlier = datetime(2026, 1, 1, tzinfo=UTC)
    assert (await service.connect_mailbox("sales", "gmail", SALES, since=earlier)).since == earlier


async def test_another_account_does_not_take_a_name(service: Desk, sales: Mailbox) -> None:
    with pytest.raises(Conflict, match="Another mailbox is called sales") as caught:
        await service.connect_mailbox("sales", "gmail", "else@example.com")
    assert caught.value.hint and "--name" in caught.value.hint
    with pytest.raises(Conflict):
        await service.connect_mailbox("sales", "maildir", SALES)


async def test_an_answer_leaves_from_where_its_ticket_came(service: Desk, desk: Desk, sales: Mailbox) -> None:
    support = next(one for one in await service.list_mailboxes() if one.name == "support")
    bought = await answered(service, desk, "bought", sales.id)
    broken = await answered(service, desk, "broken", support.id)
    written = await answered(service, desk, "written", None)

    claimed = await service.claim_outgoing("test", mailbox_id=sales.id)
    assert claimed and (claimed.number, claimed.sender.email) == (bought, SALES)
    assert (claimed.sender.name, claimed.thread_id) == ("Sales", "thread-bought")
    assert await service.claim_outgoing("test", mailbox_id=sales.id) is None
    due = await service.due_in(sales.id)
    assert due and 100 < due <= 120, "the lease has to run out first"

    assert await service.due_in(support.id) == 0
    both = [await service.claim_outgoing("test", mailbox_id=support.id) for _ in range(2)]
    assert {one.number for one in both if one} == {broken, written}, "the first mailbox is the default"


async def test_after_a_mailbox_was_disconnected_answers_leave_from_the_default_one(
    service: Desk, desk: Desk, sales: Mailbox
) -> None:
    support = next(one for one in await service.list_mailboxes() if one.name == "support")
    number = await answered(service, desk, "bought", sales.id)
    await service.disconnect_mailbox(sales.id)
    assert await service.due_in(support.id) == 0 and await service.due_in(sales.id) is None
    claimed = await service.claim_outgoing("test", mailbox_id=support.id)
    assert claimed and (claimed.number, claimed.sender.email) == (number, "support@example.com")

    await desk.reply(number, "And later.", grace_seconds=0)
    await service.mark_sent(claimed.id, "1")
    await service.connect_mailbox("sales", "gmail", SALES)
    assert await service.claim_outgoing("test", mailbox_id=support.id) is None
    claimed = await service.claim_outgoing("test", mailbox_id=sales.id)
    assert claimed and claimed.sender.email == SALES, "connected again, it answers by itself"


async def test_what_may_have_left_by_a_mailbox_waits_for_it(
    service: Desk, desk: Desk, sales: Mailbox
) -> None:
    """No other can be asked whether it did."""
    support = next(one for one in await service.list_mailboxes() if one.name == "support")
    number = await answered(service, desk, "bought", sales.id)
    claimed = await service.claim_outgoing("test", mailbox_id=sales.id)
    assert claimed and await service.hold_outgoing(claimed.id, "test", claimed.attempts)
    await service.mark_failed(claimed.id, "The line was cut.", 0, claimed.attempts, 0)
    await service.disconnect_mailbox(sales.id)
    assert await service.due_in(support.id) is None
    assert await service.claim_outgoing("test", mailbox_id=support.id) is None
    await service.connect_mailbox("sales", "gmail", SALES)
    claimed = await service.claim_outgoing("test", mailbox_id=sales.id)
    assert claimed and (claimed.number, claimed.unsure_seconds is None) == (number, False)


async def test_without_any_mailbox_nobody_answers_into_the_void(
    service: Desk, desk: Desk, sales: Mailbox
) -> None:
    number = await answered(service, desk, "bought", sales.id)
    for mailbox in await service.list_mailboxes():
        await service.disconnect_mailbox(mailbox.id)
    with pytest.raises(Conflict, match="No mailbox is connected") as caught:
        await desk.reply(number, "Hello?")
    assert caught.value.hint and "gmail connect" in caught.value.hint


async def test_an_account_is_one_mailbox_whatever_it_is_called(service: Desk, sales: Mailbox) -> None:
    again = await service.connect_mailbox("shop", "gmail", SALES.upper())
    assert (again.id, again.name) == (sales.id, "shop")
    with pytest.raises(Conflict, match="Another mailbox is called support"):
        await service.connect_mailbox("support", "gmail", SALES)
    assert {one.name for one in await service.list_mailboxes()} == {"support", "shop"}


async def test_what_was_sent_is_not_news(service: Desk, desk: Desk, sales: Mailbox) -> None:
    await answered(service, desk, "bought", sales.id)
    claimed = await service.claim_outgoing("test", mailbox_id=sales.id)
    assert claimed
    await service.mark_sent(claimed.id, "gmail-1", "<rewritten@mail.gmail.com>", "thread-new")
    assert set(await service.settled_deliveries(sales.id, ["bought", "gmail-1", "other"])) == {
        "bought",
        "gmail-1",
    }


async def test_a_ticket_without_a_thread_gets_that_of_its_first_answer(service: Desk, desk: Desk) -> None:
    (ticket,) = (await desk.create_ticket("kim@example.com", "Rang up", "Her lamp is broken.")).tickets
    for thread in ("first", "second"):
        await desk.reply(ticket.number, f"Answer {thread}.", grace_seconds=0)
        claimed = await service.claim_outgoing("test")
        assert claimed and claimed.thread_id == (None if thread == "first" else "first")
        await service.mark_sent(claimed.id, f"id-{thread}", None, thread)


async def test_of_two_daemons_one_works_on_a_mailbox(service: Desk, sales: Mailbox) -> None:
    both = await asyncio.gather(*(service.lease_mailbox(sales.id, worker) for worker in ("one", "two")))
    assert sorted(map(bool, both)) == [False, True]
    holder, other = ("one", "two") if both[0] else ("two", "one")
    assert await service.lease_mailbox(sales.id, holder)
    await service.release_mailbox(sales.id, other)
    assert not await service.lease_mailbox(sales.id, other)
    await service.release_mailbox(sales.id, holder)
    assert await service.lease_mailbox(sales.id, other, seconds=-1)
    assert await service.lease_mailbox(sales.id, holder), "a lease runs out"
    await service.disconnect_mailbox(sales.id)
    assert not await service.lease_mailbox(sales.id, holder)


async def test_how_long_the_provider_tells_of_news_is_kept(service: Desk, sales: Mailbox) -> None:
    until = datetime.now(UTC) + timedelta(days=7)
    await service.save_watch(sales.id, until)
    assert (await service.list_mailboxes())[-1].watched_until == until
    await service.disconnect_mailbox(sales.id)
    assert (await service.list_mailboxes())[-1].watched_until is None
