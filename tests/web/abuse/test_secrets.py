"""No secret that was handed out is written down: not in a log, whatever is logged, nor in the database."""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest
from psycopg import sql

from core.desk import Desk
from core.errors import Unreachable
from core.forms import link_sha256, new_link_token
from core.portal_link import sha256_of
from core.tokens import SCOPES, new_secret
from core.tokens import sha256_of as token_sha256
from tests.mails import mail
from tests.web.abuse.conftest import Form
from tests.web.conftest import ADDRESS
from tests.web.test_portal import KIM
from web import session
from web.access import AccessLog
from web.app import make_app
from web.front import Front


@pytest.fixture(autouse=True)
def listening(caplog: pytest.LogCaptureFixture) -> None:
    """To everything that anybody says, and more than is ever switched on."""
    caplog.set_level(logging.WARNING, logger="httpx")  # this is the visitor's own
    caplog.set_level(logging.DEBUG)
    for name in ("ttydesk", "ttydesk.web", "uvicorn", "uvicorn.error", "psycopg", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)


@asynccontextmanager
async def visitor(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(AccessLog(make_app(front)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield client


async def live(client: httpx.AsyncClient, front: Front, desk: Desk, service: Desk) -> dict[str, str]:
    """What a customer does, and every secret that they had meanwhile by its name."""
    form_link = new_link_token()
    await desk.create_form_link(link_sha256(form_link), email=KIM)
    form = Form(client, f"/f/{form_link}")
    assert (await form.send()).status_code == 303
    received = await service.receive_mail(mail("lamp"))
    link = "ttp_" + "12ab" * 10
    await service.create_portal_link(KIM, sha256_of(link), 60)
    nonce = _hidden(await client.get(f"/portal/in/{link}"), "nonce")
    assert (await client.post(f"/portal/in/{link}", data={"nonce": nonce})).status_code == 303
    cookie = client.cookies[session._name(front)]
    page = await client.get(f"/portal/tickets/{received.number}")
    slip = _hidden(page, "slip")
    sent = await client.post(
        f"/portal/tickets/{received.number}/reply", data={"slip": slip, "message": "Hello.", "kept": "x"}
    )
    assert sent.status_code == 303
    for path in (f"/portal/in/{link}x", f"/f/{form_link}x", "/portal/tickets/99", f"/nothing/{link}"):
        assert (await client.get(path)).status_code in (200, 404, 410)
    await client.post("/portal/out", data={"slip": slip, "message": cookie})
    token = new_secret()
    await desk.create_token(token_sha256(token), SCOPES)
    for asked, more in (("tickets", {}), ("nothing", {}), ("tickets", {"Accept": "text/html"})):
        headers = {"Authorization": f"Bearer {token}"} | more
        assert (await client.get(f"/api/{asked}", headers=headers)).status_code in (200, 404, 406)
    wrong = {"Authorization": f"Bearer {token}x"}
    assert (await client.get("/api/tickets", headers=wrong)).status_code == 401
    return {
        "the link of a form": form_link,
        "the link to the portal": link,
        "the cookie": cookie,
        "the slip": slip,
        "the nonce": nonce,
        "the token of a program": token,
        "the key": front.key,
    }


async def test_none_is_in_a_log(
    front: Front, desk: Desk, service: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visitor(front) as client:
        secrets = await live(client, front, desk, service)

        async def away(*arguments: object, **options: object) -> None:
            raise Unreachable("The database is away.")

        async def broken(*arguments: object, **options: object) -> None:
            raise RuntimeError("It broke.")

        for failing, status in ((away, 503), (broken, 500)):
            for name in ("show_portal_link", "show_form_link", "portal_ticket"):
                monkeypatch.setattr(front.desk, name, failing)
            cookies = {session._name(front): secrets["the cookie"]}
            client.cookies = httpx.Cookies(cookies)
            for path in (
                f"/portal/in/{secrets['the link to the portal']}",
                f"/f/{secrets['the link of a form']}",
                "/portal/tickets/1001",
            ):
                assert (await client.get(path)).status_code == status, path
    assert "GET /portal/in/{token}: 200" in caplog.text, "it was listened to"
    assert "GET /f/{token} failed." in caplog.text
    assert [name for name, secret in secrets.items() if secret in caplog.text] == []


async def test_none_is_in_the_database(front: Front, desk: Desk, service: Desk, database: str) -> None:
    async with visitor(front) as client:
        secrets = await live(client, front, desk, service)
    del secrets["the key"]  # all web servers of a desk have it from there
    with psycopg.connect(database) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'desk'").fetchall()
        assert ("portal_sessions",) in tables and ("form_links",) in tables
        for (table,) in tables:
            rows = connection.execute(
                sql.SQL("select t::text from desk.{} t").format(sql.Identifier(table))
            ).fetchall()
            found = [name for name, secret in secrets.items() if any(secret in row for (row,) in rows)]
            assert found == [], table


def test_what_holds_one_does_not_show_it(front: Front) -> None:
    """As in an error that somebody prints."""
    assert front.key not in repr(front)


def _hidden(answer: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]
