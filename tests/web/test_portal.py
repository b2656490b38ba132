"""The portal in a browser without a face: what is shown, what is sent, and what nobody else gets."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from core.desk import Desk
from core.models import Status
from core.portal_link import Entrance, new_link, sha256_of
from tests.mails import mail, sender
from tests.web.conftest import ADDRESS
from web import session
from web.app import make_app
from web.front import Front

KIM, LEE = "kim@example.com", "lee@example.com"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


async def ticket(service: Desk, name: str = "lamp", **fields: Any) -> int:
    number = (await service.receive_mail(mail(name, **fields))).number
    assert number
    return number


async def sign_in(client: httpx.AsyncClient, front: Front, email: str = KIM) -> None:
    """By a session of theirs in the database, past the door."""
    link, token = sha256_of(str(uuid4())), f"tts_{uuid4().hex}"
    await front.desk.create_portal_link(email, link, 60)
    await front.desk.open_portal(link, sha256_of(token), 60)
    client.cookies.set(session._name(front), token, "help.example.com")


@asynccontextmanager
async def another(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(front), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield client


async def slip_of(client: httpx.AsyncClient, path: str) -> str:
    page = (await client.get(path)).text
    found = re.search(r'name="slip" value="([^"]+)"', page)
    assert found, page
    return found[1]


async def left(service: Desk, desk: Desk, number: int, content: str, **more: Any) -> None:
    """An answer that has left."""
    await desk.reply(number, content, grace_seconds=0, **more)
    outgoing = await service.claim_outgoing("test")
    assert outgoing
    await service.mark_sent(outgoing.id, "1")


async def test_the_list_says_in_plain_words_how_each_ticket_stands(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    for status in Status:
        number = await ticket(service, f"about-{status}", subject=f"<b>It is {status}")
        await desk.update_tickets([number], {"status": status})
    await ticket(service, "lee", sender=sender(LEE), subject="Not yours")
    await sign_in(client, front)
    page = (await client.get("/portal")).text
    for words in (
        "We are working on it",
        "We wait for your answer",
        "Solved",
        "Closed",
        "&lt;b&gt;It is open",
    ):
        assert words in page
    assert "Not yours" not in page and "<b>" not in page
    assert '<time datetime="2026-03-02T10:00:00+00:00">2 March 2026, 10:00 UTC</time>' in page


async def test_the_list_has_pages(client: httpx.AsyncClient, front: Front, service: Desk) -> None:
    for place in range(26):
        await ticket(service, f"m{place}")
    await sign_in(client, front)
    first = (await client.get("/portal")).text
    assert first.count('<a href="/portal/tickets/') == 25
    assert '<a href="/portal?after=1002">Older ones</a>' in first
    last = (await client.get("/portal?after=1002")).text
    assert last.count('<a href="/portal/tickets/') == 1


async def test_a_ticket_shows_what_was_said_and_no_note(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    number = await ticket(service, content="It is <i>dark</i>\x1b[2J\u202e here.")
    await desk.note(number, "A difficult person.")
    await left(service, desk, number, "Try **this**: <script>alert(1)</script> [x](javascript:alert(1))")
    await desk.reply(number, "Not yet.", grace_seconds=1000)
    await sign_in(client, front)
    page = (await client.get(f"/portal/tickets/{number}")).text
    assert "It is &lt;i&gt;dark&lt;/i&gt;" in page and "\x1b" not in page and "\u202e" not in page
    assert "Try <strong>this</strong>" in page and "<script" not in page and 'href="javascript' not in page
    assert "difficult" not in page and "Not yet." not in page
    assert "<strong>You</strong>" in page and "<strong>Ada</strong>" in page


async def test_of_a_long_conversation_the_newest_is_shown_first_and_then_all(
    client: httpx.AsyncClient, front: Front, service: Desk, database: str
) -> None:
    number = await ticket(service)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("""
            insert into desk.messages (ticket_id, sender_email, content, direction, message_id, joined_by)
            select ticket_id, sender_email, 'more ' || n, direction, 'm' || n, 'test'
            from desk.messages, generate_series(1, 201) n""")
    await sign_in(client, front)
    page = (await client.get(f"/portal/tickets/{number}")).text
    assert page.count("<article") == 200 and "2 earlier messages are not shown" in page
    (path,) = re.findall(r'href="(/portal/tickets/\d+\?all=1)"', page)
    whole = (await client.get(path)).text
    assert whole.count("<article") == 202 and "not shown" not in whole


async def test_a_link_that_is_pasted_into_an_answer_is_cut_down(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    number = await ticket(service)
    await sign_in(client, front)
    link = new_link(Entrance(f"{ADDRESS}/portal", 60))
    slip = await slip_of(client, f"/portal/tickets/{number}")
    data = {"slip": slip, "message": f"It was {link.url}."}
    await client.post(f"/portal/tickets/{number}/reply", data=data)
    assert (await desk.show_ticket(number)).messages[-1].content == f"It was {ADDRESS}/portal."


async def test_nothing_is_there_for_others_and_for_nobody(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    file = {"filename": "a.png", "content_type": "image/png", "size": 3, "sha256": "a" * 64,
            "content_id": None, "inline": False}  # fmt: skip
    number = await ticket(service, attachments=[file])
    await ticket(service, "lee", sender=sender(LEE))
    (message,) = (await desk.show_ticket(number)).messages
    paths = [f"/portal/tickets/{number}", f"/portal/files/{message.attachments[0].id}",
             f"/portal/originals/{message.id}", f"/portal/originals/{message.id}/frame"]  # fmt: skip
    for path in paths:
        answer = await client.get(path)
        assert (answer.status_code, "Send me a link" in answer.text) == (401, True), path
    await sign_in(client, front, LEE)
    slip = await slip_of(client, "/portal")
    for path in paths:
        assert (await client.get(path)).status_code == 404, path
    for act in ("reply", "close", "reopen"):
        answer = await client.post(f"/portal/tickets/{number}/{act}", data={"slip": slip, "message": "Mine."})
        assert answer.status_code == 404, act
    assert (await desk.show_ticket(number)).ticket.message_count == 1


async def test_an_answer_is_on_the_ticket_with_its_files(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    number = await ticket(service)
    await left(service, desk, number, "Is it on?")
    await sign_in(client, front)
    data = {"slip": await slip_of(client, f"/portal/tickets/{number}"), "message": "Yes.\r\nSee here.\0"}
    files = [
        ("files", ("C:\\x\\lamp.png", PNG, "text/html")),
        ("files", ("note.txt", b"hello", "text/plain")),
    ]
    for _ in range(2):  # pressed twice
        answer = await client.post(f"/portal/tickets/{number}/reply", data=data, files=files)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/portal/tickets/{number}?done=sent#latest",
        )
    shown = await desk.show_ticket(number)
    assert [one.content for one in shown.messages] == [
        "The lamp is broken. (lamp)",
        "Is it on?",
        "Yes.\nSee here.",
    ]
    assert shown.ticket.status is Status.OPEN
    first, second = shown.messages[-1].attachments
    assert (first.filename, first.content_type, second.filename) == ("lamp.png", "image/png", "note.txt")
    page = (await client.get(answer.headers["location"])).text
    assert "Your answer was sent." in page and 'id="latest"' in page
    loaded = await client.get(f"/portal/files/{first.id}")
    assert (loaded.content, loaded.headers["content-type"]) == (PNG, "image/png")
    assert loaded.headers["content-disposition"] == "attachment; filename*=UTF-8''lamp.png"
    assert loaded.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_a_file_is_never_of_a_type_that_a_browser_would_run(
    client: httpx.AsyncClient, front: Front, service: Desk
) -> None:
    content = b"<script>alert(1)</script>"
    named = {
        "filename": 'a";\r\nX: y.svg',
        "content_type": "image/svg+xml",
        "content_id": None,
        "inline": True,
    }
    file = named | {"size": len(content), "sha256": front.files.put("attachments", content)}
    number = await ticket(service, attachments=[file])
    await sign_in(client, front)
    (path,) = re.findall(
        r'href="(/portal/files/[^"]+)"', (await client.get(f"/portal/tickets/{number}")).text
    )
    answer = await client.get(path)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; ") and "x" not in answer.headers


@pytest.mark.parametrize(
    ("message", "files", "said"),
    [
        (" \n", [], "Write your answer."),
        ("x" * 50_001, [], "50,000 are the limit"),
        ("Kept.", [("files", ("run.exe", b"MZ\x90\x00\x03", "image/png"))], "programs are not taken"),
        ("Kept.", [("files", (f"{n}.txt", b"hello", "text/plain")) for n in range(6)], "one file too many"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_lost(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk, message: str, files: Any, said: str
) -> None:
    number = await ticket(service)
    await sign_in(client, front)
    slip = await slip_of(client, f"/portal/tickets/{number}")
    data = {"slip": slip, "message": message}
    answer = await client.post(f"/portal/tickets/{number}/reply", data=data, files=files)
    assert answer.status_code == 422
    assert said in answer.text and "Not sent yet" in answer.text and message.strip()[:100] in answer.text
    assert (await desk.show_ticket(number)).ticket.message_count == 1


async def test_files_that_came_with_what_was_wrong_are_kept(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    number = await ticket(service)
    await sign_in(client, front)
    path = f"/portal/tickets/{number}/reply"
    data = {"slip": await slip_of(client, f"/portal/tickets/{number}"), "message": "x" * 50_001}
    files = [("files", ("lamp.png", PNG, "image/png"))]
    page = (await client.post(path, data=data, files=files)).text
    (kept,) = re.findall(r'name="kept" value="([^"]+)"', page)
    (slip,) = set(re.findall(r'name="slip" value="([^"]+)"', page))
    answer = await client.post(path, data={"slip": slip, "message": "Short.", "kept": kept})
    assert answer.status_code == 303
    assert [one.filename for one in (await desk.show_ticket(number)).messages[-1].attachments] == ["lamp.png"]
    async with another(front) as other:  # another session cannot take the file
        await sign_in(other, front)
        slip = await slip_of(other, f"/portal/tickets/{number}")
        await other.post(path, data={"slip": slip, "message": "Other.", "kept": kept})
    last = (await desk.show_ticket(number)).messages[-1]
    assert (last.content, last.attachments) == ("Other.", [])


async def test_closing_and_opening_again(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    number = await ticket(service)
    await sign_in(client, front)
    path = f"/portal/tickets/{number}"
    answer = await client.post(f"{path}/close", data={"slip": await slip_of(client, path)})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?done=closed")
    page = (await client.get(answer.headers["location"])).text
    assert "It is closed. If something is left" in page and "Open it again" in page
    assert (await desk.show_ticket(number)).ticket.status is Status.CLOSED
    await client.post(f"{path}/reopen", data={"slip": await slip_of(client, path)})
    assert (await desk.show_ticket(number)).ticket.status is Status.OPEN
    assert "evil" not in (await client.get(f"{path}?done=evil")).text


async def test_whoever_was_signed_out_while_writing_gets_the_text_back(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    number = await ticket(service)
    await sign_in(client, front)
    slip = await slip_of(client, f"/portal/tickets/{number}")
    await service.revoke_portal_links(KIM)
    data = {"slip": slip, "message": "A long <text>."}
    answer = await client.post(f"/portal/tickets/{number}/reply", data=data)
    assert answer.status_code == 401
    assert "A long &lt;text&gt;." in answer.text and "You are no longer signed in." in answer.text


async def test_so_does_whose_cookie_is_gone(client: httpx.AsyncClient, service: Desk) -> None:
    number = await ticket(service)
    answer = await client.post(f"/portal/tickets/{number}/reply", data={"message": "A long <text>."})
    assert answer.status_code == 401 and "A long &lt;text&gt;." in answer.text


async def test_so_does_whose_answer_the_desk_cannot_take(
    client: httpx.AsyncClient, front: Front, service: Desk
) -> None:
    number = await ticket(service)
    await sign_in(client, front)
    slip = await slip_of(client, f"/portal/tickets/{number}")
    await front.desk.close()
    data = {"slip": slip, "message": "A long text."}
    answer = await client.post(f"/portal/tickets/{number}/reply", data=data)
    assert answer.status_code == 503 and "A long text." in answer.text


async def test_who_answers_very_often_has_to_wait(
    client: httpx.AsyncClient, front: Front, service: Desk, desk: Desk
) -> None:
    number = await ticket(service)
    await sign_in(client, front)
    slip = await slip_of(client, f"/portal/tickets/{number}")
    for _ in range(20):
        data = {"slip": slip, "message": "The same."}
        assert (await client.post(f"/portal/tickets/{number}/reply", data=data)).status_code == 303
    answer = await client.post(f"/portal/tickets/{number}/reply", data=data | {"message": "Once more."})
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
    assert "Once more." in answer.text
    assert (await desk.show_ticket(number)).ticket.message_count == 2


async def test_signing_out_ends_the_session(client: httpx.AsyncClient, front: Front, service: Desk) -> None:
    await ticket(service)
    await sign_in(client, front)
    token = client.cookies[session._name(front)]
    assert (await client.post("/portal/out", data={"slip": "no"})).status_code == 403
    answer = await client.post("/portal/out", data={"slip": await slip_of(client, "/portal")})
    assert answer.status_code == 303 and "Max-Age=0" in answer.headers["set-cookie"]
    client.cookies.set(session._name(front), token, "help.example.com")
    assert (await client.get("/portal/tickets/1001")).status_code == 401


HTML = b"""From: Kim <kim@example.com>
To: support@example.com
Subject: A page
Message-ID: <page@example.com>
Content-Type: text/html; charset=utf-8

