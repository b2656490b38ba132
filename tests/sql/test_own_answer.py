"""Answers of ours that come in: sent from here and come back, or written in the mailbox itself."""

from typing import Any

import pytest

from core.desk import Desk
from core.models import Delivery, Direction, Mailbox, Outcome, Outgoing, Status
from tests.mails import mail, sender

KIM = [sender("kim@example.com", "Kim")]
OURS = sender("support@example.com", "Support")


@pytest.fixture
async def gmail(service: Desk) -> Mailbox:
    return await service.connect_mailbox("gmail", "gmail", "help@example.com")


def sent(name: str, box: Mailbox, **fields: Any) -> dict[str, Any]:
    """A mail that the mailbox itself sent; its conversation there is "thread"."""
    ours = {"sender": sender("help@example.com"), "to": KIM, "sent": True}
    return at(name, box, **(ours | fields))


def at(name: str, box: Mailbox, **fields: Any) -> dict[str, Any]:
    found = {"mailbox_id": str(box.id), "provider_id": name, "gmail_thread_id": "thread"}
    return mail(name, **(found | {"gmail_message_id": name} | fields))


async def left(service: Desk, desk: Desk, number: int) -> Outgoing:
    """An answer on its way, which nobody knows to have left."""
    await desk.reply(number, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    return ours


async def test_an_answer_from_the_mailbox_itself_is_an_answer(service: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(at("a", gmail))
    answer = sent("b", gmail, received_at="2026-03-02T11:00:00Z", sender=sender("alias@example.com"))
    received = await service.receive_mail(answer)
    assert (received.outcome, received.number, received.rule) == (Outcome.APPENDED, 1001, "gmail_thread")
    conversation = await service.show_ticket(1001)
    assert [one.direction for one in conversation.messages] == [Direction.INCOMING, Direction.OUTGOING]
    ticket = conversation.ticket
    assert (ticket.status, ticket.waiting_since) == (Status.PENDING, None)
    assert ticket.last_response_at and ticket.last_response_at.hour == 11


async def test_who_wrote_after_that_answer_still_waits(service: Desk, gmail: Mailbox) -> None:
    """Mails are taken in in any order."""
    await service.receive_mail(at("a", gmail, received_at="2026-03-02T10:00:00Z"))
    await service.receive_mail(at("c", gmail, received_at="2026-03-02T12:00:00Z"))
    await service.receive_mail(sent("b", gmail, received_at="2026-03-02T11:00:00Z"))
    (ticket,) = (await service.list_tickets()).tickets
    assert ticket.status is Status.OPEN
    assert ticket.waiting_since and ticket.waiting_since.hour == 12
    assert ticket.last_response_at and ticket.last_response_at.hour == 11


async def test_the_question_that_comes_after_its_answer_opens_nothing(service: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(sent("b", gmail, received_at="2026-03-02T11:00:00Z"))
    await service.receive_mail(at("a", gmail, received_at="2026-03-02T10:00:00Z"))
    (ticket,) = (await service.list_tickets()).tickets
    assert (ticket.status, ticket.waiting_since, ticket.message_count) == (Status.PENDING, None, 2)


async def test_an_automatic_answer_of_the_mailbox_changes_nothing(service: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(at("a", gmail))
    await service.receive_mail(sent("b", gmail, received_at="2026-03-02T11:00:00Z", automatic=True))
    (ticket,) = (await service.list_tickets()).tickets
    assert (ticket.status, ticket.last_response_at, ticket.message_count) == (Status.OPEN, None, 2)
    assert ticket.waiting_since


async def test_an_answer_does_not_open_what_was_resolved(service: Desk, desk: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(at("a", gmail))
    await desk.update_tickets([1001], {"status": "resolved"})
    await service.receive_mail(sent("b", gmail, received_at="2026-03-02T11:00:00Z"))
    assert (await service.show_ticket(1001)).ticket.status is Status.RESOLVED


async def test_a_conversation_begun_in_the_mailbox_is_a_ticket_of_whom_it_went_to(
    service: Desk, gmail: Mailbox
) -> None:
    to = [OURS, sender("bo@example.com", "Bo")]
    received = await service.receive_mail(sent("a", gmail, to=to))
    assert received.outcome is Outcome.CREATED
    ticket = (await service.show_ticket(1001)).ticket
    assert (ticket.requester_email, ticket.status, ticket.waiting_since) == (
        "bo@example.com", Status.PENDING, None,
    )  # fmt: skip
    await service.receive_mail(at("b", gmail, sender=sender("bo@example.com")))
    assert (await service.show_ticket(1001)).ticket.status is Status.OPEN


async def test_a_mail_to_ourselves_alone_is_a_mail_to_us(service: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(sent("a", gmail, to=[OURS]))
    conversation = await service.show_ticket(1001)
    assert conversation.messages[0].direction is Direction.INCOMING
    assert conversation.ticket.status is Status.OPEN


@pytest.mark.parametrize("given", ["kept", "rewritten", "replaced"])
async def test_our_answer_among_what_the_mailbox_sent_is_known(
    service: Desk, desk: Desk, gmail: Mailbox, given: str
) -> None:
    """Google may give it another Message-ID; then ours stands in a field beside it, or in our own mark."""
    await service.receive_mail(at("a", gmail))
    ours = await left(service, desk, 1001)
    theirs = ours.message_id if given == "kept" else "<CA1@mail.gmail.com>"
    received = await service.receive_mail(sent("s", gmail, message_id=theirs, own_ids=[ours.message_id]))
    assert (received.outcome, received.number) == (Outcome.IGNORED, 1001)
    assert received.reason == "Our own answer came back."
    conversation = await service.show_ticket(1001)
    assert len(conversation.messages) == 2
    dispatch = conversation.messages[-1].dispatch
    assert dispatch and dispatch.state is Delivery.SENT, "it lies among what was sent, so it has left"
    await service.mark_sent(ours.id, "s", None, "thread")  # whoever sent it says so later
    reply = mail("r", in_reply_to=[theirs], received_at="2027-01-01T00:00:00Z")
    assert (await service.receive_mail(reply)).number == 1001
    assert await service.settled_deliveries(gmail.id, ["s"]) == ["s"]


async def test_others_cannot_make_a_mail_vanish_by_naming_our_ids(
    service: Desk, desk: Desk, gmail: Mailbox
) -> None:
    await service.receive_mail(at("a", gmail))
    ours = await left(service, desk, 1001)
    forged = at("x", gmail, sender=sender("help@example.com"), own_ids=[ours.message_id])
    assert (await service.receive_mail(forged)).outcome is Outcome.APPENDED


async def test_an_answer_that_was_given_up_but_left_is_sent(
    service: Desk, desk: Desk, gmail: Mailbox
) -> None:
    await service.receive_mail(at("a", gmail))
    ours = await left(service, desk, 1001)
    await service.mark_failed(ours.id, "Google does not answer.", None)
    await service.receive_mail(sent("s", gmail, message_id=ours.message_id))
    dispatch = (await service.show_ticket(1001)).messages[-1].dispatch
    assert dispatch and dispatch.state is Delivery.SENT


async def test_an_answer_of_an_earlier_desk_is_part_of_the_conversation(
    service: Desk, gmail: Mailbox
) -> None:
    await service.receive_mail(at("a", gmail))
    older = sent("b", gmail, own_ids=["<t-1.2@example.com>"], received_at="2026-03-02T11:00:00Z")
    assert (await service.receive_mail(older)).outcome is Outcome.APPENDED


async def test_a_draft_is_ignored_and_what_becomes_of_it_is_not(service: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(at("a", gmail))
    draft = sent("b", gmail, sent=False, ignore="It is a draft in Gmail.")
    received = await service.receive_mail(draft)
    assert (received.outcome, received.reason) == (Outcome.IGNORED, "It is a draft in Gmail.")
    assert (await service.receive_mail(draft)).outcome is Outcome.DUPLICATE
    received = await service.receive_mail(draft | {"ignore": "", "sent": True})
    assert received.outcome is Outcome.APPENDED
    (_, line) = await service.list_raw_mails()
    assert (line.outcome, line.reason) == (Outcome.APPENDED, "")


async def test_an_answer_stays_in_the_providers_conversation(
    service: Desk, desk: Desk, gmail: Mailbox
) -> None:
    """It has the thread and the subject of the mail that it answers, whatever the ticket is called here."""
    await service.receive_mail(at("a", gmail, subject="AW: Broken lamp [#77]"))
    await service.receive_mail(
        at("b", gmail, gmail_thread_id="second", subject="And the switch", in_reply_to=["<a@example.com>"],
           received_at="2026-03-02T11:00:00Z")
    )  # fmt: skip
    await desk.update_tickets([1001], {"subject": "Lamp"})
    ours = await left(service, desk, 1001)
    assert (ours.thread_id, ours.thread_subject) == ("second", "And the switch")
    assert ours.in_reply_to == "<b@example.com>"


async def test_what_follows_our_first_mail_refers_to_it_as_others_know_it(
    service: Desk, desk: Desk, gmail: Mailbox
) -> None:
    await desk.create_ticket("kim@example.com", "Rang up", "Her lamp is broken.")
    first = await left(service, desk, 1001)
    assert (first.in_reply_to, first.references, first.thread_subject) == (None, [], None)
    await service.mark_sent(first.id, "s1", "<CA1@mail.gmail.com>", "thread")
    second = await left(service, desk, 1001)
    assert (second.thread_id, second.thread_subject) == ("thread", None)
    assert (second.in_reply_to, second.references) == ("<CA1@mail.gmail.com>", ["<CA1@mail.gmail.com>"])


@pytest.mark.parametrize("known_by", ["id", "thread"])
async def test_a_bounce_finds_an_answer_that_was_renamed(
    service: Desk, desk: Desk, gmail: Mailbox, known_by: str
) -> None:
    await service.receive_mail(at("a", gmail))
    ours = await left(service, desk, 1001)
    await service.mark_sent(ours.id, "s", "<CA1@mail.gmail.com>" if known_by == "id" else None, "thread")
    report = {"recipients": ["kim@example.com"], "status": "5.1.1", "permanent": True,
              "message_id": "<CA1@mail.gmail.com>"}  # fmt: skip
    daemon = sender("mailer-daemon@googlemail.com")
    thread = "thread" if known_by == "thread" else "other"
    received = await service.receive_mail(
        at("r", gmail, sender=daemon, bounce=report, gmail_thread_id=thread)
    )
    assert (received.outcome, received.number) == (Outcome.BOUNCED, 1001)
    conversation = await service.show_ticket(1001)
    assert conversation.ticket.status is Status.OPEN
    assert conversation.ticket.assignee_email == "ada@example.com"
    dispatch = next(one.dispatch for one in conversation.messages if one.dispatch)
    assert [one.state for one in dispatch.recipients] == [Delivery.BOUNCED]
