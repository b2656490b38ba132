"""Files up and down."""

from dataclasses import replace
from urllib.parse import unquote
from uuid import uuid4

import httpx
import pytest

from core.desk import Desk
from core.text import safe_filename
from tests.mails import mail
from tests.web.api.conftest import Program
from web.front import Front


@pytest.fixture(autouse=True)
async def ticket(service: Desk) -> None:
    await service.receive_mail(mail("a"))


async def attached(api: httpx.AsyncClient) -> list[dict[str, object]]:
    shown = (await api.get("/api/tickets/1001")).json()
    found: list[dict[str, object]] = shown["messages"][-1]["attachments"]
    return found


async def test_a_file_goes_up_with_an_answer_and_comes_down_as_it_was(api: httpx.AsyncClient) -> None:
    content = b"<script>alert(1)</script>\0\xff"
    name = 'Größe "x"; a=1 漢.html'
    sent = await api.post(
        "/api/uploads", params={"filename": name}, content=content, headers={"Content-Type": "text/html; x=y"}
    )
    assert sent.status_code == 201 and sent.json()["size"] == len(content)
    answer = {"content": "See the file.", "attachments": [sent.json()["upload"]]}
    assert (await api.post("/api/tickets/1001/reply", json=answer)).status_code == 201
    (file,) = await attached(api)
    assert (file["filename"], file["content_type"], file["size"]) == (name, "text/html", len(content))
    came = await api.get(f"/api/attachments/{file['id']}", headers={"Accept": "image/png"})
    assert (came.status_code, came.content) == (200, content)
    assert came.headers["content-type"] == "application/octet-stream"
    assert came.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in came.headers["content-security-policy"]
    plain, exact = came.headers["content-disposition"].split("; filename*=UTF-8''")
    assert plain == 'attachment; filename="Gr__e _x__ a_1 _.html"'
    assert unquote(exact) == safe_filename(name)
    again = await api.get(f"/api/attachments/{file['id']}", headers={"If-None-Match": came.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("name", "kind", "taken"),
    [
        ("a.pdf", "", "application/pdf"),
        ("a.pdf", "application/octet-stream", "application/pdf"),
        ("a", "image/png", "image/png"),
        ("a", "no kind", "application/octet-stream"),
        ("a", "a/b\x7f", "application/octet-stream"),
    ],
)
async def test_what_kind_a_file_is(api: httpx.AsyncClient, name: str, kind: str, taken: str) -> None:
    sent = await api.post(
        "/api/uploads", params={"filename": name}, content=b"", headers={"Content-Type": kind}
    )
    assert sent.json()["content_type"] == taken


@pytest.mark.parametrize("name", ["", "../x", "a\\b", "a\nb", "x" * 201])
async def test_what_is_no_name(api: httpx.AsyncClient, name: str) -> None:
    assert (await api.post("/api/uploads", params={"filename": name}, content=b"x")).status_code == 422


async def test_an_upload_is_its_tokens_own(api: httpx.AsyncClient, program: Program, desk: Desk) -> None:
    upload = (await api.post("/api/uploads?filename=a", content=b"x")).json()["upload"]
    other = await program()
    for caller, handle in ((other, upload), (api, upload[:-1] + "?"), (api, ""), (api, "0" * 64)):
        answer = await caller.post("/api/tickets/1001/reply", json={"content": "x", "attachments": [handle]})
        assert (answer.status_code, answer.json()["detail"]) == (409, "There is no such upload.")
    assert len((await desk.show_ticket(1001)).messages) == 1


async def test_whoever_may_not_answer_stores_nothing(program: Program, front: Front) -> None:
    reader = await program("tickets:read")
    assert (await reader.post("/api/uploads?filename=a", content=b"x")).status_code == 403
    assert list(front.files.listing("attachments")) == []


async def test_what_is_too_large_is_refused_before_it_is_read(api: httpx.AsyncClient, front: Front) -> None:
    headers = {"Content-Length": str(front.settings.web.upload_size_mb * 1024 * 1024 + 1)}
    assert (await api.post("/api/uploads?filename=a", content=b"", headers=headers)).status_code == 413
    assert (await api.post("/api/uploads?filename=a", content=b"x" * 2_000_000)).status_code == 201


async def test_what_is_not_there_or_out_of_sight(
    api: httpx.AsyncClient, program: Program, service: Desk, desk: Desk
) -> None:
    gone = {"filename": "a", "content_type": "a/b", "size": 7, "sha256": None, "inline": False}
    lost = gone | {"sha256": "a" * 64}
    await service.receive_mail(mail("b", attachments=[gone, lost]))
    shown = (await api.get("/api/tickets/1002")).json()["messages"][0]["attachments"]
    for id, said in (
        (shown[0]["id"], "This attachment was too large to be kept."),
        (shown[1]["id"], None),
        (uuid4(), None),
    ):
        answer = await api.get(f"/api/attachments/{id}")
        assert answer.status_code == 404 and (said is None or answer.json()["detail"] == said)
        assert "/files/" not in answer.text
    await desk.update_tickets([1002], {"department": "billing"})
    await service.update_agent("grace@example.com", {"departments": ["sales"]})
    grace = await program(email="grace@example.com")
    assert (await grace.get(f"/api/attachments/{shown[0]['id']}")).status_code == 404
    assert (await api.get("/api/attachments/1")).status_code == 422


async def test_another_desk_knows_no_upload_of_this_one(api: httpx.AsyncClient, front: Front) -> None:
    from itsdangerous import URLSafeTimedSerializer

    forged = URLSafeTimedSerializer(replace(front, key="guessed").key, salt="upload by the API")
    handle = forged.dumps(["", {"filename": "a", "content_type": "a/b", "size": 1, "sha256": "a" * 64}])
    answer = await api.post("/api/tickets/1001/reply", json={"content": "x", "attachments": [handle]})
    assert answer.status_code == 409
