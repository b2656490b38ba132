"""What the API says of itself, against what there is."""

import re
from pathlib import Path

import httpx

from core.tokens import SCOPES
from web.api.agents import AgentChanges, NewAgent
from web.api.body import Asked
from web.api.document import ROUTERS, document
from web.api.tickets import Answer, NewNote, NewTicket, TicketChanges

ROOT = Path(__file__).parents[3]


async def test_it_is_there_for_everybody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == document("https://help.example.com")
    assert answer.json()["servers"] == [{"url": "https://help.example.com"}]


def test_everything_is_documented_to_the_end() -> None:
    made = document()
    names = [operation["operationId"] for path in made["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names) == sum(len(router.routes) for router in ROUTERS)
    for path in made["paths"].values():
        for method, operation in path.items():
            assert operation["summary"] and operation["description"]
            assert {"401", "403", "422", "429", "503"} <= set(operation["responses"])
            assert all(one["description"] for one in operation.get("parameters", []))
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            assert method not in ("post", "put") or body is None or body["example"]
        for links in (
            one["links"] for of in path.values() for one in of["responses"].values() if "links" in one
        ):
            assert {link["operationId"] for link in links.values()} <= set(names)
    text = str(made)
    for reference in set(re.findall(r"'\$ref': '#/components/(\w+)/(\w[\w-]*)'", text)):
        assert reference[1] in made["components"][reference[0]]
    assert "HTTPValidationError" not in text


async def test_people_can_read_it(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")
    assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    for path, operations in document()["paths"].items():
        for method in operations:
            assert f"{method.upper()} {path}" in page.text
    assert all(scope in page.text for scope in SCOPES)
    assert not re.search(r"<script|style=|https?://", page.text), "nothing of others, nothing inline"


def test_the_page_about_it_names_what_there_is_and_all_of_it() -> None:
    text, paths = (ROOT / "docs/api.md").read_text("utf-8"), document()["paths"]
    for method, path in re.findall(r"`([A-Z]+) (/api/[^`?]*)`", text):
        assert method.lower() in paths[path]
    typed = set()
    for line in re.findall(r"^\$ curl (.*)$", text, re.M):
        path = re.search(r"\$DESK(/api/[^\s?\"]*)", line)
        assert path
        fitting = [one for one in paths if re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), path[1])]
        method = (
            "put" if "-X PUT" in line else "post" if "--json" in line or "--data-binary" in line else "get"
        )
        assert len(fitting) == 1 and method in paths[fitting[0]], line
        typed.add((method, fitting[0]))
    told = {(method, path) for path, of in paths.items() for method in of}
    named = {(method.lower(), path) for method, path in re.findall(r"`([A-Z]+) (/api/[^`?]*)`", text)}
    assert told == typed | named


def test_the_bodies_of_its_examples_fit() -> None:
    text = (ROOT / "docs/api.md").read_text("utf-8")
    bodies = re.findall(r"--json '({.*?})' \$DESK(/api/\S*)", text)
    models: dict[str, type[Asked]] = {
        "/api/tickets": NewTicket,
        "/api/tickets/1001": TicketChanges,
        "/api/tickets/1001/reply": Answer,
        "/api/tickets/1001/notes": NewNote,
        "/api/agents": NewAgent,
        "/api/agents/grace@example.com": AgentChanges,
    }
    assert {path for _, path in bodies} == set(models)
    for body, path in bodies:
        models[path].model_validate_json(body)
