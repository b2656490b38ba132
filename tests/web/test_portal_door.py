"""The door of the portal: links that are used by pressing, once, and addresses of which nothing is told."""

import re

import httpx
import psycopg
import pytest

from core.desk import Desk
from core.portal_link import Entrance, new_link
from tests.mails import mail, sender
from tests.web.conftest import ADDRESS
from tests.web.test_portal import KIM, another, sign_in, slip_of
from web.front import Front

ENTRANCE = Entrance(f"{ADDRESS}/portal", 60)


@pytest.fixture
async def link(service: Desk) -> str:
    """The path of a link of Kim's."""
    await service.receive_mail(mail("lamp"))
    made = new_link(ENTRANCE)
    await service.create_portal_link(KIM, made.sha256, 60)
    return made.url.removeprefix(ADDRESS)


async def hidden(client: httpx.AsyncClient, path: str, name: str) -> str:
    page = (await client.get(path)).text
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, page
    return found[1]


async def test_a_link_is_used_by_pressing_and_not_by_looking(client: httpx.AsyncClient, link: str) -> None:
    for _ in range(3):  # a scanner, another one, and the customer
        nonce = await hidden(client, link, "nonce")
    assert (await client.get(link)).headers["referrer-policy"] == "strict-origin", "without the link"
    answer = await client.post(link, data={"nonce": nonce})
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-ttydesk=tts_")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=2592000"):
        assert part in cookie
    assert "Domain" not in cookie
    assert "Broken lamp" in (await client.get("/portal")).text


async def test_a_link_works_once_and_for_whom_it_let_in_it_goes_on(
    client: httpx.AsyncClient, front: Front, link: str
) -> None:
    nonce = await hidden(client, link, "nonce")
    await client.post(link, data={"nonce": nonce})
    again = await client.get(link)
    assert (again.status_code, again.headers["location"]) == (303, "/portal"), "it is their own browser"
    async with another(front) as other:
        for answer in (await other.get(link), await other.post(link, data={"nonce": nonce + "x"})):
            assert answer.status_code in (410, 403)
        fresh = await other.get("/portal/in/ttp_" + "0" * 40)
        assert fresh.status_code == 410
        assert "Send me a link" in fresh.text and "no longer good" in fresh.text


async def test_pressing_twice_is_one_sign_in(client: httpx.AsyncClient, front: Front, link: str) -> None:
    nonce = await hidden(client, link, "nonce")
    async with another(front) as lost:  # its answer never came
        first = await lost.post(link, data={"nonce": nonce})
    second = await client.post(link, data={"nonce": nonce})
    assert first.headers["set-cookie"].split(";")[0] == second.headers["set-cookie"].split(";")[0]
    assert (await client.get("/portal/tickets/1001")).status_code == 200


async def test_who_has_a_used_link_and_no_form_of_it_stays_outside(
    client: httpx.AsyncClient, front: Front, link: str
) -> None:
    late = await hidden(client, link, "nonce")
    nonce = await hidden(client, link, "nonce")
    await client.post(link, data={"nonce": nonce})
    async with another(front) as other:
        answer = await other.post(link, data={"nonce": late})
        assert answer.status_code == 410 and "set-cookie" not in answer.headers


async def test_a_link_of_somebody_else_asks_first(
    client: httpx.AsyncClient, front: Front, service: Desk, link: str
) -> None:
    await service.receive_mail(mail("lee", sender=sender("lee@example.com")))
    await sign_in(client, front, "lee@example.com")
    assert f"This link is for {KIM}" in (await client.get(link)).text
    assert "lee@example.com" in (await client.get("/portal")).text


async def test_without_tls_the_cookie_has_another_name(
    client: httpx.AsyncClient, front: Front, link: str
) -> None:
    settings = front.settings.model_copy(
        update={"web": front.settings.web.model_copy(update={"address": "http://127.0.0.1:8025"})}
    )
    object.__setattr__(front, "settings", settings)
    cookie = (await client.post(link, data={"nonce": await hidden(client, link, "nonce")})).headers[
        "set-cookie"
    ]
    assert cookie.startswith("ttydesk=tts_") and "Secure" not in cookie and "HttpOnly" in cookie


