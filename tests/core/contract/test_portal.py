"""The portal, through every door."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.errors import Forbidden, Gone, Invalid, NotFound
from core.models import Status
from tests.core.contract.door import AWKWARD, Door
from tests.mails import mail

LINK, SESSION = "a" * 64, "b" * 64
LINE = AWKWARD.replace("\n", " ")
FILE = {"filename": LINE, "content_type": "image/png", "size": 3, "sha256": "0" * 64}


async def inside(door: Door) -> int:
    """The number of Kim's ticket; SESSION is Kim's."""
    file = FILE | {"content_id": None, "inline": False}
    received = await door.service.receive_mail(mail("a", subject=LINE, content=AWKWARD, attachments=[file]))
    assert received.number
    await door.service.create_portal_link("kim@example.com", LINK, 60)
    await door.service.open_portal(LINK, SESSION, 60)
    return received.number


async def test_create_portal_link(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    made = await door.ada.create_portal_link("KIM@example.com", LINK, 60.5)
    assert (made.email, made.made_by, made.number) == ("kim@example.com", "ada@example.com", None)
    message = (await door.ada.show_ticket(1001)).messages[0]
    assert (await door.service.create_portal_link("kim@example.com", "c" * 64, 60, message.id)).number == 1001
    with pytest.raises(NotFound, match="Nobody has written to us as"):
        await door.ada.create_portal_link(AWKWARD, "c" * 64, 60)
    with pytest.raises(Invalid):
        await door.ada.create_portal_link("kim@example.com", AWKWARD, 60)
    with pytest.raises(Forbidden):
        await door.grace.create_portal_link("kim@example.com", "c" * 64, 60)


async def test_list_portal_links(door: Door) -> None:
    await inside(door)
    (link,) = await door.ada.list_portal_links("Kim@example.com", datetime.now(UTC) + timedelta(hours=1), 5)
    assert link.used_at and link.signed_in_until
    assert await door.ada.list_portal_links(AWKWARD) == []
    with pytest.raises(Forbidden):
        await door.grace.list_portal_links()


async def test_revoke_portal_links(door: Door) -> None:
    await inside(door)
    await door.ada.revoke_portal_links("kim@example.com")
    with pytest.raises(Gone):
        await door.service.portal_tickets(SESSION)
    with pytest.raises(Forbidden):
        await door.grace.revoke_portal_links("kim@example.com")


async def test_request_portal_link(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    for email in ("kim@example.com", AWKWARD):
        await door.service.request_portal_link(email, uuid4())
    letter = await door.service.claim_outgoing("test")
    assert letter and (letter.number, letter.portal_email) == (None, "kim@example.com")
    assert await door.service.claim_outgoing("test") is None


async def test_show_portal_link(door: Door) -> None:
    await inside(door)
    state = await door.service.show_portal_link(LINK, SESSION)
    assert (state.email, state.is_signed_in) == (None, True)
    assert (await door.service.show_portal_link(AWKWARD)).email is None


async def test_open_portal(door: Door) -> None:
    await inside(door)
    assert (await door.service.open_portal(LINK, SESSION, 60)).email == "kim@example.com"
    with pytest.raises(Gone, match="no longer good") as raised:
        await door.service.open_portal(LINK, "c" * 64, 60)
    assert raised.value.hint == "It works once and for a while. Ask for a new one."


async def test_end_portal_session(door: Door) -> None:
    number = await inside(door)
    await door.service.end_portal_session(SESSION)
    await door.service.end_portal_session(AWKWARD)
    with pytest.raises(Gone, match="You are not signed in"):
        await door.service.portal_ticket(SESSION, number)


async def test_portal_tickets(door: Door) -> None:
    number = await inside(door)
    await door.service.receive_mail(mail("b"))
    page = await door.service.portal_tickets(SESSION, limit=1)
    assert ([one.number for one in page.tickets], page.next) == ([number + 1], number + 1)
    page = await door.service.portal_tickets(SESSION, page.next, 1)
    assert ([one.subject for one in page.tickets], page.next) == ([LINE], None)


async def test_portal_ticket(door: Door) -> None:
    number = await inside(door)
    await door.service.portal_reply(SESSION, number, AWKWARD)
    shown = await door.service.portal_ticket(SESSION, number, 1)
    assert (shown.ticket.subject, shown.messages[0].content, shown.earlier) == (LINE, AWKWARD, 1)
    with pytest.raises(NotFound):
        await door.service.portal_ticket(SESSION, 9_000_000_000_000)


async def test_portal_file(door: Door) -> None:
    number = await inside(door)
    (message,) = (await door.service.portal_ticket(SESSION, number)).messages
    assert (await door.service.portal_file(SESSION, message.attachments[0].id)).model_dump() == FILE
    with pytest.raises(NotFound):
        await door.service.portal_file(SESSION, uuid4())


async def test_portal_original(door: Door) -> None:
    number = await inside(door)
    (message,) = (await door.service.portal_ticket(SESSION, number)).messages
    found = await door.service.portal_original(SESSION, message.id)
    assert (found.sha256, found.number) == (mail("a")["raw"]["sha256"], number)
    with pytest.raises(NotFound):
        await door.service.portal_original(SESSION, uuid4())


async def test_portal_reply(door: Door) -> None:
    number, request = await inside(door), uuid4()
    for _ in range(2):
        await door.service.portal_reply(SESSION, number, AWKWARD, [FILE], request)
    shown = await door.ada.show_ticket(number)
    assert [message.content for message in shown.messages] == [AWKWARD, AWKWARD]
    assert shown.messages[1].attachments[0].filename == LINE
    with pytest.raises(Invalid, match="Your answer is empty"):
        await door.service.portal_reply(SESSION, number, "")


async def test_portal_close(door: Door) -> None:
    number = await inside(door)
    assert (await door.service.portal_close(SESSION, number)).status is Status.CLOSED


async def test_portal_reopen(door: Door) -> None:
    number = await inside(door)
    await door.service.portal_close(SESSION, number)
    assert (await door.service.portal_reopen(SESSION, number)).status is Status.OPEN
