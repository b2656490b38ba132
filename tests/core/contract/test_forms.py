"""The form and its links, through every door."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.forms import link_sha256
from tests.core.contract.door import AWKWARD, Door

SHA256 = link_sha256("a token")
FILE = {"filename": 'a,"b".png', "content_type": "image/png", "size": 2**33, "sha256": "0" * 64}


async def test_submit_form(door: Door) -> None:
    await door.ada.create_form_link(SHA256, 'sa"les, {a}')
    request, receipt = uuid4(), AWKWARD + " {number}"
    typed = ("Kim Łącki", "Kim@Example.com", AWKWARD, AWKWARD, 'sa"les, {a}', [FILE], SHA256, receipt, 10)
    made = await door.service.submit_form(*typed, request)
    assert (made.number, made.receipt) == (1001, True)
    assert await door.service.submit_form(*typed, request) == made
    shown = await door.ada.show_ticket(1001)
    assert (shown.ticket.subject, shown.ticket.department) == (AWKWARD, 'sa"les, {a}')
    asked, answered = shown.messages
    assert (asked.sender_name, asked.sender_email, asked.content) == ("Kim Łącki", "kim@example.com", AWKWARD)
    assert [(one.filename, one.size) for one in asked.attachments] == [('a,"b".png', 2**33)]
    assert (answered.content, answered.automatic) == (AWKWARD + " 1001", True)
    (link,) = await door.ada.list_form_links()
    assert link.uses == 1 and link.used_at
    with pytest.raises(Conflict, match=r"This form was sent before, as #1001\."):
        await door.service.submit_form("Kim", "kim@example.com", "", "Another text.", request_id=request)
    with pytest.raises(Invalid, match='"kim" is not an e-mail address'):
        await door.service.submit_form("", "kim", "s", "c")


async def test_list_departments(door: Door) -> None:
    assert await door.service.list_departments() == []
    await door.service.update_agent("grace@example.com", {"departments": ["sales", 'bil,"ling']})
    await door.service.connect_mailbox("more", "maildir", "more@example.com", department="Repairs")
    assert await door.service.list_departments() == ['bil,"ling', "Repairs", "sales"]


async def test_create_form_link(door: Door) -> None:
    soon = datetime.now(UTC) + timedelta(days=7, microseconds=1)
    made = await door.ada.create_form_link(SHA256, 'bil,"ling', AWKWARD, "kim@example.com", soon)
    assert await door.ada.create_form_link(SHA256, 'bil,"ling', AWKWARD, "kim@example.com", soon) == made
    assert (made.number, made.department, made.subject) == (1, 'bil,"ling', AWKWARD)
    assert (made.email, made.created_by, made.expires_at) == ("kim@example.com", "ada@example.com", soon)
    assert (made.state, made.uses, made.used_at) == ("valid", 0, None)
    with pytest.raises(Invalid, match="at most 200 characters"):
        await door.ada.create_form_link("1" * 64, subject="x" * 201)
    with pytest.raises(Invalid, match="expired already"):
        await door.ada.create_form_link("1" * 64, expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    await door.service.update_agent("grace@example.com", {"departments": ["sales"]})
    with pytest.raises(Forbidden):
        await door.grace.create_form_link("2" * 64, "repairs")


async def test_list_form_links(door: Door) -> None:
    for number, department in enumerate(("sales", None, "repairs")):
        await door.ada.create_form_link(str(number) * 64, department)
    await door.service.update_agent("grace@example.com", {"departments": ["sales"]})
    assert [one.number for one in await door.ada.list_form_links()] == [1, 2, 3]
    assert [one.number for one in await door.grace.list_form_links()] == [1, 2]


async def test_revoke_form_link(door: Door) -> None:
    await door.ada.create_form_link(SHA256, "repairs")
    await door.service.update_agent("grace@example.com", {"departments": ["sales"]})
    with pytest.raises(NotFound, match=r"There is no form link 1\."):
        await door.grace.revoke_form_link(1)
    revoked = await door.ada.revoke_form_link(1)
    assert revoked.state == "revoked" and revoked.revoked_at
    assert await door.ada.revoke_form_link(1) == revoked


async def test_show_form_link(door: Door) -> None:
    made = await door.ada.create_form_link(SHA256, None, AWKWARD)
    assert await door.service.show_form_link(SHA256) == made
    with pytest.raises(NotFound, match=r"There is no such link\."):
        await door.service.show_form_link("f" * 64)
