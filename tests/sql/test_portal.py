"""The portal: what a person sees there and what not, and what they can do to their tickets."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from core.desk import Desk
from core.errors import Conflict, Gone, Invalid, NotFound
from core.models import Delivery, Mailto, Status, TicketFilter
from core.portal import PortalMessage
from tests.mails import mail, sender
from tests.sql.test_portal_links import signed_in

KIM, LEE = "kim@example.com", "lee@example.com"
FILE = {"filename": "lamp.png", "content_type": "image/png", "size": 3, "sha256": "a" * 64}


async def ticket(service: Desk, name: str = "lamp", **fields: Any) -> int:
    number = (await service.receive_mail(mail(name, **fields))).number
    assert number
    return number


async def seen(service: Desk, session: str, number: int) -> list[PortalMessage]:
    return (await service.portal_ticket(session, number)).messages


async def texts(service: Desk, session: str, number: int) -> list[str]:
    return [message.content for message in await seen(service, session, number)]


async def leave(service: Desk) -> UUID:
    """The next answer leaves."""
    outgoing = await service.claim_outgoing("test")
    assert outgoing
    await service.mark_sent(outgoing.id, "1")
    return outgoing.id


async def test_an_answer_is_seen_when_it_has_left_and_not_before(service: Desk, desk: Desk) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    question = "The lamp is broken. (lamp)"
    await desk.save_draft(number, "reply", "A draft.")
    await desk.reply(number, "Too early.")
    assert await texts(service, kim, number) == [question], "it can be taken back"
    await desk.unsend(number)
    assert await texts(service, kim, number) == [question]
    await desk.reply(number, "It is mended.", grace_seconds=0)
    outgoing = await service.claim_outgoing("test")
    assert outgoing and await service.hold_outgoing(outgoing.id, "test", 1)
    assert await texts(service, kim, number) == [question], "it is on its way"
    await service.mark_failed(outgoing.id, "Nobody there.", None, 1)
    assert await texts(service, kim, number) == [question], "it was given up"
    await service.mark_sent(outgoing.id, "1")
    shown = await seen(service, kim, number)
    assert [(one.author, one.name, one.content) for one in shown] == [
        ("you", "Kim", question),
        ("us", "Ada", "It is mended."),
    ]


async def test_notes_are_never_seen(service: Desk, desk: Desk) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    await desk.note(number, "A difficult person.")
    conversation = await service.portal_ticket(kim, number)
    assert "difficult" not in conversation.model_dump_json()
    assert conversation.earlier == 0


async def test_what_others_wrote_to_us_alone_stays_theirs(service: Desk, desk: Desk) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    about = {"in_reply_to": ["<lamp@example.com>"]}
    await ticket(service, "aside", sender=sender(LEE), content="Between us: Kim broke it.", **about)
    await ticket(service, "open", sender=sender(LEE, "Lee"), content="I saw it.",
                 cc=[{"name": "", "email": "KIM@Example.com"}], **about)  # fmt: skip
    await desk.reply(number, "To Lee alone.", to=[Mailto(name="", email=LEE)], cc=[], grace_seconds=0)
    await leave(service)
    await desk.reply(number, "To both.", to=[Mailto(name="", email=LEE)],
                     cc=[Mailto(name="", email="Kim@example.com")], grace_seconds=0)  # fmt: skip
    await leave(service)
    shown = await seen(service, kim, number)
    assert [(one.author, one.content) for one in shown] == [
        ("you", "The lamp is broken. (lamp)"),
        ("other", "I saw it."),
        ("us", "To both."),
    ]
    assert shown[1].name == "Lee"


async def test_a_ticket_is_its_requesters_alone(service: Desk) -> None:
    number = await ticket(service)
    await ticket(service, "other", sender=sender(LEE))
    about = {"in_reply_to": ["<lamp@example.com>"]}
    await ticket(service, "joins", sender=sender(LEE), **about)
    lee = await signed_in(service, LEE)
    for act in (
        service.portal_ticket(lee, number),
        service.portal_reply(lee, number, "Mine?"),
        service.portal_close(lee, number),
        service.portal_reopen(lee, number),
    ):
        with pytest.raises(NotFound, match=f"no ticket #{number} of yours"):
            await act
    assert [one.number for one in (await service.portal_tickets(lee)).tickets] == [number + 1]


async def test_spam_is_not_there(service: Desk, desk: Desk) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    await desk.update_tickets([number], {"spam": True})
    assert (await service.portal_tickets(kim)).tickets == []
    with pytest.raises(NotFound):
        await service.portal_ticket(kim, number)


async def test_the_list_says_when_something_happened_that_they_may_see(service: Desk) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    about = {"in_reply_to": ["<lamp@example.com>"], "received_at": "2026-03-05T10:00:00Z"}
    await ticket(service, "aside", sender=sender(LEE), **about)
    (shown,) = (await service.portal_tickets(kim)).tickets
    assert (shown.number, shown.last_message_at.isoformat()) == (number, "2026-03-02T10:00:00+00:00")


async def test_the_list_comes_in_pages(service: Desk) -> None:
    numbers = [await ticket(service, f"lamp{place}") for place in range(5)][::-1]
    kim = await signed_in(service, KIM)
    pages, after = [], None
    while True:
        page = await service.portal_tickets(kim, after, limit=2)
        pages.append([one.number for one in page.tickets])
        if (after := page.next) is None:
            break
    assert pages == [numbers[:2], numbers[2:4], numbers[4:]]
    assert page.person.name == "Kim"
    assert (await service.portal_tickets(kim, limit=5)).next is None


async def test_a_file_is_there_with_its_message_only(service: Desk, desk: Desk) -> None:
    file = FILE | {"content_id": None, "inline": False}
    number = await ticket(service, attachments=[file, file | {"sha256": None, "filename": "big.iso"}])
    kim, lee = (
        await signed_in(service, KIM),
        await signed_in(service, LEE, await ticket(service, "x", sender=sender(LEE))),
    )
    (message,) = await seen(service, kim, number)
    assert [(one.filename, one.is_stored) for one in message.attachments] == [
        ("lamp.png", True),
        ("big.iso", False),
    ]
    found = await service.portal_file(kim, message.attachments[0].id)
    assert found.model_dump() == FILE
    await desk.reply(number, "See here.", attachments=[FILE | {"filename": "ours.png"}])
    (ours,) = (await desk.show_ticket(number)).messages[-1].attachments
    for session, id in (
        (kim, message.attachments[1].id),
        (kim, ours.id),
        (kim, uuid4()),
        (lee, message.attachments[0].id),
    ):
        with pytest.raises(NotFound, match="no such file of yours"):
            await service.portal_file(session, id)


async def test_the_original_of_a_mail_is_there_with_its_message_only(service: Desk) -> None:
    number = await ticket(service)
    about = {"in_reply_to": ["<lamp@example.com>"]}
    await ticket(service, "aside", sender=sender(LEE), **about)
    kim = await signed_in(service, KIM)
    (message,) = await seen(service, kim, number)
    assert message.original
    found = await service.portal_original(kim, message.id)
    assert (found.sha256, found.number) == (mail("lamp")["raw"]["sha256"], number)
    aside = (await service.show_ticket(number)).messages[-1]
    with pytest.raises(NotFound):
        await service.portal_original(kim, aside.id)


async def test_an_answer_does_what_one_by_mail_does(service: Desk, desk: Desk) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    await desk.reply(number, "Is it on?", grace_seconds=0)
    await leave(service)
    cursor, request = (await desk.events_since()).cursor, uuid4()
    for _ in range(2):
        answered = await service.portal_reply(kim, number, "Yes, it is.", [FILE], request)
        assert answered.status is Status.OPEN
    (event,) = (await desk.events_since(cursor)).events
    assert (event.number, event.kind, event.reason) == (number, "received", "kim@example.com, in the portal")
    shown = await desk.show_ticket(number)
    assert (
        shown.ticket.waiting_since and shown.ticket.message_count == 3 and shown.ticket.attachment_count == 1
    )
    message = shown.messages[-1]
    assert (message.direction, message.sender_email, message.joined_by) == ("incoming", KIM, "portal")
    assert [one.filename for one in message.attachments] == ["lamp.png"]
    assert [one.email for one in shown.reply_to.to] == [KIM] and shown.reply_to.cc == []
    assert (await seen(service, kim, number))[-1].original is False
    found = (await desk.list_tickets(TicketFilter(words="lamp.png"))).tickets
    assert [one.number for one in found] == [number]


async def test_an_answer_to_one_in_the_portal_goes_on_in_the_thread_they_know(
    service: Desk, desk: Desk
) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    await desk.reply(number, "Is it on?", grace_seconds=0)
    await leave(service)
    ours = (await desk.show_ticket(number)).messages[-1].message_id
    await service.portal_reply(kim, number, "Yes.")
    await desk.reply(number, "Then it is mended.", grace_seconds=0)
    outgoing = await service.claim_outgoing("test")
    assert outgoing and outgoing.in_reply_to == ours


async def test_an_empty_answer_is_refused_and_so_is_another_ones_request(service: Desk) -> None:
    number = await ticket(service)
    other = await ticket(service, "second")
    kim = await signed_in(service, KIM)
    with pytest.raises(Invalid, match="Your answer is empty"):
        await service.portal_reply(kim, number, " \r\n\t")
    request = uuid4()
    await service.portal_reply(kim, number, "Hello.", request_id=request)
    with pytest.raises(Conflict):
        await service.portal_reply(kim, other, "Hello.", request_id=request)


async def test_closing_and_opening_again(service: Desk, desk: Desk) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    request = uuid4()
    assert (await service.portal_close(kim, number, request)).status is Status.CLOSED
    closed = (await desk.show_ticket(number)).ticket
    assert (closed.status, closed.waiting_since) == (Status.CLOSED, None)
    await desk.update_tickets([number], {"status": "open"})
    assert (await service.portal_close(kim, number, request)).status is Status.OPEN, "that was done before"
    await desk.update_tickets([number], {"status": "resolved"})
    events = len(await desk.list_events(number))
    assert (await service.portal_close(kim, number)).status is Status.RESOLVED, "it is closed as it is"
    assert len(await desk.list_events(number)) == events
    assert (await service.portal_reopen(kim, number)).status is Status.OPEN
    opened = (await desk.show_ticket(number)).ticket
    assert opened.waiting_since
    event = (await desk.list_events(number))[-1]
    assert event.reason == "kim@example.com opened it again in the portal"
    assert (await service.portal_reopen(kim, number)).status is Status.OPEN
    assert len(await desk.list_events(number)) == events + 1


async def test_without_a_session_there_is_nothing(service: Desk) -> None:
    number = await ticket(service)
    for act in (
        service.portal_tickets("f" * 64),
        service.portal_ticket("f" * 64, number),
        service.portal_reply("", number, "Hello."),
        service.portal_close("'", number),
        service.portal_reopen("", number),
        service.portal_file("", uuid4()),
        service.portal_original("", uuid4()),
    ):
        with pytest.raises(Gone, match="You are not signed in"):
            await act


ON_ITS_WAY = {Delivery.WAITING, Delivery.SENDING, Delivery.FAILED, Delivery.CANCELLED}
"""Or never to leave."""
PEOPLE = st.sampled_from([KIM, LEE, "support@example.com", "mo@example.com"])
MESSAGE = st.tuples(
    st.sampled_from(["incoming", "outgoing"]),
    PEOPLE,
    st.lists(PEOPLE, max_size=2),
    st.lists(PEOPLE, max_size=2),
    st.none() | st.sampled_from(list(Delivery)),
)


@given(messages=st.lists(MESSAGE, max_size=6))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_rule_holds_for_every_message(
    service: Desk, database: str, messages: list[tuple[str, str, list[str], list[str], Delivery | None]]
) -> None:
    number = await ticket(service)
    kim = await signed_in(service, KIM)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("set search_path = desk, public")
        connection.execute(
            "truncate outbox; update messages set content = 'first' where content not like 'm%'"
        )
        connection.execute("delete from messages where content like 'm%'")
        for place, (direction, who, to, cc, state) in enumerate(messages):
            recipients = {"to": [sender(one) for one in to], "cc": [sender(one.upper()) for one in cc]}
            row = connection.execute(
                """insert into messages (ticket_id, sender_email, content, direction, message_id, joined_by,
                  recipients) select id, %s, %s, %s, gen_random_uuid()::text, 'test', %s
                from tickets where number = %s returning id""",
                [who, f"m{place}", direction, Jsonb(recipients), number],
            ).fetchone()
            assert row
            if state and direction == "outgoing":
                connection.execute(
                    "insert into outbox (message_id, state, not_before) values (%s, %s, now())",
                    [row[0], state],
                )
    expected = [
        f"m{place}"
        for place, (direction, who, to, cc, state) in enumerate(messages)
        if (direction == "incoming" and who == KIM)
        or (KIM in (*to, *cc) and (direction == "incoming" or state not in ON_ITS_WAY))
    ]
    assert sorted(await texts(service, kim, number)) == sorted(["first", *expected])
