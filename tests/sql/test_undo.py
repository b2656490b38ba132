"""Every command can be taken back, as a whole, and the taking back as well."""

import random
from uuid import uuid4

import pytest

from core.desk import Desk
from core.errors import NotFound
from core.models import Priority, Status
from tests.mails import mail

VARYING = {"updated_at", "last_response_at", "message_count", "attachment_count", "version"}


async def state(desk: Desk) -> list[dict[str, object]]:
    page = await desk.list_tickets(sort="number", limit=100)  # type: ignore[arg-type]
    return [ticket.model_dump(exclude=VARYING) for ticket in page.tickets]


async def some_tickets(service: Desk, count: int = 5) -> list[int]:
    for i in range(count):
        await service.receive_mail(mail(f"m{i}"))
    return list(range(1001, 1001 + count))


async def test_a_change_over_many_tickets_is_taken_back_as_one(service: Desk, desk: Desk) -> None:
    numbers = await some_tickets(service)
    before = await state(desk)
    done = await desk.update_tickets(numbers, {"status": "resolved", "priority": "high", "assignee": "me"})
    changed = await state(desk)
    undone = await desk.undo(done.request_id)
    assert [one.number for one in undone.tickets] == numbers
    assert await state(desk) == before
    await desk.undo(undone.request_id)
    assert await state(desk) == changed


async def test_a_walk_of_commands_taken_back_one_by_one_ends_where_it_began(
    service: Desk, desk: Desk
) -> None:
    numbers = await some_tickets(service)
    dice = random.Random(3)
    states, done = [await state(desk)], []
    for _ in range(25):
        field, values = dice.choice(
            [
                ("status", list(Status)),
                ("priority", list(Priority)),
                ("assignee", ["me", None, "grace@example.com"]),
            ]
        )
        some = dice.sample(numbers, dice.randrange(1, 5))
        changed = await desk.update_tickets(some, {field: dice.choice(values)})  # type: ignore[arg-type]
        if await desk.list_events(some[0], 1) and await state(desk) != states[-1]:
            done.append(changed.request_id)
            states.append(await state(desk))
    while done:
        assert await state(desk) == states.pop()
        await desk.undo(done.pop())
    assert await state(desk) == states.pop()


async def test_what_another_changed_meanwhile_is_left_and_named(service: Desk, desk: Desk) -> None:
    numbers = await some_tickets(service, 3)
    done = await desk.update_tickets(numbers, {"status": "resolved"})
    await desk.update_tickets([1002], {"status": "closed"})
    undone = await desk.undo(done.request_id)
    assert undone.skipped == [1002]
    assert [one["status"] for one in await state(desk)] == [Status.OPEN, Status.CLOSED, Status.OPEN]


async def test_an_undo_asked_again_names_what_it_left_the_first_time(service: Desk, desk: Desk) -> None:
    numbers = await some_tickets(service, 4)
    done = await desk.update_tickets(numbers, {"status": "resolved"})
    await desk.update_tickets([1002, 1004], {"status": "closed"})
    request = uuid4()
    undone = await desk.undo(done.request_id, request)
    assert undone.skipped == [1004, 1002]
    assert [one.number for one in undone.tickets] == [1001, 1003]
    assert await desk.undo(done.request_id, request) == undone
    await desk.update_tickets([1001, 1002], {"status": "resolved"})  # it could be taken back now
    again = await desk.undo(done.request_id, request)
    assert again.skipped == [1004, 1002]
    assert {one["number"]: one["status"] for one in await state(desk)} == {
        1001: Status.RESOLVED, 1002: Status.RESOLVED, 1003: Status.OPEN, 1004: Status.CLOSED,
    }  # fmt: skip


async def test_an_undo_that_left_everything_says_so_again(service: Desk, desk: Desk) -> None:
    await some_tickets(service, 1)
    done = await desk.update_tickets([1001], {"status": "resolved"})
    await desk.update_tickets([1001], {"status": "closed"})
    request = uuid4()
    for _ in range(2):
        undone = await desk.undo(done.request_id, request)
        assert (undone.skipped, undone.tickets) == ([1001], [])


async def test_the_same_command_sent_twice_happens_once(service: Desk, desk: Desk) -> None:
    await some_tickets(service, 1)
    request = uuid4()
    for _ in range(2):
        await desk.note(1001, "Rang back.", request_id=request)
        await desk.update_tickets([1001], {"priority": "high"}, request_id=uuid4())
    conversation = await desk.show_ticket(1001)
    assert [note.content for note in conversation.notes] == ["Rang back."]
    assert [event.kind for event in await desk.list_events(1001)] == ["created", "noted", "updated"]


async def test_a_note_is_taken_back_and_comes_again(service: Desk, desk: Desk) -> None:
    await some_tickets(service, 1)
    done = await desk.note(1001, "Rang back.")
    undone = await desk.undo(done.request_id)
    assert (await desk.show_ticket(1001)).notes == []
    await desk.undo(undone.request_id)
    assert [note.content for note in (await desk.show_ticket(1001)).notes] == ["Rang back."]


async def test_a_reply_is_taken_back_while_it_waits(service: Desk, desk: Desk) -> None:
    await some_tickets(service, 1)
    before = await state(desk)
    done = await desk.reply(1001, "Try another bulb.", status=Status.RESOLVED)
    await desk.undo(done.request_id)
    assert await state(desk) == before
    conversation = await desk.show_ticket(1001)
    assert len(conversation.messages) == conversation.ticket.message_count == 1
    assert [(draft.kind, draft.content) for draft in conversation.drafts] == [("reply", "Try another bulb.")]
    assert await service.claim_outgoing("test") is None


async def test_a_reply_that_left_is_not_taken_back(service: Desk, desk: Desk) -> None:
    await some_tickets(service, 1)
    done = await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    assert (await desk.undo(done.request_id)).skipped == [1001]
    assert len((await desk.show_ticket(1001)).messages) == 2


async def test_nothing_to_take_back(desk: Desk) -> None:
    with pytest.raises(NotFound, match="nothing to take back"):
        await desk.undo(uuid4())