<p style="color: red" onclick="alert(1)">Hello</p><script>alert(1)</script>
<img src="http://evil.example/pixel"><a href="javascript:alert(1)">x</a><form action="http://evil.example/"></form>
"""


async def test_html_is_shown_in_a_frame_that_may_do_nothing(
    client: httpx.AsyncClient, front: Front, service: Desk
) -> None:
    sha256 = front.files.put("raw", HTML)
    number = await ticket(service, "page", raw={"sha256": sha256, "size": len(HTML)})
    await sign_in(client, front)
    page = (await client.get(f"/portal/tickets/{number}")).text
    (path,) = re.findall(r'href="(/portal/originals/[^"]+)"', page)
    around = await client.get(path)
    assert f'<iframe class="frame" sandbox src="{path}/frame"' in around.text
    assert around.headers["content-security-policy"].endswith("frame-src 'self'")
    assert "unsafe" not in around.headers["content-security-policy"]
    assert f'<a href="/portal/tickets/{number}">' in around.text
    inner = await client.get(f"{path}/frame")
    assert '<p style="color: red">Hello</p>' in inner.text.replace("color:red", "color: red")
    for bad in ("script", "onclick", "evil.example", "javascript", "<img", "<form"):
        assert bad not in inner.text
    policy = inner.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "allow" not in policy
    assert inner.headers["x-frame-options"] == "SAMEORIGIN"


async def test_a_mail_without_html_has_no_frame(
    client: httpx.AsyncClient, front: Front, service: Desk
) -> None:
    raw = b"From: kim@example.com\nSubject: x\n\nHello"
    number = await ticket(service, "plain", raw={"sha256": front.files.put("raw", raw), "size": len(raw)})
    await sign_in(client, front)
    page = (await client.get(f"/portal/tickets/{number}")).text
    (path,) = re.findall(r'href="(/portal/originals/[^"]+)"', page)
    assert "<iframe" not in (await client.get(path)).text


async def test_every_page_of_the_portal_is_kept_by_nobody(
    client: httpx.AsyncClient, front: Front, service: Desk
) -> None:
    number = await ticket(service)
    await sign_in(client, front)
    for path in ("/portal", f"/portal/tickets/{number}", "/portal/in/x", "/portal/asked"):
        answer = await client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
    again = await client.get(f"/portal/tickets/{number}/reply")
    assert again.status_code == 200, "where a page stood that said what was wrong"
