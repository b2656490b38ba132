"""The portal, tried by those whom it is not for: other sites, other customers, finders of an old cookie."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy

import httpx
import psycopg
import pytest

from core.desk import Desk
from core.portal_link import Entrance, sha256_of
from sync.outbound import Outbox, send_due
from tests.mails import mail, sender
from tests.sync.test_outbound import Post
from tests.web.abuse.paths import asked, filled
from tests.web.conftest import ADDRESS
from tests.web.test_portal import KIM, LEE, another, sign_in, slip_of
from web import session
from web.app import make_app
from web.front import Front

EVIL = "https://evil.example"


@pytest.fixture
async def number(service: Desk) -> int:
    """A ticket of Kim's."""
    number = (await service.receive_mail(mail("lamp"))).number
    assert number
    return number


def changing(front: Front) -> list[str]:
    """Every address of the portal that changes something."""
    return [
        path for method, path in asked(make_app(front)) if method == "POST" and path.startswith("/portal")
    ]


def inner(front: Front, number: int) -> list[str]:
    """Every page inside of the portal."""
    paths = [path for method, path in asked(make_app(front)) if method == "GET"]
    inside = [path for path in paths if path.startswith("/portal/") and "/in/" not in path]
    return [filled(path, str(number)) for path in inside if path != "/portal/asked"]


