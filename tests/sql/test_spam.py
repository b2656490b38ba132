"""Spam: taken in and marked, out of the way, found when it is asked for, and rescued when it was none."""

import pytest

from core.desk import Desk
from core.errors import Invalid
from core.models import Mailbox, Outcome, Sort, Status, TicketFilter
from tests.mails import mail, sender

SPAM = TicketFilter(spam=True)


@pytest.fixture
async def gmail(service: Desk) -> Mailbox:
    return await service.connect_mailbox("gmail", "gmail", "help@example.com")


async def listed(desk: Desk, filter: TicketFilter | None = None, sort: Sort = Sort.LATEST) -> list[int]:
    return [one.number for one in (await desk.list_tickets(filter, sort)).tickets]


async def test_spam_is_a_ticket_that_only_lists_of_spam_hold(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    received = await service.receive_mail(mail("b", spam=True))
    assert (received.outcome, received.number) == (Outcome.CREATED, 1002)
    for sort in Sort:
        assert await listed(desk, sort=sort) == [1001]
        assert await listed(desk, SPAM, sort) == [1002]
        assert await listed(desk, TicketFilter(status=[Status.OPEN]), sort) == [1001]
    assert await listed(desk, TicketFilter(words="lamp")) == [1001]
    assert await listed(desk, TicketFilter(words="lamp", spam=True)) == [1002]
    assert await listed(desk, TicketFilter(number=1002)) == [1002]
    counts = await desk.count_views()
    assert (counts.all, counts.open, counts.unassigned, counts.spam) == (1, 1, 1, 1)
    assert (await desk.show_ticket(1002)).ticket.spam
    assert await service.due_in() is None


async def test_an_agent_says_what_is_spam_and_takes_it_back(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    done = await desk.update_tickets([1001], {"spam": True})
    assert (await listed(desk), await listed(desk, SPAM)) == ([], [1001])
    assert (await desk.list_events(1001))[-1].after == {"spam": True}
    await desk.undo(done.request_id)
    assert (await listed(desk), await listed(desk, SPAM)) == ([1001], [])
    with pytest.raises(Invalid):
        await desk.update_tickets([1001], {"spam": "perhaps"})


async def test_what_looks_like_spam_joins_and_opens_nothing(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.update_tickets([1001], {"status": "resolved"})
    stranger = mail("b", in_reply_to=["<a@example.com>"], spam=True, sender=sender("x@example.net"))
    await service.receive_mail(stranger)
    ticket = (await desk.show_ticket(1001)).ticket
    assert (ticket.status, ticket.spam, ticket.message_count) == (Status.RESOLVED, False, 2)


async def test_a_customers_answer_is_heard_even_from_the_spam(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.update_tickets([1001], {"status": "resolved"})
    await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"], spam=True))
    assert (await desk.show_ticket(1001)).ticket.status is Status.OPEN


async def test_a_mail_that_is_none_brings_its_ticket_back(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a", spam=True))
    await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"]))
    assert await listed(desk) == [1001]


async def test_what_an_agent_said_stands(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.update_tickets([1001], {"spam": True})
    await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"]))
    assert await listed(desk) == []


async def test_a_mail_taken_out_of_the_providers_spam_is_none_here(
    service: Desk, desk: Desk, gmail: Mailbox
) -> None:
    way = {"mailbox_id": str(gmail.id), "provider_id": "1", "gmail_thread_id": "t"}
    await service.receive_mail(mail("a", spam=True, **way))
    again = await service.receive_mail(mail("a", **way))
    assert again.outcome is Outcome.DUPLICATE
    assert await listed(desk) == [1001]


async def test_a_copy_in_another_mailbox_rescues_nothing(service: Desk, desk: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(mail("a", spam=True, mailbox_id=str(gmail.id), provider_id="1"))
    other = await service.connect_mailbox("sales", "gmail", "sales@example.com")
    await service.receive_mail(mail("a", mailbox_id=str(other.id), provider_id="2"))
    assert await listed(desk, SPAM) == [1001]


async def test_who_answers_it_says_that_it_is_no_spam(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a", spam=True))
    done = await desk.reply(1001, "Of course.")
    assert await listed(desk) == [1001]
    await desk.undo(done.request_id)
    assert await listed(desk, SPAM) == [1001]


async def test_a_guessed_number_and_a_forged_sender_open_nothing(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.update_tickets([1001], {"status": "resolved"})
    received = await service.receive_mail(mail("b", subject="Re: [#1001]", subject_number=1001, spam=True))
    assert (received.outcome, received.number) == (Outcome.CREATED, 1002)
    assert (await desk.show_ticket(1001)).ticket.status is Status.RESOLVED
    assert await listed(desk, SPAM) == [1002]
