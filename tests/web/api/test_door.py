"""Who is let in at the API, how often, and what everybody is told who is not."""

from dataclasses import replace

import httpx
import pytest

from core.desk import Desk
from core.tokens import SCOPES, new_secret, sha256_of
from tests.web.api.conftest import Program
from tests.web.conftest import ADDRESS
from web.api.document import document
from web.app import make_app
from web.front import Front

ROUTES = [(method, path) for path, of in document()["paths"].items() for method in of]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_comes_in_without_a_token(client: httpx.AsyncClient, method: str, path: str) -> None:
    path = path.replace("{id}", "1001")
    for header, error in (
        (None, None),
        ("", None),
        ("Bearer ", None),
        ("Basic YWRhOmFkYQ==", None),
        ("Bearer nonsense", "invalid_token"),
        ("Bearer ttd_nonsense", "invalid_token"),
        (f"bearer {new_secret()}", "invalid_token"),
        ("Bearer a.eyJzdWIiOiJ4In0.c", "invalid_token"),  # a sign-in, where there is none
    ):
        headers = {} if header is None else {"Authorization": header}
        answer = await client.request(method, path, headers=headers, json={}, params={"filename": "a"})
        assert answer.status_code in ((401,) if error is None else (401, 422)), header
        if answer.status_code == 401:
            assert answer.headers["content-type"] == "application/problem+json"
            challenge = answer.headers["www-authenticate"]
            assert challenge.startswith('Bearer realm="ttydesk"') and (error or "Bearer") in challenge
            assert ("error=" in challenge) == bool(error)


async def test_a_token_is_taken_from_the_header_alone(
    api: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    secret = api.headers["authorization"].removeprefix("Bearer ")
    client.cookies.set("access_token", secret)
    assert (await client.get("/api/whoami", params={"access_token": secret})).status_code == 401


async def test_it_says_who_it_is_of(api: httpx.AsyncClient, program: Program) -> None:
    assert (await api.get("/api/whoami")).json()["email"] == "ada@example.com"
    grace = await program("agents:read", email="grace@example.com")
    assert (await grace.get("/api/whoami")).json()["email"] == "grace@example.com"


async def test_a_scope_that_is_missing_is_named(program: Program) -> None:
    reader = await program("tickets:read")
    answer = await reader.post(
        "/api/tickets", json={"requester_email": "k@e.com", "subject": "s", "content": "c"}
    )
    assert answer.status_code == 403
    assert answer.json()["hint"] == "It takes one with the scope tickets:write."
    assert answer.headers["www-authenticate"] == 'Bearer realm="ttydesk", error="insufficient_scope"'
    assert (await reader.post("/api/uploads?filename=a", content=b"x")).status_code == 403
    assert (await reader.get("/api/agents")).status_code == 403
    assert (await reader.get("/api/tickets")).status_code == 200


async def test_it_opens_nothing_from_the_moment_it_is_revoked(api: httpx.AsyncClient, desk: Desk) -> None:
    assert (await api.get("/api/whoami")).status_code == 200
    await desk.revoke_token(1)
    answer = await api.get("/api/whoami")
    assert (answer.status_code, answer.json()["detail"]) == (401, "This token does not open the desk.")
    assert "ratelimit-remaining" in answer.headers


async def test_who_asks_too_often_is_told_when_to_come_back(front: Front, desk: Desk) -> None:
    settings = front.settings
    web = settings.web.model_copy(update={"api_rate": "3/hour"})
    app = make_app(replace(front, settings=settings.model_copy(update={"web": web})))
    one, other = new_secret(), new_secret()
    for secret in (one, other):
        await desk.create_token(sha256_of(secret), SCOPES)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as client:

        async def ask(secret: str) -> httpx.Response:
            return await client.get("/api/whoami", headers={"Authorization": f"Bearer {secret}"})

        answers = [await ask(one) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert {answer.headers["ratelimit-limit"] for answer in answers} == {"3"}
        assert answers[3].headers["content-type"] == "application/problem+json"
        assert 3500 < int(answers[3].headers["retry-after"]) <= 3600
        assert answers[3].headers["ratelimit-reset"] == answers[3].headers["retry-after"]
        assert (await ask(other)).status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/json", 200),
        ("text/html, application/json;q=0.5", 200),
        ("APPLICATION/*", 200),
        ("", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/json; q=0.0, text/*", 406),
        ("application/xml", 406),
    ],
)
async def test_who_takes_no_json_is_told(api: httpx.AsyncClient, accept: str, status: int) -> None:
    answer = await api.get("/api/whoami", headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")


async def test_methods_that_are_none_are_told_which_are(api: httpx.AsyncClient) -> None:
    for method, path, allowed in (
        ("DELETE", "/api/tickets/1001", "GET, PUT"),
        ("PATCH", "/api/tickets", "GET, POST"),
        ("GET", "/api/agents/ada@example.com", "PUT"),
        ("OPTIONS", "/api/events", "GET"),
        ("PUT", "/health", "GET"),
    ):
        answer = await api.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    answer = await api.get("/api/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_no_answer_may_be_kept_by_others(api: httpx.AsyncClient) -> None:
    for path in ("/api/whoami", "/api/tickets", "/api/agents"):
        assert (await api.get(path)).headers["cache-control"] == "no-store"
