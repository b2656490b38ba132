"""The form: of it comes one ticket, or the same page again with everything that was typed."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from core.config import Settings
from core.desk import Desk
from core.files import LocalFiles
from core.forms import link_sha256
from core.models import Conversation
from tests.mails import mail
from tests.web.conftest import ADDRESS
from tests.web.visitor import Clock, Visitor
from web.app import make_app
from web.form import RATE, TRAP
from web.front import Front
from web.stamp import LEAST, MOST

TYPED = {
    "name": "Kim <b>Łącki</b>",
    "email": "Kim@Example.com",
    "subject": 'The "lamp" & more',
    "message": "It is dark.\nSince <Monday>.",
}
PNG = ("photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "text/html")
PROGRAM = ("holiday.png", b"MZ\x90\0" + b"\0" * 99, "image/png")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def front(front: Front, clock: Clock) -> Front:
    values = front.settings.model_dump()
    values["web"] |= {"embed_in": "https://www.example.com, https://shop.example.com:8443", "upload_count": 3}
    return replace(front, settings=Settings.model_validate(values), now=clock)


@pytest.fixture
async def visitor(client: httpx.AsyncClient, clock: Clock) -> Visitor:
    return await Visitor(client, clock).open()


async def only_ticket(desk: Desk) -> Conversation:
    (ticket,) = (await desk.list_tickets()).tickets
    return await desk.show_ticket(ticket.number)


async def test_a_form_becomes_a_ticket_and_its_number_is_told(
    visitor: Visitor, desk: Desk, front: Front
) -> None:
    assert visitor.title == "Write to us · Support"
    await (await visitor.send(PNG, **TYPED)).follow()
    assert visitor.title == "Sent: #1001 · Support"
    assert visitor.text(".number") == "#1001"
    assert "A receipt is on its way" in visitor.text("main")
    shown = await only_ticket(desk)
    asked, receipt = shown.messages
    assert shown.ticket.subject == 'The "lamp" & more'
    assert (asked.sender_name, asked.sender_email) == ("Kim <b>Łącki</b>", "kim@example.com")
    assert asked.content == "It is dark.\nSince <Monday>."
    (file,) = asked.attachments
    assert (file.filename, file.content_type, file.size) == ("photo.png", "image/png", len(PNG[1]))
    assert file.sha256 and front.files.get("attachments", file.sha256) == PNG[1]
    assert "#1001" in receipt.content and "lamp" not in receipt.content


async def test_whatever_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    visitor: Visitor, desk: Desk
) -> None:
    typed = {
        "name": "x" * 101,
        "email": "kim@",
        "subject": " ",
        "message": "<b>&amp;\n\n  two",
        "department": "none such",
    }
    await visitor.send(PNG, PROGRAM, **typed)
    assert visitor.answer.status_code == 422
    assert visitor.title == "Not sent yet: Write to us · Support"
    errors = visitor.errors()
    assert set(errors) == {"name", "email", "subject", "files"}
    assert errors["email"] == "This is no e-mail address; one looks like name@example.com."
    assert errors["files"] == "“holiday.png” was not taken: programs are not taken."
    held = visitor.values()
    assert {name: held[name] for name in ("name", "email", "message")} == {
        name: typed[name] for name in ("name", "email", "message")
    }
    assert visitor.text(".choice") == "photo.png (58 bytes)"
    linked = [node.attributes["href"] for node in visitor.page.css(".notice a")]
    assert linked == ["#name", "#email", "#subject", "#files"]
    assert all(visitor.page.css_first(href or "") for href in linked)
    assert (await desk.list_tickets()).tickets == []


async def test_each_field_is_named_and_described(visitor: Visitor) -> None:
    for page in (visitor, await visitor.send()):
        tree = page.page
        for node in tree.css("input:not([type=hidden]):not([type=checkbox]), textarea, select"):
            assert tree.css_first(f'label[for="{node.attributes["id"]}"]')
            for id in (node.attributes.get("aria-describedby") or "").split():
                assert tree.css_first(f"#{id}"), id
    assert visitor.page.css_first("#email[aria-invalid=true][aria-describedby='email-error email-hint']")
    assert visitor.page.css_first("[role=alert][autofocus]")


async def test_a_file_that_came_need_not_be_chosen_again(visitor: Visitor, desk: Desk) -> None:
    await visitor.send(PNG, ("log.txt", b"a log", "text/plain"), **TYPED | {"email": ""})
    assert len(visitor.values()["kept"]) == 2
    await visitor.send(email="kim@example.com", kept=visitor.values()["kept"][:1])
    await visitor.follow()
    assert [one.filename for one in (await only_ticket(desk)).messages[0].attachments] == ["photo.png"]


async def test_a_file_that_was_not_ours_to_keep_is_not_taken(
    visitor: Visitor, desk: Desk, front: Front
) -> None:
    """A seal cannot be made, and that of something else is none."""
    stored = front.files.put("attachments", b"somebody else's")
    forged = json.dumps({"filename": "a", "content_type": "text/plain", "size": 1, "sha256": stored})
    await visitor.send(**TYPED, kept=[forged, visitor.values()["stamp"], "", "a.b"])
    await visitor.follow()
    assert (await only_ticket(desk)).messages[0].attachments == []


async def test_files_that_came_before_count(visitor: Visitor) -> None:
    await visitor.send(PNG, ("2.txt", b"2", ""), **TYPED | {"email": ""})
    await visitor.send(("3.txt", b"3", ""), ("4.txt", b"4", ""), email="kim@example.com")
    assert "“4.txt” is too much." in visitor.errors()["files"]
    assert len(visitor.values()["kept"]) == 3


async def test_a_large_file_loses_nothing_of_what_was_typed(
    visitor: Visitor, client: httpx.AsyncClient
) -> None:
    await visitor.send(("film.mp4", b"\0" * (11 << 20), "video/mp4"), **TYPED)
    assert visitor.errors()["files"] == "“film.mp4” is larger than 10 MB."
    assert visitor.values()["message"] == TYPED["message"]
    answer = await client.post("/form", content=b"", headers={"Content-Length": str(33 << 20)})
    assert answer.status_code == 413


async def test_pressing_twice_is_one_ticket(visitor: Visitor, desk: Desk) -> None:
    first = (await visitor.open()).page.css_first("[name=stamp]")
    values = visitor.values() | TYPED
    answers = [await visitor.client.post("/form", data=values) for _ in range(3)]
    assert first and {answer.headers["location"] for answer in answers} == {answers[0].headers["location"]}
    assert len((await only_ticket(desk)).messages) == 2


async def test_what_was_changed_after_sending_is_another_ticket_if_one_wants(
    visitor: Visitor, desk: Desk
) -> None:
    values = visitor.values() | TYPED
    await visitor.client.post("/form", data=values)
    visitor.answer = await visitor.client.post("/form", data=values | {"message": "And it hums."})
    assert visitor.answer.status_code == 409
    assert "This form was sent before, as #1001." in visitor.text(".notice")
    assert visitor.values()["message"] == "And it hums."
    visitor.clock.pass_(LEAST)
    await (await visitor.send()).follow()
    assert visitor.title.startswith("Sent: #1002")


async def test_a_robot_is_too_quick_and_a_person_just_sends_once_more(
    client: httpx.AsyncClient, clock: Clock, desk: Desk
) -> None:
    visitor = await Visitor(client, clock).open()
    clock.pass_(-LEAST)
    await visitor.send(PNG, **TYPED)
    assert (visitor.answer.status_code, "quicker" in visitor.text(".notice")) == (422, True)
    clock.pass_(LEAST)
    await (await visitor.send()).follow()
    assert len((await only_ticket(desk)).messages[0].attachments) == 1


async def test_a_robot_fills_in_what_nobody_sees(visitor: Visitor, desk: Desk) -> None:
    await visitor.send(**TYPED, **{TRAP: "http://spam.example"})
    assert visitor.answer.status_code == 422
    assert "A field that nobody sees was filled in" in visitor.text(".notice")
    assert visitor.values()[TRAP] == ""
    await (await visitor.send()).follow()
    assert await only_ticket(desk)


async def test_a_page_that_lay_open_for_days_keeps_what_was_typed(visitor: Visitor, clock: Clock) -> None:
    clock.pass_(MOST)
    await visitor.send(PNG, **TYPED)
    assert "open for more than a day" in visitor.text(".notice")
    clock.pass_(LEAST)
    await (await visitor.send()).follow()
    assert visitor.title.startswith("Sent: #1001")


@pytest.mark.parametrize("stamp", ["", "a.b", "WzEsMl0.AAAA"])
async def test_a_form_that_was_not_made_here_is_not_taken(
    visitor: Visitor, desk: Desk, front: Front, stamp: str
) -> None:
    await visitor.send(PNG, **TYPED, stamp=stamp)
    assert visitor.answer.status_code == 422
    assert "This page was not made here" in visitor.text(".notice")
    assert visitor.values()["message"] == TYPED["message"]
    assert isinstance(front.files, LocalFiles) and list(front.files.listing("attachments")) == []
    visitor.clock.pass_(LEAST)
    await (await visitor.send()).follow()
    assert await only_ticket(desk)


async def test_who_sends_too_much_is_told_when_to_come_again(visitor: Visitor, desk: Desk) -> None:
    for _ in range(int(RATE.split()[0])):
        await visitor.client.post("/form", data={})
    await visitor.send(PNG, **TYPED)
    assert visitor.answer.status_code == 429
    assert 0 < int(visitor.answer.headers["retry-after"]) <= 600
    assert "Please try again in" in visitor.text(".notice")
    assert visitor.values()["message"] == TYPED["message"]
    assert (await desk.list_tickets()).tickets == []


async def test_while_the_database_is_away_nothing_is_lost(visitor: Visitor, front: Front) -> None:
    await front.desk.close()
    await visitor.send(PNG, **TYPED)
    assert visitor.answer.status_code == 503
    assert "We cannot take it right now" in visitor.text(".notice")
    assert visitor.values()["message"] == TYPED["message"]
    assert len(visitor.values()["kept"]) == 1


async def test_nor_is_it_behind_a_link(linked: Visitor, front: Front) -> None:
    await front.desk.close()
    await linked.send(message="Hello.", subject="Order 3")
    assert (linked.answer.status_code, linked.values()["subject"]) == (503, "Order 3")
    assert linked.page.css_first("form[action='/f/a-token']")


async def test_departments_are_those_of_the_desk(
    client: httpx.AsyncClient, clock: Clock, service: Desk, desk: Desk
) -> None:
    await service.update_agent("grace@example.com", {"departments": ["sales", "R&D"]})
    visitor = await Visitor(client, clock).open()
    assert [one.text() for one in visitor.page.css("option")] == ["I am not sure", "R&D", "sales"]
    await visitor.send(**TYPED | {"email": ""}, department="R&D")
    assert visitor.values()["department"] == "R&D"
    await (await visitor.send(email="kim@example.com", department="nowhere")).send(department="R&D")
    assert (await only_ticket(desk)).ticket.department == "R&D"


async def test_a_page_of_another_site_may_frame_one_and_no_other(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    visitor = await Visitor(client, clock, "/embed").open()
    framed = "frame-ancestors https://www.example.com https://shop.example.com:8443"
    for _ in range(2):
        policy = visitor.answer.headers["content-security-policy"]
        assert policy.endswith(framed) and "default-src 'none'" in policy
        assert "x-frame-options" not in visitor.answer.headers
        assert visitor.page.css_first("header") is None
        await visitor.send()
    await (await visitor.send(**TYPED)).follow()
    assert visitor.answer.headers["content-security-policy"].endswith(framed)
    assert visitor.text(".number") == "#1001"
    assert "set-cookie" not in visitor.answer.headers
    assert visitor.page.css_first("a").attributes["href"] == "/embed"
    for path in ("/form", "/form/sent/" + visitor.answer.url.path.rpartition("/")[2]):
        assert "frame-ancestors 'none'" in (await client.get(path)).headers["content-security-policy"]


async def test_where_no_site_is_named_there_is_nothing_to_frame(front: Front, clock: Clock) -> None:
    settings = Settings.model_validate({"home": front.settings.home, "web": {"address": ADDRESS}})
    transport = httpx.ASGITransport(make_app(replace(front, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        assert (await client.get("/embed")).status_code == 404
        assert (await client.post("/embed", data=TYPED)).status_code == 404


@pytest.fixture
async def linked(client: httpx.AsyncClient, clock: Clock, desk: Desk) -> AsyncIterator[Visitor]:
    await desk.create_form_link(link_sha256("a-token"), "billing", "Order 1 & 2", "kim@example.com")
    yield await Visitor(client, clock, "/f/a-token").open()


async def test_a_link_fills_the_form_in(linked: Visitor, desk: Desk) -> None:
    held = linked.values()
    assert (held["subject"], held["email"], "department" in held) == ("Order 1 & 2", "kim@example.com", False)
    assert linked.text(".fixed") == "billing"
    await linked.send(message="", department="sales")
    assert linked.text(".fixed") == "billing" and linked.values()["subject"] == "Order 1 & 2"
    await (await linked.send(message="Hello.", subject="Order 3", department="sales")).follow()
    ticket = (await only_ticket(desk)).ticket
    assert (ticket.subject, ticket.department, ticket.requester_email) == (
        "Order 3",
        "billing",
        "kim@example.com",
    )
    assert [one.uses for one in await desk.list_form_links()] == [1]


async def test_a_link_that_has_ended_leads_to_the_plain_form(linked: Visitor, desk: Desk) -> None:
    await desk.revoke_form_link(1)
    await linked.send(message="Hello.")
    assert linked.answer.status_code == 303  # what was begun with it may be sent
    assert [one.uses for one in await desk.list_form_links()] == [0]
    await linked.open()
    assert (
        linked.text(".notice")
        == "The link that you followed is no longer in use. You can write to us here all the same."
    )
    assert linked.values()["subject"] == ""
    unknown = await Visitor(linked.client, linked.clock, "/f/other").open()
    assert "is not known here" in unknown.text(".notice")


@pytest.mark.parametrize("sealed", ["", "a.b", "WzEwMDEsdHJ1ZV0.AAAA"])
async def test_nobody_can_make_up_a_number(client: httpx.AsyncClient, sealed: str) -> None:
    assert (await client.get(f"/form/sent/{sealed}")).status_code == 404


async def test_without_a_receipt_it_says_so(visitor: Visitor, service: Desk) -> None:
    (box,) = await service.list_mailboxes()
    await service.disconnect_mailbox(box.id)
    await (await visitor.send(**TYPED)).follow()
    assert "No receipt goes there, so please note the number." in visitor.text("main")


async def test_an_answer_to_the_receipt_joins_the_ticket(visitor: Visitor, service: Desk, desk: Desk) -> None:
    await visitor.send(**TYPED)
    receipt = await service.claim_outgoing("test")
    assert receipt
    received = await service.receive_mail(mail("more", in_reply_to=[receipt.message_id]))
    assert received.number == (await only_ticket(desk)).ticket.number
