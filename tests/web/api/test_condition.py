"""Requests that are meant for a version, or once: ETag, If-Match, If-None-Match, Idempotency-Key."""

import asyncio

import httpx
import pytest

from core.desk import Desk
from tests.mails import mail
from tests.web.api.conftest import Program

PATH = "/api/tickets/1001"


@pytest.fixture(autouse=True)
async def ticket(service: Desk) -> None:
    await service.receive_mail(mail("a"))


async def test_a_stale_change_is_refused(api: httpx.AsyncClient, desk: Desk) -> None:
    etag = (await api.get(PATH)).headers["etag"]
    first = await api.put(PATH, json={"priority": "high"}, headers={"If-Match": etag})
    assert first.status_code == 200
    stale = await api.put(PATH, json={"priority": "low"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["detail"]) == (412, "Ticket #1001 was changed meanwhile.")
    next = await api.put(PATH, json={"priority": "low"}, headers={"If-Match": first.headers["etag"]})
    assert next.status_code == 200
    assert (await desk.show_ticket(1001)).ticket.priority == "low"


async def test_of_two_changes_of_one_version_one_is_made(api: httpx.AsyncClient) -> None:
    etag = (await api.get(PATH)).headers["etag"]
    both = await asyncio.gather(
        *(api.put(PATH, json={"subject": f"Lamp {n}"}, headers={"If-Match": etag}) for n in range(4))
    )
    assert sorted(one.status_code for one in both) == [200, 412, 412, 412]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("*", 200),
        ('"1"', 200),
        ('"7", "1-abc"', 200),
        ('"7"', 412),
        ('W/"1"', 412),  # weak tags never match here (RFC 9110, 13.1.1)
        ('"x"', 412),
        ('""', 412),
        ("1", 400),
        ("", 400),
    ],
)
async def test_if_match(api: httpx.AsyncClient, header: str, status: int) -> None:
    answer = await api.put(PATH, json={"priority": "high"}, headers={"If-Match": header})
    assert answer.status_code == status


async def test_what_the_program_has_is_not_sent_again(api: httpx.AsyncClient, desk: Desk) -> None:
    first = await api.get(PATH)
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for header in (etag, f'"x", W/{etag}', "*"):
        again = await api.get(PATH, headers={"If-None-Match": header})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    await desk.note(1001, "Hm.")
    changed = await api.get(PATH, headers={"If-None-Match": etag})
    assert changed.status_code == 200 and changed.headers["etag"] != etag


async def test_a_delivery_that_got_on_is_news_but_no_other_version(
    api: httpx.AsyncClient, desk: Desk, service: Desk
) -> None:
    await desk.reply(1001, "Hello.", grace_seconds=0)
    before = (await api.get(PATH)).headers["etag"]
    assert await service.claim_outgoing("w")
    now = await api.get(PATH, headers={"If-None-Match": before})
    assert now.status_code == 200 and now.headers["etag"].partition("-")[0] == before.partition("-")[0]
    changed = await api.put(PATH, json={"priority": "high"}, headers={"If-Match": before})
    assert changed.status_code == 200


async def test_what_is_asked_twice_under_a_key_is_done_once(api: httpx.AsyncClient, desk: Desk) -> None:
    for path, asked in (
        ("/api/tickets", {"requester_email": "k@example.com", "subject": "s", "content": "c"}),
        (f"{PATH}/reply", {"content": "Hello."}),
        (f"{PATH}/notes", {"content": "Hm."}),
    ):
        headers = {"Idempotency-Key": f'"{path}"'}
        first = await api.post(path, json=asked, headers=headers)
        again = await api.post(path, json=asked, headers={"Idempotency-Key": path})  # quotes or none
        assert first.status_code == again.status_code == 201
        assert first.json()["request_id"] == again.json()["request_id"]
        other = await api.post(path, json=asked | {"content": "Another."}, headers=headers)
        assert other.status_code == 422
        assert other.json()["detail"] == "This idempotency key was used for another request."
    shown = await desk.show_ticket(1001)
    assert (len(shown.messages), len(shown.notes)) == (2, 1)
    assert len((await desk.list_tickets()).tickets) == 2


async def test_a_change_under_a_key_is_made_once(api: httpx.AsyncClient, desk: Desk) -> None:
    """Even where others changed it back meanwhile, and though the ticket is at another version by now."""
    headers = {"Idempotency-Key": "k", "If-Match": '"1"'}
    assert (await api.put(PATH, json={"priority": "high"}, headers=headers)).status_code == 200
    await desk.update_tickets([1001], {"priority": "low"})
    assert (await api.put(PATH, json={"priority": "high"}, headers=headers)).status_code == 200
    assert (await desk.show_ticket(1001)).ticket.priority == "low"


async def test_an_agent_is_made_once_under_a_key(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    made = [
        (await api.post("/api/agents", json={"email": "lee@example.com"}, headers=headers)) for _ in range(2)
    ]
    assert [one.status_code for one in made] == [201, 201] and made[0].json() == made[1].json()
    assert (await api.post("/api/agents", json={"email": "lee@example.com"})).status_code == 409


async def test_a_key_is_its_tokens_own(program: Program, desk: Desk) -> None:
    for api in (await program(), await program(), await program(email="grace@example.com")):
        answer = await api.post(f"{PATH}/notes", json={"content": "Hm."}, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 201
    assert len((await desk.show_ticket(1001)).notes) == 3


@pytest.mark.parametrize("key", ["", '""', "é", "x" * 256])
async def test_what_is_no_key(api: httpx.AsyncClient, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}
    answer = await api.post(
        f"{PATH}/notes",
        content=b'{"content": "Hm."}',
        headers={**headers, "Content-Type": b"application/json"},
    )
    assert answer.status_code == 400
