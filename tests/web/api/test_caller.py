"""Programs with an agent's own sign-in, at a desk that is at Supabase."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from core.account import open_accounts
from core.config import Settings
from core.connect import open_desk
from core.desk import Desk
from core.files import LocalFiles
from core.models import Role
from core.tokens import new_secret, sha256_of
from tests.conftest import desk_as
from tests.mails import mail
from tests.peers.hosted import PUBLISHABLE, SECRET, Project, sign
from tests.web.conftest import ADDRESS
from web.app import make_app
from web.front import Front
from web.rate import Rates


@pytest.fixture
def settings(hosted: Project, tmp_path: Path) -> Settings:
    keys = {"url": hosted.url, "publishable_key": PUBLISHABLE, "secret_key": SECRET}
    return Settings.model_validate({"home": tmp_path, "supabase": keys})


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Desk]:
    async with open_desk(settings, service=True) as desk:
        await desk.connect_mailbox("support", "maildir", "support@example.com", "Support")
        await desk.receive_mail(mail("a"))
        yield desk


@pytest.fixture
async def visitor(settings: Settings, service: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with open_accounts(settings) as accounts:
        front = Front(
            settings, service, LocalFiles(settings.home), await service.web_key(), Rates(), accounts
        )
        transport = httpx.ASGITransport(make_app(front), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_sign_in_and_a_token_open_the_same_desk(visitor: httpx.AsyncClient, service: Desk) -> None:
    ada = await service.add_agent("ada@example.com", "Ada", Role.ADMIN)
    grace = await service.add_agent("grace@example.com", "Grace")
    for agent in (ada, grace, ada):
        answer = await visitor.get("/api/whoami", headers=bearer(sign(str(agent.id))))
        assert answer.json()["email"] == agent.email, answer.text
    headers = {**bearer(sign(str(grace.id))), "Idempotency-Key": "k"}
    noted = [
        await visitor.post("/api/tickets/1001/notes", json={"content": said}, headers=headers)
        for said in ("Hm.", "Hm.", "No.")
    ]
    assert [one.status_code for one in noted] == [201, 201, 422]
    assert noted[0].json()["request_id"] == noted[1].json()["request_id"]
    (note,) = (await service.show_ticket(1001)).notes
    assert note.author_email == "grace@example.com"
    del headers["Idempotency-Key"]
    refused = await visitor.post("/api/agents", json={"email": "e@e.com"}, headers=headers)
    assert (refused.status_code, refused.json()["detail"]) == (403, "Only an admin may do that.")
    assert (await visitor.get("/api/tickets", headers=headers)).json()["tickets"][0]["number"] == 1001


async def test_what_is_no_sign_in_of_an_agent(visitor: httpx.AsyncClient, service: Desk) -> None:
    grace = await service.add_agent("grace@example.com", "Grace")
    token = sign(str(grace.id))
    head, payload, signature = token.split(".")
    other = sign(str(uuid4()))
    for secret, status in (
        (f"{head}.{payload}.{other.split('.')[2]}", 401),
        (f"{head}.{other.split('.')[1]}.{signature}", 401),
        (f"{head}.{payload}.", 403),  # unsigned, it is nobody's
        (other, 403),
        ("a.b.c", 401),
        (SECRET, 401),
        (PUBLISHABLE, 401),
    ):
        answer = await visitor.get("/api/tickets", headers=bearer(secret))
        assert answer.status_code == status, (secret, answer.text)
        assert answer.headers["www-authenticate"]
        assert secret not in answer.text
    assert (await visitor.get("/api/tickets", headers=bearer(token))).status_code == 200


async def test_tokens_of_a_hosted_desk(visitor: httpx.AsyncClient, service: Desk, hosted: Project) -> None:
    grace = await service.add_agent("grace@example.com", "Grace")
    secret = new_secret()
    async with desk_as(hosted.database, "authenticated", sub=str(grace.id)) as desk:
        await desk.create_token(sha256_of(secret), ["tickets:read"])
    assert (await visitor.get("/api/tickets/1001", headers=bearer(secret))).status_code == 200
    assert (await visitor.get("/api/agents", headers=bearer(secret))).status_code == 403
    assert (await visitor.get("/api/tickets", headers=bearer(new_secret()))).status_code == 401


async def test_a_new_agent_gets_a_mail_to_sign_in_with(
    visitor: httpx.AsyncClient, service: Desk, hosted: Project
) -> None:
    ada = await service.add_agent("ada@example.com", "Ada", Role.ADMIN)
    email = f"{uuid4().hex}@example.com"
    made = await visitor.post("/api/agents", json={"email": email}, headers=bearer(sign(str(ada.id))))
    assert made.status_code == 201
    async with httpx.AsyncClient() as client:
        mails = (await client.get(f"{hosted.url}/__test/mail", params={"to": email})).json()
    assert len(mails) == 1