async def test_whether_an_address_is_known_is_not_told(
    client: httpx.AsyncClient, database: str, service: Desk, link: str
) -> None:
    answers = []
    for email in (KIM, "nobody@example.com"):
        stamp = await hidden(client, "/portal", "stamp")
        answer = await client.post("/portal/link", data={"email": f" {email}", "stamp": stamp})
        landed = await client.get(answer.headers["location"])
        answers.append(
            (answer.status_code, sorted(answer.headers), answer.content, landed.status_code, landed.text)
        )
    assert answers[0] == answers[1]
    assert answers[0][0] == 303 and "If you have written to us" in answers[0][4]
    with psycopg.connect(database) as connection:
        asked = connection.execute("select email from desk.portal_requests order by email").fetchall()
    assert asked == [(KIM,), ("nobody@example.com",)]


async def test_what_is_no_address_is_said_beside_the_field(client: httpx.AsyncClient, service: Desk) -> None:
    for email in ("", "kim", "a@b.example\r\nBcc: x@y.example", "x" * 300 + "@b.example"):
        stamp = await hidden(client, "/portal", "stamp")
        answer = await client.post("/portal/link", data={"email": email, "stamp": stamp})
        assert answer.status_code == 422 and 'id="email-error"' in answer.text, email


async def test_a_visitor_and_an_address_have_their_limits(
    client: httpx.AsyncClient, database: str, service: Desk
) -> None:
    stamp = await hidden(client, "/portal", "stamp")
    for _ in range(10):
        answer = await client.post("/portal/link", data={"email": KIM, "stamp": stamp})
        assert answer.status_code == 303
    answer = await client.post("/portal/link", data={"email": "lee@example.com", "stamp": stamp})
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0


async def test_without_an_address_of_ours_nothing_is_promised(
    client: httpx.AsyncClient, front: Front, service: Desk
) -> None:
    settings = front.settings.model_copy(
        update={"web": front.settings.web.model_copy(update={"address": None})}
    )
    object.__setattr__(front, "settings", settings)
    assert "Send me a link" not in (await client.get("/portal")).text


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": ADDRESS},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{ADDRESS}.evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_what_another_site_sends_is_refused(
    client: httpx.AsyncClient, front: Front, desk: Desk, link: str, headers: dict[str, str]
) -> None:
    nonce, stamp = await hidden(client, link, "nonce"), await hidden(client, "/portal", "stamp")
    assert (await client.post(link, data={"nonce": nonce}, headers=headers)).status_code == 403
    asked = await client.post("/portal/link", data={"email": KIM, "stamp": stamp}, headers=headers)
    assert asked.status_code == 403
    await sign_in(client, front)
    slip = await slip_of(client, "/portal/tickets/1001")
    for path in ("/portal/tickets/1001/reply", "/portal/tickets/1001/close", "/portal/out"):
        data = {"slip": slip, "message": "Hello."}
        assert (await client.post(path, data=data, headers=headers)).status_code == 403, path
    shown = (await desk.show_ticket(1001)).ticket
    assert (shown.message_count, shown.status) == (1, "open")


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": ADDRESS}, {}], ids=str)
async def test_what_our_own_page_sends_is_taken(
    client: httpx.AsyncClient, link: str, headers: dict[str, str]
) -> None:
    nonce = await hidden(client, link, "nonce")
    assert (await client.post(link, data={"nonce": nonce}, headers=headers)).status_code == 303


async def test_a_slip_of_another_session_changes_nothing(
    client: httpx.AsyncClient, front: Front, desk: Desk, link: str
) -> None:
    await sign_in(client, front)
    async with another(front) as other:
        await sign_in(other, front)
        slip = await slip_of(other, "/portal/tickets/1001")
    for theirs in (slip, "", "x.y", await hidden(client, "/portal/tickets/1001", "slip") + "x"):
        assert (await client.post("/portal/tickets/1001/close", data={"slip": theirs})).status_code == 403
        answer = await client.post("/portal/tickets/1001/reply", data={"slip": theirs, "message": "Kept."})
        assert answer.status_code == 422 and "Kept." in answer.text
    assert (await desk.show_ticket(1001)).ticket.message_count == 1
