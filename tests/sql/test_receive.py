"""Taking mail in: twice, at once, broken, automatic, our own, returned."""

import asyncio

import pytest

from core.desk import Desk
from core.models import Delivery, Outcome, Sort, Status
from tests.mails import mail, sender


async def counts(desk: Desk) -> tuple[int, int]:
    tickets = (await desk.list_tickets()).tickets
    return len(tickets), sum(ticket.message_count for ticket in tickets)


async def test_the_very_same_mail_twice_changes_nothing(service: Desk) -> None:
    await service.receive_mail(mail("a"))
    events = await service.list_events(1001)
    again = await service.receive_mail(mail("a"))
    assert (again.outcome, again.number) == (Outcome.DUPLICATE, 1001)
    assert await counts(service) == (1, 1)
    assert await service.list_events(1001) == events


async def test_a_copy_by_another_way_is_the_same_message(service: Desk) -> None:
    """Its transport headers differ, and so do its bytes."""
    await service.receive_mail(mail("a"))
    copy = mail("a") | {"raw": {"sha256": "b" * 64, "size": 120}}
    assert (await service.receive_mail(copy)).outcome is Outcome.DUPLICATE
    assert await counts(service) == (1, 1)
    ledger = await service.list_raw_mails()
    assert [(one.outcome, one.number) for one in ledger] == [
        (Outcome.CREATED, 1001), (Outcome.DUPLICATE, 1001),
    ]  # fmt: skip


async def test_another_mail_under_the_same_message_id_is_not_lost(service: Desk) -> None:
    await service.receive_mail(mail("a"))
    other = mail("a", content="Quite another text.", fingerprint="f" * 64)
    received = await service.receive_mail(other | {"raw": {"sha256": "c" * 64, "size": 90}})
    assert (received.outcome, received.rule) == (Outcome.APPENDED, "same_id")
    assert await counts(service) == (1, 2)


async def test_one_mail_in_two_mailboxes_has_two_sources(service: Desk) -> None:
    one = (await service.list_mailboxes())[0]
    two = await service.connect_mailbox("sales", "maildir", "sales@example.com")
    await service.receive_mail(mail("a", mailbox_id=str(one.id), provider_id="111.host"))
    await service.receive_mail(mail("a", mailbox_id=str(two.id), provider_id="222.host"))
    (line,) = await service.list_raw_mails()
    assert line.sources == ["support: 111.host", "sales: 222.host"]
    assert await service.settled_deliveries(two.id, ["222.host", "333.host"]) == ["222.host"]


async def test_the_same_mail_in_the_same_instant(service: Desk) -> None:
    outcomes = await asyncio.gather(*(service.receive_mail(mail("a")) for _ in range(8)))
    assert sorted(one.outcome for one in outcomes) == [Outcome.CREATED] + [Outcome.DUPLICATE] * 7
    assert await counts(service) == (1, 1)


async def test_a_thread_that_arrives_all_at_once_is_one_ticket(service: Desk) -> None:
    mails = [mail("m0"), *(mail(f"m{i}", in_reply_to=["<m0@example.com>"]) for i in range(1, 10))]
    await asyncio.gather(*(service.receive_mail(one) for one in reversed(mails)))
    tickets = (await service.list_tickets()).tickets
    joined = {event.number for event in (await service.events_since("0:")).events if event.number}
    assert sum(ticket.message_count for ticket in tickets) == 10
    assert joined == {ticket.number for ticket in tickets}


async def test_one_broken_mail_of_many_is_set_aside_alone(service: Desk) -> None:
    received = await service.receive_mails(
        [mail("a"), mail("b", sent_at="the day before yesterday"), mail("c")]
    )
    assert [one.outcome for one in received] == [Outcome.CREATED, Outcome.QUARANTINED, Outcome.CREATED]
    (held,) = await service.list_raw_mails(quarantined=True)
    assert "the day before yesterday" in held.reason


async def test_a_mail_leaves_quarantine_with_a_new_verdict(service: Desk) -> None:
    held = await service.receive_mail(mail("a", quarantine={"reason": "Not understood.", "detail": ""}))
    assert held.outcome is Outcome.QUARANTINED
    assert (await service.count_views()).quarantine == 1
    again = await service.receive_mail(mail("a"))
    assert (again.outcome, again.raw_mail) == (Outcome.CREATED, held.raw_mail)
    assert (await service.count_views()).quarantine == 0


