"""/api/agents."""

from uuid import uuid4

import httpx
from pydantic import TypeAdapter

from core.desk import Desk
from core.models import Agent
from tests.web.api.conftest import Program


async def test_agents_are_made_listed_and_changed(api: httpx.AsyncClient) -> None:
    asked = {"email": "Lee@example.com", "name": "Lee", "role": "agent", "departments": ["billing"]}
    made = await api.post("/api/agents", json=asked)
    assert made.status_code == 201 and made.json()["email"] == "lee@example.com"
    assert (await api.post("/api/agents", json=asked)).status_code == 409
    listed = await api.get("/api/agents")
    agents = TypeAdapter(list[Agent]).validate_json(listed.content)
    assert [one.email for one in agents] == ["ada@example.com", "grace@example.com", "lee@example.com"]
    for id in (made.json()["id"], "lee@example.com"):
        changed = await api.put(f"/api/agents/{id}", json={"departments": ["sales"], "signature": "L\n"})
        assert (changed.json()["departments"], changed.json()["signature"]) == (["sales"], "L\n")
        assert changed.json()["name"] == "Lee"
    gone = await api.put(f"/api/agents/{made.json()['id']}", json={"active": False})
    assert gone.json()["active"] is False


async def test_who_is_made_inactive_can_do_nothing_from_then_on(
    api: httpx.AsyncClient, program: Program
) -> None:
    grace = await program(email="grace@example.com")
    assert (await grace.get("/api/tickets")).status_code == 200
    await api.put("/api/agents/grace@example.com", json={"active": False})
    assert (await grace.get("/api/tickets")).status_code == 401


async def test_it_takes_an_admin(program: Program, service: Desk) -> None:
    grace = await program(email="grace@example.com")
    for method, path, asked in (
        ("POST", "/api/agents", {"email": "eve@example.com"}),
        ("PUT", "/api/agents/grace@example.com", {"role": "admin"}),
    ):
        answer = await grace.request(method, path, json=asked)
        assert (answer.status_code, answer.json()["detail"]) == (403, "Only an admin may do that.")
    assert (await grace.get("/api/agents")).status_code == 200


async def test_nobody_takes_their_own_rights_away(api: httpx.AsyncClient, service: Desk) -> None:
    await service.update_agent("grace@example.com", {"role": "admin"})
    for change in ({"role": "agent"}, {"active": False}):
        answer = await api.put("/api/agents/ada@example.com", json=change)
        assert (answer.status_code, answer.json()["detail"]) == (409, "You cannot take your own rights away.")
    assert (await api.put("/api/agents/ada@example.com", json={"name": "Ada L."})).status_code == 200


async def test_what_does_not_fit(api: httpx.AsyncClient) -> None:
    for asked in ({}, {"email": "kim"}, {"email": "a b@c"}, {"email": "k@e", "role": "boss"}):
        assert (await api.post("/api/agents", json=asked)).status_code == 422
    for path, status in ((str(uuid4()), 404), ("no@example.com", 404), ("1", 422)):
        assert (await api.put(f"/api/agents/{path}", json={"name": "x"})).status_code == status
    assert (await api.put("/api/agents/ada@example.com", json={"email": "x@y"})).status_code == 422
