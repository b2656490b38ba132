"""Answers: to whom, in which thread, when, and once."""

import pytest

from core.desk import Desk
from core.errors import Conflict, Invalid
from core.models import Delivery, Status
from tests.mails import mail, sender


async def test_a_reply_goes_to_the_sender_and_copies_to_everyone_else_but_us(
    service: Desk, desk: Desk
) -> None:
    await service.receive_mail(
        mail("a",
             to=[sender("Support@example.com"), sender("support+t-1@example.com"), sender("bo@example.com")],
             cc=[sender("kim@example.com"), sender("eve@example.com"), sender("EVE@example.com")])
    )  # fmt: skip
    reply_to = (await desk.show_ticket(1001)).reply_to
    assert [one.email for one in reply_to.to] == ["kim@example.com"]
    assert [one.email for one in reply_to.cc] == ["bo@example.com", "eve@example.com"]


async def test_reply_to_comes_before_from(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a", reply_to=[sender("office@example.com")]))
    assert [one.email for one in (await desk.show_ticket(1001)).reply_to.to] == ["office@example.com"]


async def test_an_automatic_answer_is_not_what_one_answers(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await service.receive_mail(
        mail("b", in_reply_to=["<a@example.com>"], automatic=True, sender=sender("robot@example.com"))
    )
    assert [one.email for one in (await desk.show_ticket(1001)).reply_to.to] == ["kim@example.com"]


async def test_the_whole_of_an_outgoing_mail(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a", references=["<older@example.com>"]))
    await desk.reply(1001, "Try *another* bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    assert (ours.number, ours.subject, ours.content) == (1001, "Broken lamp", "Try *another* bulb.")
    assert (ours.in_reply_to, ours.references) == (
        "<a@example.com>", ["<older@example.com>", "<a@example.com>"],
    )  # fmt: skip
    assert ours.message_id.startswith(f"<t-{ours.reply_token}.") and ours.message_id.endswith("@example.com>")
    assert (ours.sender.name, ours.sender.email, ours.author_name) == (
        "Support",
        "support@example.com",
        "Ada",
    )


async def test_a_ticket_that_was_written_down_is_answered_out_of_the_blue(service: Desk, desk: Desk) -> None:
    """There is no mail to refer to, and no id may be made up."""
    (ticket,) = (await desk.create_ticket("Kim@example.com", "Rang up", "Her lamp is broken.")).tickets
    await desk.reply(ticket.number, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours and ours.in_reply_to is None and ours.references == []
    assert [one.email for one in ours.recipients.to] == ["kim@example.com"]


async def test_a_reply_waits_and_can_be_taken_back_until_then(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=60)
    assert await service.claim_outgoing("test") is None
    assert await service.due_in() is not None
    changed = await desk.unsend(1001)
    assert changed.tickets[0].status is Status.OPEN
    assert changed.tickets[0].assignee_email is None
    assert await service.due_in() is None
    with pytest.raises(Conflict, match="no answer that can be taken back"):
        await desk.unsend(1001)


async def test_answers_of_one_ticket_leave_in_their_order(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "First.", grace_seconds=60)
    await desk.reply(1001, "Second.", grace_seconds=0)
    assert await service.claim_outgoing("test") is None
    await desk.unsend(1001)  # the newest that waits
    await desk.unsend(1001)
    await desk.reply(1001, "Third.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours and ours.content == "Third."


async def test_what_waits_for_an_earlier_answer_is_not_due(service: Desk, desk: Desk) -> None:
    """Else whoever sends would ask again and again."""
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "First.", grace_seconds=60)
    await desk.reply(1001, "Second.", grace_seconds=0)
    due = await service.due_in()
    assert due and due > 30


async def test_a_claim_is_a_lease(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    first = await service.claim_outgoing("one", seconds=60)
    assert first and first.attempts == 1
    assert await service.claim_outgoing("two") is None
    await service.release_outgoing("one")
    second = await service.claim_outgoing("two")
    assert second and (second.id, second.attempts) == (first.id, 2)
    for _ in range(2):
        await service.mark_sent(second.id, "1.host")
    sent = [event for event in await desk.list_events(1001) if event.kind == "sent"]
    assert len(sent) == 1


async def test_a_failure_is_tried_again_or_shown(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", status=Status.RESOLVED, grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    await service.mark_failed(ours.id, "The disk is full.", 0)
    ours = await service.claim_outgoing("test")
    assert ours and ours.attempts == 2
    await service.mark_failed(ours.id, "The address is refused.", None)
    conversation = await desk.show_ticket(1001)
    assert conversation.ticket.status is Status.OPEN
    dispatch = conversation.messages[-1].dispatch
    assert dispatch and (dispatch.state, dispatch.error) == (Delivery.FAILED, "The address is refused.")
    assert await service.due_in() is None


async def test_from_the_last_moment_before_it_leaves_it_may_have_left(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    for _ in range(2):  # who only claimed it has not sent it
        ours = await service.claim_outgoing("one")
        assert ours and ours.unsure_seconds is None
        await service.release_outgoing("one")
    ours = await service.claim_outgoing("one")
    assert ours and await service.hold_outgoing(ours.id, "one", ours.attempts)
    for _ in range(2):  # and who looked for it has not found out
        await service.release_outgoing("one")
        ours = await service.claim_outgoing("one")
        assert ours and ours.unsure_seconds is not None and 0 < ours.unsure_seconds < 60
    await service.mark_failed(ours.id, "It is looked for.", 0, ours.attempts, 90)
    ours = await service.claim_outgoing("one")
    assert ours and ours.unsure_seconds and 90 <= ours.unsure_seconds < 150
    await service.mark_failed(ours.id, "Google asks to wait.", 0, ours.attempts)
    ours = await service.claim_outgoing("one")
    assert ours and ours.unsure_seconds is None


async def test_what_has_to_be_looked_for_holds_up_no_other(service: Desk, desk: Desk) -> None:
    for number, name in ((1001, "a"), (1002, "b")):
        await service.receive_mail(mail(name))
        await desk.reply(number, "Try another bulb.", grace_seconds=0)
    first = await service.claim_outgoing("one")
    assert first and first.number == 1001 and await service.hold_outgoing(first.id, "one", first.attempts)
    await service.release_outgoing("one")
    claimed = [await service.claim_outgoing("one") for _ in range(2)]
    assert [one and one.number for one in claimed] == [1002, 1001]


async def test_what_may_have_left_cannot_be_taken_back(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    changed = await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("one")
    assert ours
    await service.mark_failed(ours.id, "The line was cut.", 60, ours.attempts, 0)
    with pytest.raises(Conflict, match="no answer that can be taken back"):
        await desk.unsend(1001)
    assert (await desk.undo(changed.request_id)).skipped == [1001]
    assert (await desk.show_ticket(1001)).messages[-1].content == "Try another bulb."


async def test_a_late_word_about_an_older_attempt_counts_for_nothing(service: Desk, desk: Desk) -> None:
    """Its worker was taken for dead, and the next one is sending just now."""
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    first = await service.claim_outgoing("one", seconds=0)
    second = await service.claim_outgoing("two")
    assert first and second and second.attempts == 2
    await service.mark_failed(first.id, "The line was cut.", 0, first.attempts)
    await service.mark_failed(first.id, "It is refused.", None, first.attempts)
    assert await service.claim_outgoing("three") is None
    dispatch = (await desk.show_ticket(1001)).messages[-1].dispatch
    assert dispatch and dispatch.state is Delivery.SENDING


@pytest.mark.parametrize("text", ["", " \n\t", "Dear {{name}}, hello"])
async def test_what_cannot_be_sent_as_it_is(service: Desk, desk: Desk, text: str) -> None:
    await service.receive_mail(mail("a"))
    with pytest.raises(Invalid):
        await desk.reply(1001, text)
    assert len((await desk.show_ticket(1001)).messages) == 1


async def test_braces_in_code_are_no_placeholder(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Write `{{name}}` there, or:\n```\n{{ other }}\n```\n")


async def test_a_draft_is_kept_and_goes_with_the_reply(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.save_draft(1001, "reply", "Try")
    await desk.save_draft(1001, "reply", "Try another")
    await desk.save_draft(1001, "note", "She rang")
    drafts = (await desk.show_ticket(1001)).drafts
    assert {(one.kind, one.content) for one in drafts} == {("reply", "Try another"), ("note", "She rang")}
    await desk.reply(1001, "Try another bulb.")
    assert [one.kind for one in (await desk.show_ticket(1001)).drafts] == ["note"]
    await desk.save_draft(1001, "note", "")
    assert (await desk.show_ticket(1001)).drafts == []
