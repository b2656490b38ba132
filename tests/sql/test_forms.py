"""The form: one ticket for one submission, and a receipt that changes nothing and cannot be misused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from core.desk import Desk
from core.errors import Conflict, Invalid, NotFound
from core.forms import Submitted
from core.models import Direction, Outgoing, Status
from tests.mails import mail

KIM = "kim@example.com"
RECEIPT = "We have it. Its number is #{number}."
STRANGE = "Win a prize at http://prize.example"


async def submit(
    desk: Desk, email: str = KIM, request_id: UUID | None = None, an_hour: int = 50
) -> Submitted:
    return await desk.submit_form(
        STRANGE, email, STRANGE, STRANGE, receipt=RECEIPT, receipts_an_hour=an_hour, request_id=request_id
    )


async def claimed(service: Desk) -> Outgoing:
    outgoing = await service.claim_outgoing("test")
    assert outgoing
    return outgoing


async def sent_receipt(service: Desk, number: int = 1001) -> Outgoing:
    outgoing = await claimed(service)
    assert outgoing.number == number
    await service.mark_sent(outgoing.id, "one")
    return outgoing


async def why_no_receipt(desk: Desk, number: int) -> str:
    (event,) = [one for one in await desk.list_events(number) if one.kind == "no_receipt"]
    return event.reason


async def test_a_form_is_a_ticket_that_waits(service: Desk, desk: Desk) -> None:
    before = datetime.now(UTC)
    submitted = await service.submit_form("Kim", "Kim@Example.com", "Lamp", "It is dark.")
    assert (submitted.number, submitted.receipt) == (1001, False)
    shown = await desk.show_ticket(1001)
    ticket, (message,) = shown.ticket, shown.messages
    assert (ticket.requester_email, ticket.requester_name, ticket.status) == (KIM, "Kim", Status.OPEN)
    assert ticket.waiting_since and abs(ticket.waiting_since - before) < timedelta(minutes=5)
    assert (message.direction, message.joined_by, message.automatic) == (Direction.INCOMING, "form", False)
    assert [one.email for one in shown.reply_to.to] == [KIM]
    (event,) = await desk.list_events(1001)
    assert (event.kind, event.reason) == ("created", "kim@example.com, by the form")
    assert await service.claim_outgoing("test") is None


async def test_two_that_press_at_once_get_the_same_ticket(service: Desk, desk: Desk) -> None:
    request = uuid4()
    found = await asyncio.gather(*(submit(service, request_id=request) for _ in range(4)))
    assert found == [Submitted(number=1001, receipt=True)] * 4
    assert len((await desk.show_ticket(1001)).messages) == 2
    with pytest.raises(NotFound):
        await desk.show_ticket(1002)


async def test_what_was_changed_after_it_was_sent_is_not_lost(service: Desk, desk: Desk) -> None:
    request = uuid4()
    await submit(service, request_id=request)
    file = {"filename": "a", "content_type": "text/plain", "size": 1, "sha256": "0" * 64}
    for changed in (
        {"email": "other@example.com"},
        {"subject": "x"},
        {"content": "x"},
        {"attachments": [file]},
    ):
        typed: dict[str, Any] = {"email": KIM, "subject": STRANGE, "content": STRANGE}
        with pytest.raises(Conflict, match=r"This form was sent before, as #1001\."):
            await service.submit_form(STRANGE, **typed | changed, request_id=request)
    await desk.update_tickets([1001], {"subject": "Spam, perhaps"})
    assert (await submit(service, request_id=request)).number == 1001


async def test_the_department_decides_about_the_mailbox(service: Desk, desk: Desk) -> None:
    await service.connect_mailbox("bills", "maildir", "bills@example.com", department="billing")
    for number, department, mailbox in (
        (1001, "billing", "bills"),
        (1002, "sales", "support"),
        (1003, None, "support"),
    ):
        await service.submit_form("", KIM, "", "It is dark.", department)
        ticket = (await desk.show_ticket(number)).ticket
        assert (ticket.department, ticket.mailbox) == (department, mailbox)


@pytest.mark.parametrize(
    ("name", "email", "content", "said"),
    [
        ("", "kim", "x", "not an e-mail address"),
        ("", "k@" + "x" * 300, "x", "not an e-mail address"),
        ("", KIM, " \n", "is empty"),
        ("", KIM, "x" * 100_001, "too long"),
        ("x" * 501, KIM, "x", "too long"),
    ],
)
async def test_what_no_form_of_ours_sends_is_refused(
    service: Desk, name: str, email: str, content: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        await service.submit_form(name, email, "", content)


async def test_a_receipt_repeats_nothing_that_a_stranger_typed(service: Desk) -> None:
    await submit(service)
    outgoing = await claimed(service)
    assert outgoing.automatic
    assert outgoing.content == "We have it. Its number is #1001."
    assert [(one.name, one.email) for one in outgoing.recipients.to] == [("", KIM)]
    assert STRANGE not in str(outgoing.model_dump())


async def test_a_receipt_is_no_answer(service: Desk, desk: Desk) -> None:
    await submit(service)
    before = (await desk.show_ticket(1001)).ticket
    outgoing = await sent_receipt(service)
    shown = await desk.show_ticket(1001)
    after = shown.ticket
    assert before.waiting_since and after.waiting_since == before.waiting_since
    assert (after.status, after.last_response_at, after.assignee_email) == (Status.OPEN, None, None)
    assert after.message_count == len(shown.messages) == 2
    assert shown.messages[1].id == outgoing.id and shown.messages[1].sender_name == ""
    assert [one.email for one in shown.reply_to.to] == [KIM]


async def test_no_agent_can_take_a_receipt_back(service: Desk, desk: Desk) -> None:
    request = uuid4()
    await submit(service, request_id=request)
    with pytest.raises(Conflict, match="no answer that can be taken back"):
        await desk.unsend(1001)
    with pytest.raises(NotFound, match="nothing to take back"):
        await desk.undo(request)
    outgoing = await claimed(service)
    with pytest.raises(NotFound):
        await desk.undo(outgoing.id)


async def test_what_becomes_of_an_answer_leaves_the_receipt_alone(service: Desk, desk: Desk) -> None:
    await submit(service)
    await desk.reply(1001, "Hello.", grace_seconds=60)
    await desk.unsend(1001)
    assert [one.joined_by for one in (await desk.show_ticket(1001)).messages] == ["form", "receipt"]
    assert (await claimed(service)).automatic


async def test_an_answer_goes_on_from_the_receipt_and_so_does_the_customer(service: Desk, desk: Desk) -> None:
    await submit(service)
    receipt = await sent_receipt(service)
    received = await service.receive_mail(
        mail("more", in_reply_to=[receipt.message_id], received_at=datetime.now(UTC).isoformat())
    )
    assert (received.number, received.rule) == (1001, "in_reply_to")
    await desk.reply(1001, "Hello.", grace_seconds=0)
    answer = await claimed(service)
    assert (answer.in_reply_to, answer.references[-1]) == ("<more@example.com>", "<more@example.com>")


async def test_the_first_answer_refers_to_the_receipt(service: Desk, desk: Desk) -> None:
    await submit(service)
    receipt = await sent_receipt(service)
    await desk.reply(1001, "Hello.", grace_seconds=0)
    answer = await claimed(service)
    assert answer.in_reply_to == receipt.message_id
    assert answer.subject == STRANGE  # by now an agent has written it


async def test_at_gmail_the_answer_keeps_to_the_conversation_of_the_receipt(
    service: Desk, desk: Desk, database: str
) -> None:
    """There a conversation ends where the subject changes."""
    (box,) = await service.list_mailboxes()
    await service.disconnect_mailbox(box.id)
    await service.connect_mailbox("gmail", "gmail", "help@example.com")
    await submit(service)
    outgoing = await claimed(service)
    assert (outgoing.subject, outgoing.thread_id, outgoing.thread_subject) == (
        "We have your message",
        None,
        None,
    )
    await service.mark_sent(outgoing.id, "g1", None, "thread")
    await desk.reply(1001, "Hello.", grace_seconds=0)
    answer = await claimed(service)
    assert (answer.thread_id, answer.thread_subject) == ("thread", "We have your message")


async def test_one_address_gets_no_more_than_three_an_hour(service: Desk, desk: Desk, database: str) -> None:
    assert [(await submit(service)).receipt for _ in range(5)] == [True, True, True, False, False]
    assert await why_no_receipt(desk, 1004) == "3 went to that address within an hour."
    assert (await submit(service, "other@example.com")).receipt
    with psycopg.connect(database) as connection:
        connection.execute("update desk.messages set created_at = created_at - interval '61 minutes'")
    assert (await submit(service)).receipt


async def test_labels_behind_a_plus_make_nobody_else_of_a_person(service: Desk) -> None:
    found = [(await submit(service, f"kim+{n}@example.com")).receipt for n in range(5)]
    assert found == [True, True, True, False, False]
    assert not (await submit(service)).receipt


async def test_no_more_leave_in_all_than_is_allowed(service: Desk, desk: Desk) -> None:
    found = await asyncio.gather(*(submit(service, f"kim{n}@example.com", an_hour=3) for n in range(6)))
    assert sum(one.receipt for one in found) == 3
    refused = next(one.number for one in found if not one.receipt)
    assert await why_no_receipt(desk, refused) == "3 left within an hour."
    assert not (await submit(service, "kim9@example.com", an_hour=0)).receipt


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("support@example.com", "The address is one of our own."),
        ("support+t-1@example.com", "The address is one of our own."),
        ("mailer-daemon@example.net", "Nobody reads mail to that address."),
        ("No-Reply@example.net", "Nobody reads mail to that address."),
    ],
)
async def test_no_receipt_goes_where_it_would_come_back_from(
    service: Desk, desk: Desk, email: str, said: str
) -> None:
    assert not (await submit(service, email)).receipt
    assert await why_no_receipt(desk, 1001) == said


async def test_no_receipt_goes_where_mail_could_not_be_delivered(service: Desk, desk: Desk) -> None:
    await submit(service)
    receipt = await sent_receipt(service)
    bounce = {"message_id": receipt.message_id, "permanent": True, "recipients": [KIM], "status": "5.1.1"}
    await desk.update_tickets([1001], {"status": "resolved"})
    received = await service.receive_mail(
        mail("report", bounce=bounce, received_at=datetime.now(UTC).isoformat())
    )
    assert received.number == 1001
    shown = await desk.show_ticket(1001)
    assert (shown.ticket.status, shown.ticket.assignee_email) == (Status.RESOLVED, None)
    dispatch = shown.messages[1].dispatch
    assert dispatch and dispatch.recipients[0].state == "bounced"
    assert not (await submit(service)).receipt
    assert await why_no_receipt(desk, 1002) == "A mail to that address came back lately, or was called spam."


async def test_a_receipt_that_cannot_leave_troubles_no_ticket(service: Desk, desk: Desk) -> None:
    await submit(service)
    outgoing = await claimed(service)
    await desk.update_tickets([1001], {"status": "pending"})
    await service.mark_failed(outgoing.id, "There is no such domain.", None)
    assert (await desk.show_ticket(1001)).ticket.status is Status.PENDING
    assert (await desk.count_outbox()).failed == []


async def test_without_a_mailbox_there_is_a_ticket_and_no_receipt(service: Desk, desk: Desk) -> None:
    (box,) = await service.list_mailboxes()
    await service.disconnect_mailbox(box.id)
    assert await submit(service) == Submitted(number=1001, receipt=False)
    assert await why_no_receipt(desk, 1001) == "No mailbox is connected."


async def test_no_mail_that_comes_in_is_answered_by_the_desk_itself(service: Desk) -> None:
    """So two desks cannot write to each other for ever."""
    await submit(service)
    receipt = await sent_receipt(service)
    for name, automatic in (("answer", False), ("absence", True)):
        await service.receive_mail(mail(name, in_reply_to=[receipt.message_id], automatic=automatic))
    assert await service.claim_outgoing("test") is None


async def test_a_link_counts_what_came_by_it_until_it_ends(service: Desk, desk: Desk, database: str) -> None:
    sha256 = "a" * 64
    for number, reason in ((1001, " (link 1)"), (1002, " (link 1)"), (1003, "")):
        if number == 1001:
            await desk.create_form_link(sha256)
        elif number == 1003:
            await desk.revoke_form_link(1)
        await service.submit_form("", KIM, "", "It is dark.", link_sha256=sha256)
        assert (await desk.list_events(number))[0].reason == f"{KIM}, by the form{reason}"
    (link,) = await desk.list_form_links()
    assert link.uses == 2
    await desk.create_form_link("c" * 64, "billing")
    await service.submit_form("", KIM, "", "It is dark.", "sales", link_sha256="c" * 64)
    assert (await desk.show_ticket(1004)).ticket.department == "billing"
    await desk.create_form_link("b" * 64, expires_at=datetime.now(UTC) + timedelta(days=1))
    with psycopg.connect(database) as connection:
        connection.execute("update desk.form_links set expires_at = now() where sha256 like 'b%'")
    await service.submit_form("", KIM, "", "It is dark.", link_sha256="b" * 64)
    assert [one.uses for one in await desk.list_form_links()] == [2, 1, 0]
    assert (await service.show_form_link("b" * 64)).state == "expired"