@pytest.mark.parametrize("status", [Status.PENDING, Status.RESOLVED, Status.CLOSED])
async def test_a_customers_answer_opens_the_ticket_again(service: Desk, desk: Desk, status: Status) -> None:
    await service.receive_mail(mail("a"))
    await desk.update_tickets([1001], {"status": status})
    await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"], received_at="2026-03-03T09:00:00Z"))
    (ticket,) = (await desk.list_tickets()).tickets
    assert ticket.status is Status.OPEN
    assert ticket.waiting_since and ticket.waiting_since.day == 3


async def test_an_automatic_answer_joins_and_changes_nothing(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.update_tickets([1001], {"status": "resolved", "assignee": "grace@example.com"})
    await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"], automatic=True))
    (ticket,) = (await desk.list_tickets()).tickets
    assert (ticket.status, ticket.assignee_email, ticket.message_count, ticket.waiting_since) == (
        Status.RESOLVED, "grace@example.com", 2, None,
    )  # fmt: skip


async def test_a_mail_older_than_our_answer_does_not_open_it_again(service: Desk, desk: Desk) -> None:
    """As when an archive is imported behind the live mailbox."""
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Done.", status=Status.RESOLVED)
    await service.receive_mail(mail("b", in_reply_to=["<a@example.com>"], received_at="2026-03-02T11:00:00Z"))
    (ticket,) = (await desk.list_tickets()).tickets
    assert (ticket.status, ticket.message_count) == (Status.RESOLVED, 3)


async def test_our_own_answer_that_comes_back_is_no_ticket(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    came_back = mail("x", message_id=ours.message_id, sender=sender("support@example.com"))
    received = await service.receive_mail(came_back)
    assert (received.outcome, received.reason) == (Outcome.IGNORED, "Our own answer came back.")
    assert await counts(service) == (1, 2)


async def test_a_stranger_cannot_suppress_a_mail_by_our_message_id(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    received = await service.receive_mail(mail("x", message_id=ours.message_id))
    assert (received.outcome, received.number) == (Outcome.APPENDED, 1001)


async def test_a_hard_bounce_opens_the_ticket_for_who_wrote_the_answer(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", status=Status.RESOLVED, grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    await service.mark_sent(ours.id, "1.host")
    report = {"recipients": ["Kim@example.com"], "status": "5.1.1", "permanent": True,
              "message_id": ours.message_id}  # fmt: skip
    received = await service.receive_mail(
        mail("report", sender=sender("mailer-daemon@example.com"), bounce=report, subject="Undelivered")
    )
    assert (received.outcome, received.number) == (Outcome.BOUNCED, 1001)
    conversation = await desk.show_ticket(1001)
    assert conversation.ticket.status is Status.OPEN
    assert conversation.ticket.assignee_email == "ada@example.com"
    (dispatch,) = [one.dispatch for one in conversation.messages if one.dispatch]
    assert dispatch.state is Delivery.BOUNCED
    assert [(one.email, one.state, one.detail) for one in dispatch.recipients] == [
        ("kim@example.com", Delivery.BOUNCED, "5.1.1 Undelivered")
    ]


async def test_a_delay_is_noted_and_changes_no_status(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", status=Status.RESOLVED, grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    await service.mark_sent(ours.id, "1.host")
    report = {"recipients": [], "status": "4.4.1", "permanent": False, "message_id": ours.message_id}
    await service.receive_mail(mail("report", sender=sender("mailer-daemon@example.com"), bounce=report))
    conversation = await desk.show_ticket(1001)
    assert conversation.ticket.status is Status.RESOLVED
    assert [one.dispatch.state for one in conversation.messages if one.dispatch] == [Delivery.SENT]


async def test_a_bounce_of_somebody_elses_mail_is_no_ticket(service: Desk) -> None:
    report = {"recipients": ["x@example.com"], "status": "", "permanent": True, "message_id": "<theirs@x>"}
    received = await service.receive_mail(mail("report", bounce=report))
    assert (received.outcome, received.number) == (Outcome.BOUNCED, None)
    assert await counts(service) == (0, 0)


async def test_a_customers_mail_forwarded_by_an_agent_is_the_customers_ticket(service: Desk) -> None:
    forwarded = mail(
        "a", sender=sender("grace@example.com"), forwarded_sender=sender("kim@example.com", "Kim")
    )
    await service.receive_mail(forwarded)
    conversation = await service.show_ticket(1001)
    assert conversation.ticket.requester_email == "kim@example.com"
    assert [one.email for one in conversation.reply_to.to] == ["kim@example.com"]


async def test_a_forward_by_anyone_else_is_the_forwarders(service: Desk) -> None:
    forwarded = mail("a", sender=sender("bo@example.com"), forwarded_sender=sender("kim@example.com"))
    await service.receive_mail(forwarded)
    (ticket,) = (await service.list_tickets()).tickets
    assert ticket.requester_email == "bo@example.com"


async def test_a_huge_thread_stays_searchable(service: Desk) -> None:
    """A tsvector holds 1 MB; what comes after is kept, if not indexed."""
    await service.receive_mail(mail("m0"))
    for i in range(1, 30):
        words = " ".join(f"w{i}x{j}" for j in range(6000))
        await service.receive_mail(mail(f"m{i}", in_reply_to=["<m0@example.com>"], content=words))
    assert await counts(service) == (1, 30)


async def test_our_answers_in_an_archive_are_ours(service: Desk) -> None:
    """An archive of a shared mailbox holds both sides, from the mailbox's address or an agent's own."""
    await service.receive_mail(mail("a", history=True))
    answers = [("b", "support@example.com", "11"), ("c", "grace@example.com", "12")]
    for name, who, hour in answers:
        await service.receive_mail(
            mail(name, history=True, sender=sender(who), to=[sender("kim@example.com")],
                 in_reply_to=["<a@example.com>"], received_at=f"2026-03-02T{hour}:00:00Z")
        )  # fmt: skip
    conversation = await service.show_ticket(1001)
    assert [one.direction for one in conversation.messages] == ["incoming", "outgoing", "outgoing"]
    assert conversation.ticket.waiting_since is None
    assert conversation.ticket.last_response_at and conversation.ticket.last_response_at.hour == 12


async def test_when_we_wrote_first_the_ticket_is_theirs(service: Desk) -> None:
    first = mail("a", history=True, sender=sender("support@example.com"), to=[sender("bo@example.com", "Bo")])
    await service.receive_mail(first)
    (ticket,) = (await service.list_tickets()).tickets
    assert (ticket.requester_email, ticket.waiting_since) == ("bo@example.com", None)


async def test_a_live_mail_from_our_own_address_is_a_mail_like_any_other(service: Desk) -> None:
    """Spam is often sent with the recipient's address as its sender."""
    await service.receive_mail(mail("a", sender=sender("support@example.com"), to=[sender("bo@example.com")]))
    conversation = await service.show_ticket(1001)
    assert conversation.messages[0].direction == "incoming"
    assert conversation.ticket.waiting_since is not None


async def test_only_messages_move_a_ticket_in_the_order_of_the_latest(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a", received_at="2026-03-01T10:00:00Z"))
    await service.receive_mail(mail("b", received_at="2026-03-02T10:00:00Z"))
    await desk.update_tickets([1001], {"priority": "high"})
    await desk.note(1001, "Rang back.")
    assert [one.number for one in (await desk.list_tickets(sort=Sort.LATEST)).tickets] == [1002, 1001]
    await desk.reply(1001, "Try another bulb.")
    assert [one.number for one in (await desk.list_tickets(sort=Sort.LATEST)).tickets] == [1001, 1002]
    await desk.unsend(1001)
    assert [one.number for one in (await desk.list_tickets(sort=Sort.LATEST)).tickets] == [1002, 1001]


async def test_one_mail_that_comes_by_two_mailboxes_in_the_same_instant(service: Desk) -> None:
    """Its bytes differ by the way it took; two daemons may take it in at once."""
    boxes = [await service.connect_mailbox(name, "gmail", f"{name}@example.com") for name in ("one", "two")]
    for round in range(10):
        copies = [
            mail(f"m{round}", mailbox_id=str(box.id), provider_id=f"{round}", gmail_thread_id=f"t{round}")
            | {"raw": {"sha256": f"{round}{place}".rjust(64, "0"), "size": 100}}
            for place, box in enumerate(boxes)
        ]
        outcomes = await asyncio.gather(*map(service.receive_mail, copies))
        assert sorted(one.outcome for one in outcomes) == [Outcome.CREATED, Outcome.DUPLICATE]
        assert len({one.number for one in outcomes}) == 1
    assert await counts(service) == (10, 10)
    for box in boxes:
        assert len(await service.settled_deliveries(box.id, [str(round) for round in range(10)])) == 10
        assert len(await service.list_unlabelled(box.id)) == 10, "each shows the status of its copy"
