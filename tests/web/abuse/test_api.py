"""The API, tried by scripts of other sites, with tokens in wrong places, with bodies that are disguised."""

import gzip
import json

import httpx
import pytest

from core.desk import Desk
from core.tokens import SCOPES, new_secret, sha256_of
from tests.mails import mail
from tests.web.abuse.paths import asked, filled
from tests.web.conftest import ADDRESS
from web.app import make_app
from web.front import Front


@pytest.fixture
async def secret(desk: Desk, service: Desk) -> str:
    """A token that may do everything, at a desk with ticket #1001."""
    await service.receive_mail(mail("lamp"))
    secret = new_secret()
    await desk.create_token(sha256_of(secret), SCOPES)
    return secret


async def test_no_script_of_another_site_reads_an_answer(
    client: httpx.AsyncClient, front: Front, secret: str
) -> None:
    """Nothing is shared between origins (CORS): neither pages nor the API, asked beforehand or not."""
    headers = {"Origin": "https://evil.example", "Authorization": f"Bearer {secret}"}
    before = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method, path in asked(make_app(front)):
        answer = await client.request(method, filled(path, "1001"), headers=headers)
        preflight = await client.options(filled(path, "1001"), headers=before)
        assert preflight.status_code in (404, 405)
        for one in (answer, preflight):
            assert not [name for name in one.headers if name.startswith("access-control-")], path


async def test_a_token_is_taken_from_its_header_alone(client: httpx.AsyncClient, secret: str) -> None:
    """Addresses are logged, cookies are sent along by any site's forms, and a body is what is asked for."""
    path = "/api/tickets"
    for name in ("token", "access_token", "api_key", "authorization"):
        assert (await client.get(path, params={name: secret})).status_code == 401
        assert (await client.get(path, headers={"Cookie": f"{name}={secret}"})).status_code == 401
        assert (await client.get(path, headers={f"X-{name.replace('_', '-')}": secret})).status_code == 401
        assert (await client.post(path, data={name: secret})).status_code == 401
    for scheme in ("Token", "Basic", "", "Bearer Bearer", "Bearer,"):
        assert (await client.get(path, headers={"Authorization": f"{scheme} {secret}"})).status_code == 401
    two = [("Authorization", "Bearer ttd_nonsense"), ("Authorization", f"Bearer {secret}")]
    assert (await client.get(path, headers=two)).status_code == 401
    assert (await client.get(path, headers={"Authorization": f"Bearer {secret}"})).status_code == 200


async def test_a_token_that_is_none_is_not_shown_again(client: httpx.AsyncClient) -> None:
    for token in (
        "ttd_" + "x" * 5000,
        "ttd_\xff\xfe",
        "ttd_<script>alert(1)</script>",
        "ttd_' or 1=1 --",
        "ttd_%00",
    ):
        answer = await client.get(
            "/api/tickets", headers={"Authorization": f"Bearer {token}".encode("latin-1")}
        )
        assert answer.status_code == 401
        assert token not in answer.text and "1=1" not in answer.text


async def test_a_body_is_read_as_it_is(client: httpx.AsyncClient, secret: str, desk: Desk) -> None:
    """Packed, it is no JSON: nothing is unpacked. And a form of another site is no JSON either."""
    note = json.dumps({"content": "x" * 1000}).encode()
    bomb = gzip.compress(b'{"content": "' + b"x" * 50_000_000 + b'"}')
    for kind, coding, body, status in (
        ("application/json", "gzip", bomb, 400),
        ("application/json", "gzip", gzip.compress(note), 400),
        ("text/plain", "identity", note, 415),
        ("application/x-www-form-urlencoded", "identity", note, 415),
        ("multipart/form-data; boundary=x", "identity", note, 415),
        ("", "identity", note, 415),
    ):
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": kind, "Content-Encoding": coding}
        answer = await client.post("/api/tickets/1001/notes", content=body, headers=headers)
        assert answer.status_code == status, (kind, coding, answer.text)
    assert (await desk.show_ticket(1001)).notes == []


async def test_nothing_is_made_that_nobody_asked_for(
    client: httpx.AsyncClient, secret: str, desk: Desk
) -> None:
    """Fields that are not there to be set are refused, not passed over."""
    headers = {"Authorization": f"Bearer {secret}"}
    for field in ("id", "number", "user_id", "created_at", "spam", "message_count", "__proto__", "is_admin"):
        changed = await client.put("/api/tickets/1001", json={"status": "closed", field: 1}, headers=headers)
        made = await client.post("/api/agents", json={"email": "eve@example.com", field: 1}, headers=headers)
        assert (changed.status_code, made.status_code) == (422, 422), field
    assert (await desk.show_ticket(1001)).ticket.status == "open"
    assert "eve@example.com" not in [agent.email for agent in await desk.list_agents()]


async def test_a_name_breaks_out_of_no_header(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk, secret: str
) -> None:
    stored = front.files.put("attachments", b"<script>alert(1)</script>")
    for place, name in enumerate(
        ('a"; filename="b.html', "a\r\nX-Evil: 1.txt", "\N{SNOWMAN}'%0d%0a.svg", "../../x.html")
    ):
        file = {
            "filename": name,
            "content_type": "text/html",
            "size": 25,
            "sha256": stored,
            "content_id": None,
        }
        received = await service.receive_mail(mail(f"m{place}", attachments=[file | {"inline": False}]))
        assert received.number
        (attachment,) = (await desk.show_ticket(received.number)).messages[0].attachments
        answer = await client.get(
            f"/api/attachments/{attachment.id}", headers={"Authorization": f"Bearer {secret}"}
        )
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert "x-evil" not in answer.headers
        assert not set("/\\\r\n") & set(answer.headers["content-disposition"])
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "sandbox" in answer.headers["content-security-policy"]


async def test_ten_thousand_ranges_are_no_work(client: httpx.AsyncClient) -> None:
    ranges = "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 10_000, 2))
    answer = await client.get(f"{ADDRESS}/static/style.css", headers={"Range": ranges})
    assert answer.status_code < 500 and len(answer.content) < 1_000_000