async def state_of(database: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(
            "select (select count(*) from desk.messages), (select count(*) from desk.portal_requests),"
            " (select count(*) from desk.portal_sessions where ended_at is null), status from desk.tickets"
        ).fetchall()


async def test_no_other_site_changes_anything(
    client: httpx.AsyncClient, front: Front, number: int, database: str
) -> None:
    """On any address, also one that is added later; even if it knew the slip, and the cookie came along."""
    await sign_in(client, front)
    slip = await slip_of(client, f"/portal/tickets/{number}")
    before = await state_of(database)
    assert len(changing(front)) >= 6
    for path in changing(front):
        for headers in (
            {"Sec-Fetch-Site": "cross-site", "Origin": EVIL},
            {"Sec-Fetch-Site": "same-site", "Origin": "https://blog.example.com"},
            {"Origin": EVIL},
            {"Origin": EVIL, "Host": "evil.example"},
            {"Origin": "null"},
        ):
            sent = {"slip": slip, "stamp": slip, "nonce": slip, "email": KIM, "message": "Mine."}
            answer = await client.post(filled(path, str(number)), data=sent, headers=headers)
            assert answer.status_code == 403, (path, headers)
    assert await state_of(database) == before


async def test_nothing_changes_without_the_slip_of_this_very_session(
    client: httpx.AsyncClient, front: Front, number: int, database: str
) -> None:
    await sign_in(client, front)
    async with another(front) as other:
        await sign_in(other, front)
        foreign = await slip_of(other, "/portal")
    door = re.search(r'name="stamp" value="([^"]+)"', (await _fresh(front, "/portal")).text)
    assert door
    before = await state_of(database)
    for path in changing(front):
        for slip in ("", "x", foreign, door[1], foreign[:-1], "a" * 100_000):
            sent = {"slip": slip, "stamp": slip, "nonce": slip, "message": "Mine."}
            answer = await client.post(filled(path, str(number)), data=sent)
            assert 400 <= answer.status_code < 500, (path, slip[:50])
    assert await state_of(database) == before


async def test_nobody_is_signed_in_by_a_cookie_that_somebody_else_chose(
    client: httpx.AsyncClient, front: Front, number: int, service: Desk
) -> None:
    """Session fixation: the cookie is a new one after signing in, and the planted one opens nothing."""
    name, planted = session._name(front), "tts_" + "0" * 64
    client.cookies.set(name, planted, "help.example.com")
    link = "ttp_" + "ab" * 20
    await service.create_portal_link(KIM, sha256_of(link), 60)
    nonce = re.search(r'name="nonce" value="([^"]+)"', (await client.get(f"/portal/in/{link}")).text)
    assert nonce
    client.cookies.clear()
    answer = await client.post(
        f"/portal/in/{link}", data={"nonce": nonce[1]}, headers={"Cookie": f"{name}={planted}"}
    )
    assert answer.status_code == 303
    assert answer.cookies[name] != planted
    async with another(front) as attacker:
        attacker.cookies.set(name, planted, "help.example.com")
        assert (await attacker.get(f"/portal/tickets/{number}")).status_code == 401


@pytest.mark.parametrize("ended", ["signed out", "revoked", "expired"])
async def test_an_old_cookie_opens_nothing(
    client: httpx.AsyncClient, front: Front, number: int, service: Desk, database: str, ended: str
) -> None:
    await sign_in(client, front)
    stolen = dict(client.cookies)
    if ended == "signed out":
        await client.post("/portal/out", data={"slip": await slip_of(client, "/portal")})
    elif ended == "revoked":
        await service.revoke_portal_links(KIM)
    else:
        with psycopg.connect(database) as connection:
            connection.execute("update desk.portal_sessions set expires_at = now() - interval '1 second'")
    async with another(front) as thief:
        for name, value in stolen.items():
            thief.cookies.set(name, value, "help.example.com")
        for path in [*inner(front, number), f"/portal/tickets/{number}"]:
            assert (await thief.get(path)).status_code in (401, 422), path
        assert "Broken lamp" not in (await thief.get("/portal")).text


async def test_what_is_not_yours_is_as_if_it_were_not_there(
    client: httpx.AsyncClient, front: Front, number: int, service: Desk
) -> None:
    await service.receive_mail(mail("lee", sender=sender(LEE)))
    await sign_in(client, front, LEE)
    for path in ("/portal/tickets/{}", "/portal/tickets/{}/close", "/portal/tickets/{}/reopen"):
        method = "GET" if path.endswith("{}") else "POST"
        slip = await slip_of(client, "/portal")
        theirs, none = [
            await client.request(method, path.format(one), data={"slip": slip}) for one in (number, 99999)
        ]
        assert theirs.status_code == none.status_code == 404
        assert theirs.text.replace(str(number), "") == none.text.replace("99999", "")


async def test_a_customer_is_no_program_and_a_program_no_customer(
    client: httpx.AsyncClient, front: Front, number: int
) -> None:
    await sign_in(client, front)
    cookie = client.cookies[session._name(front)]
    for headers in ({}, {"Authorization": f"Bearer {cookie}"}):
        assert (await client.get("/api/tickets", headers=headers)).status_code in (401, 404)
    assert (
        await _fresh(front, f"/portal/tickets/{number}", Authorization=f"Bearer {cookie}")
    ).status_code == 401


async def test_a_link_in_a_mail_leads_to_our_address_whatever_host_was_named(
    client: httpx.AsyncClient, front: Front, number: int, service: Desk
) -> None:
    stamp = re.search(r'name="stamp" value="([^"]+)"', (await client.get("/portal")).text)
    assert stamp
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    answer = await client.post("/portal/link", data={"email": KIM, "stamp": stamp[1]}, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/asked")
    (raw,) = await _mailed(service, front)
    assert b"evil.example" not in raw
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert body and f"{ADDRESS}/portal/in/ttp_" in body.get_content()


async def test_nobody_is_flooded_with_links(
    client: httpx.AsyncClient, front: Front, number: int, service: Desk
) -> None:
    """Three in an hour, however many visitors ask; and nobody who never wrote to us gets any."""
    for place in range(12):
        transport = httpx.ASGITransport(make_app(front), client=(f"203.0.113.{place}", 1))
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as visitor:
            stamp = re.search(r'name="stamp" value="([^"]+)"', (await visitor.get("/portal")).text)
            assert stamp
            for email in (KIM, "stranger@example.net"):
                answer = await visitor.post("/portal/link", data={"email": email, "stamp": stamp[1]})
                assert (answer.status_code, answer.headers["location"]) == (303, "/portal/asked")
    mails = await _mailed(service, front)
    assert len(mails) == 3 and all(b"To: kim@example.com" in raw for raw in mails)


async def _mailed(service: Desk, front: Front) -> list[bytes]:
    post = Post()
    outbox = Outbox(post, front.files, worker="test", entrance=Entrance.of(front.settings.web))
    while await send_due(service, outbox, lambda: datetime.now(UTC)):
        pass
    return list(post.sent.values())


async def _fresh(front: Front, path: str, **headers: str) -> httpx.Response:
    """As somebody without a cookie gets it."""
    async with another(front) as visitor:
        return await visitor.get(path, headers=headers)
