"""/api/tickets, as programs use it."""

from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from core.desk import Desk
from core.models import Priority, Status, TicketPage
from tests.mails import mail
from tests.web.api.conftest import Program
from web.api.answer import Detail


@pytest.fixture
async def ticket(service: Desk) -> int:
    await service.receive_mail(mail("a"))
    return 1001


async def fill(service: Desk, desk: Desk) -> None:
    for place in range(6):
        await service.receive_mail(mail(f"m{place}", received_at=f"2026-03-02T10:0{place}:00Z"))
    await desk.update_tickets([1002, 1004], {"priority": "high", "status": "pending", "assignee": "me"})


def numbers(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [one["number"] for one in answer.json()["tickets"]]


async def test_a_list_is_that_of_the_command_line(api: httpx.AsyncClient, service: Desk, desk: Desk) -> None:
    await fill(service, desk)
    for query, found in (
        ("", [1006, 1005, 1004, 1003, 1002, 1001]),
        ("query=status:pending", [1004, 1002]),
        ("status=pending", [1004, 1002]),
        ("status=pending&status=open&sort=number&reverse=true&limit=2", [1001, 1002]),
        ("priority=high&assignee=me&query=lamp", [1004, 1002]),
        ("assignee=none&query=status:pending", []),
        ("assignee=ada%40example.com", [1004, 1002]),
        ("requester=kim%40example.com&query=%231003", [1003]),
        ("query=created:%3E7d&status=closed", []),
    ):
        assert numbers(await api.get(f"/api/tickets?{query}")) == found, query


@pytest.mark.parametrize("sort", ["latest", "updated", "created", "priority", "number", "waiting"])
async def test_its_pages_lead_to_the_next(
    api: httpx.AsyncClient, service: Desk, desk: Desk, sort: str
) -> None:
    await fill(service, desk)
    whole = numbers(await api.get("/api/tickets", params={"sort": sort}))
    found, address = [], f"/api/tickets?sort={sort}&limit=2&query=lamp"
    for _ in range(3):
        answer = await api.get(address)
        found += numbers(answer)
        link = answer.links.get("next")
        if link is None:
            break
        address = link["url"]
        assert address.startswith("/api/tickets?") and answer.json()["next"] in address
    assert found == whole and "link" not in answer.headers and answer.json()["next"] is None


@pytest.mark.parametrize("cursor", ["x", "bGF0ZXN0OjF8MQ", "bnVtYmVyOjEwMDE", "é", "....", "A" * 200])
async def test_a_cursor_that_was_made_up_leads_nowhere(api: httpx.AsyncClient, cursor: str) -> None:
    answer = await api.get("/api/tickets", params={"after": cursor})
    assert (answer.status_code, answer.json()["detail"]) == (404, "That cursor leads nowhere.")


async def test_what_is_read_fits_what_is_documented(api: httpx.AsyncClient, ticket: int, desk: Desk) -> None:
    """It goes from SQL to the program without a model in between."""
    await desk.reply(
        ticket,
        "Hello.",
        attachments=[{"filename": "a", "content_type": "a/b", "size": 1, "sha256": "a" * 64}],
    )
    await desk.note(ticket, "Hm.")
    await desk.create_ticket("lee@example.com", "Written down", "By hand.")
    await desk.save_draft(ticket, "note", "mine")
    for number in (ticket, 1002):
        shown = await api.get(f"/api/tickets/{number}")
        Detail.model_validate_json(shown.content)
        assert "drafts" not in shown.json()
    listed = await api.get("/api/tickets")
    page = TicketPage.model_validate_json(listed.content)
    assert [one.number for one in page.tickets] == [1002, ticket]


async def test_a_ticket_is_known_by_number_and_by_id(api: httpx.AsyncClient, ticket: int) -> None:
    shown = (await api.get(f"/api/tickets/{ticket}")).json()
    assert (await api.get(f"/api/tickets/{shown['ticket']['id']}")).json() == shown
    changed = await api.put(f"/api/tickets/{shown['ticket']['id']}", json={"priority": "high"})
    assert changed.json()["ticket"]["priority"] == "high"
    for unknown in ("999", str(uuid4())):
        assert (await api.get(f"/api/tickets/{unknown}")).status_code == 404
    for wrong in ("x", "-1", "1e3", "9" * 19, "%00"):
        assert (await api.get(f"/api/tickets/{wrong}")).status_code == 422


async def test_a_ticket_is_written_down(api: httpx.AsyncClient, desk: Desk) -> None:
    asked = {
        "requester_email": "Kim@example.com",
        "requester_name": "Kim",
        "subject": "Größe 👩‍👩‍👧",
        "content": "It is dark.",
        "priority": "high",
        "assignee": "me",
        "department": "billing",
    }
    made = await api.post("/api/tickets", json=asked)
    assert (made.status_code, made.headers["location"]) == (201, "/api/tickets/1001")
    ticket = (await desk.show_ticket(1001)).ticket
    assert (ticket.requester_email, ticket.subject) == ("kim@example.com", "Größe 👩‍👩‍👧")
    assert (ticket.priority, ticket.assignee_email, ticket.department) == (
        Priority.HIGH,
        "ada@example.com",
        "billing",
    )
    assert made.headers["etag"] == f'"{ticket.version}"'
    assert (await api.get(made.headers["location"])).status_code == 200


async def test_fields_are_changed_and_the_others_stay(
    api: httpx.AsyncClient, ticket: int, desk: Desk
) -> None:
    await desk.update_tickets([ticket], {"department": "billing", "assignee": "grace@example.com"})
    for asked, assignee, department in (
        ({"status": "resolved"}, "grace@example.com", "billing"),
        ({"assignee": None}, None, "billing"),
        ({"assignee": "me", "department": None}, "ada@example.com", None),
        ({}, "ada@example.com", None),
    ):
        answer = await api.put(f"/api/tickets/{ticket}", json=asked)
        assert answer.status_code == 200
        found = answer.json()["ticket"]
        assert (found["assignee_email"], found["department"], found["status"]) == (
            assignee,
            department,
            "resolved",
        )
    await api.put(f"/api/tickets/{ticket}", json={"spam": True, "reason": "an advertisement"})
    assert (await desk.list_events(ticket))[-1].reason == "an advertisement"
    assert (await api.put(f"/api/tickets/{ticket}", json={"assignee": "no@example.com"})).status_code == 409


async def test_what_does_not_fit_is_named(api: httpx.AsyncClient, ticket: int, desk: Desk) -> None:
    version = (await desk.show_ticket(ticket)).ticket.version
    for asked, fields in (
        ({"status": "new", "colour": "blue"}, {"status", "colour"}),
        ({"spam": "yes"}, {"spam"}),
        ({"status": None}, {"status"}),
        ({"subject": " \t"}, {"subject"}),
        ({"subject": "a\nBcc: eve@example.com"}, {"subject"}),
        ({"department": "\0"}, {"department"}),
        ({"assignee": "a b@c"}, {"assignee"}),
    ):
        answer = await api.put(f"/api/tickets/{ticket}", json=asked)
        assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
        assert {one["field"] for one in answer.json()["errors"]} == fields, asked
    for content, kind, status in (
        (b"{", "application/json", 400),
        (b'{"subject": "\\ud800"}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json; charset=utf-8", 200),
        (b" " * (2 * 1024 * 1024 + 1), "application/json", 413),
    ):
        answer = await api.put(f"/api/tickets/{ticket}", content=content, headers={"Content-Type": kind})
        assert answer.status_code == status, content[:20]
    assert (await desk.show_ticket(ticket)).ticket.version == version


async def test_an_answer_goes_to_the_outbox(api: httpx.AsyncClient, ticket: int, desk: Desk) -> None:
    asked: dict[str, Any] = {
        "content": "Try **this**.",
        "status": "resolved",
        "to": [{"email": "lee@example.com", "name": "Lee"}],
        "cc": [{"email": "joan@example.com"}],
        "grace_seconds": 600,
    }
    answer = await api.post(f"/api/tickets/{ticket}/reply", json=asked)
    assert answer.status_code == 201 and answer.json()["ticket"]["status"] == "resolved"
    message = (await desk.show_ticket(ticket)).messages[-1]
    assert message.id == UUID(answer.json()["request_id"]) and message.content == "Try **this**."
    assert [one.email for one in (*message.recipients.to, *message.recipients.cc)] == [
        "lee@example.com",
        "joan@example.com",
    ]
    assert message.dispatch
    assert (message.dispatch.not_before - message.created_at).total_seconds() > 500
    plain = await api.post(f"/api/tickets/{ticket}/reply", json={"content": "More."})
    assert plain.json()["ticket"]["status"] == Status.PENDING
    kept = await api.post(f"/api/tickets/{ticket}/reply", json={"content": "More.", "status": None})
    assert kept.json()["ticket"]["status"] == Status.PENDING
    for wrong in ({"content": ""}, {"content": "Dear {{name}}"}, {"content": "x", "to": []}):
        assert (await api.post(f"/api/tickets/{ticket}/reply", json=wrong)).status_code == 422


async def test_a_note_is_for_agents(api: httpx.AsyncClient, ticket: int) -> None:
    answer = await api.post(f"/api/tickets/{ticket}/notes", json={"content": "Hm."})
    assert answer.status_code == 201
    shown = (await api.get(f"/api/tickets/{ticket}")).json()
    assert [one["content"] for one in shown["notes"]] == ["Hm."] and len(shown["messages"]) == 1
    events = (await api.get(f"/api/tickets/{ticket}/events", params={"limit": 1})).json()
    assert [(one["kind"], one["actor_email"]) for one in events] == [("noted", "ada@example.com")]


async def test_what_is_out_of_sight_is_not_there(
    program: Program, ticket: int, desk: Desk, service: Desk
) -> None:
    await desk.update_tickets([ticket], {"department": "billing"})
    id = (await desk.show_ticket(ticket)).ticket.id
    await service.update_agent("grace@example.com", {"departments": ["sales"]})
    grace = await program(email="grace@example.com")
    assert numbers(await grace.get("/api/tickets")) == []
    for path in (str(ticket), str(id)):
        for method, rest, asked in (
            ("GET", "", None),
            ("PUT", "", {"status": "closed"}),
            ("POST", "/reply", {"content": "x"}),
            ("POST", "/notes", {"content": "x"}),
            ("GET", "/events", None),
        ):
            answer = await grace.request(method, f"/api/tickets/{path}{rest}", json=asked)
            assert answer.status_code == 404, (method, rest)
    assert (await desk.show_ticket(ticket)).ticket.status == "open"


async def test_an_odd_query_is_refused_with_the_words_of_the_search(api: httpx.AsyncClient) -> None:
    for query, said in (("foo:bar", 'Nothing can be looked up by "foo:"'), ("status:new", "is no status")):
        answer = await api.get(f"/api/tickets?query={quote(query)}")
        assert answer.status_code == 422 and said in answer.json()["detail"]


async def test_whichever_way_it_is_asked_for_a_ticket_is_the_same(
    api: httpx.AsyncClient, ticket: int, service: Desk
) -> None:
    """By number it does not go through FastAPI's look at arguments."""
    id = (await service.show_ticket(ticket)).ticket.id
    by_number, by_id, by_query = [
        await api.get(f"/api/tickets/{asked}") for asked in (ticket, id, f"{ticket}?messages=200")
    ]
    assert by_number.status_code == 200
    assert by_number.content == by_id.content == by_query.content
    assert by_number.headers["etag"] == by_id.headers["etag"] == by_query.headers["etag"]
    for wrong in ("1" * 19, "\N{ARABIC-INDIC DIGIT ONE}", "-1", "1.0", f"{ticket}?messages=0"):
        assert (await api.get(f"/api/tickets/{wrong}")).status_code == 422, wrong
