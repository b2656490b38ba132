"""The form, sent by those who mean no good: robots, forgers, and who would have the desk write to others."""

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from core.config import Settings
from core.desk import Desk
from core.forms import link_sha256, new_link_token
from sync.compose import compose
from tests.web.abuse.conftest import KEPT, TYPED, Form, tickets
from tests.web.conftest import ADDRESS
from web.app import make_app
from web.form import TRAP
from web.front import Front
from web.seal import Seal
from web.server import config_of

SCRIPTS = {
    "an element": "<script>alert(1)</script>",
    "out of an attribute": '"><img src=x onerror=alert(1)>',
    "out of a text field": "</textarea><script>alert(1)</script>",
    "an attribute": '" autofocus onfocus="alert(1)',
    "out of a title": "</title><script>alert(1)</script>",
    "a template": "{{913*7}}{% raise %}${913*7}#{913*7}",
    "an entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a comment": "--><script>alert(1)</script><!--",
    "no character": "\N{NO-BREAK SPACE}<svg/onload=alert(1)>",
}


async def test_a_stamp_that_is_none_makes_no_ticket(form: Form, desk: Desk) -> None:
    for stamp in ("", "x", "W10.eA", "a" * 100_000, "\N{SNOWMAN}"):
        answer = await form.send(stamp=stamp)
        assert (answer.status_code, await tickets(desk)) == (422, [])
        assert TYPED["message"] in answer.text, "whoever did type that has lost nothing"


async def test_nor_does_one_that_another_page_or_another_desk_made(
    form: Form, desk: Desk, front: Front
) -> None:
    now = int(front.now().timestamp())
    value = [now - 60, "00000000-0000-0000-0000-000000000001"]
    for seal in (Seal(front.key, "form.files"), Seal(front.key, "form.sent"), Seal("x" * 43, "form.stamp")):
        assert (await form.send(stamp=seal.close(value))).status_code == 422
    old = Seal(front.key, "form.stamp").close([now - 2 * 86400, value[1]])
    assert (await form.send(stamp=old)).status_code == 422
    assert await tickets(desk) == []


async def test_a_robot_that_fills_in_everything_is_caught(form: Form, desk: Desk) -> None:
    assert (await form.send(**{TRAP: "https://prize.example"})).status_code == 422
    assert await tickets(desk) == []


async def test_a_robot_that_is_quick_is_caught(front: Front, desk: Desk) -> None:
    noon = front.now()
    quick = replace(front, now=lambda: noon + timedelta(seconds=0.5))
    async with _client_of(quick) as client:
        assert (await Form(client).send()).status_code == 422
    assert await tickets(desk) == []


async def test_one_who_sends_without_end_is_told_to_wait_and_nobody_else_is(front: Front) -> None:
    async with _client_of(front, "203.0.113.7") as robot, _client_of(front, "203.0.113.8") as other:
        answers = [await Form(robot).send(subject="") for _ in range(21)]
        assert [answer.status_code for answer in answers] == [422] * 20 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert TYPED["message"] in answers[-1].text, "nothing that was typed is lost"
        forged = {
            "X-Forwarded-For": "198.51.100.9",
            "Forwarded": "for=198.51.100.9",
            "X-Real-IP": "198.51.100.9",
        }
        assert (await Form(robot).send(headers=forged)).status_code == 429
        assert (await Form(other).send()).status_code == 303


@pytest.mark.parametrize(
    ("peer", "forwarded", "whose"),
    [
        ("127.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.9", "198.51.100.9"),  # the visitor wrote the first one
        ("203.0.113.7", "198.51.100.9", "203.0.113.7"),  # this is no proxy of ours
    ],
)
async def test_only_a_trusted_proxy_says_who_asks(
    front: Front, peer: str, forwarded: str, whose: str
) -> None:
    values = front.settings.model_dump()
    values["web"]["trusted_proxies"] = "127.0.0.1"
    front = replace(front, settings=Settings.model_validate(values))
    config = config_of(front.settings, make_app(front))
    config.load()
    for _ in range(20):
        await front.rates.take("form", "20 per 10 minutes", whose)
    transport = httpx.ASGITransport(config.loaded_app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        assert (await Form(client).send(headers={"X-Forwarded-For": forwarded})).status_code == 429


async def test_what_was_typed_is_shown_as_text(form: Form) -> None:
    for payload in SCRIPTS.values():
        typed = dict.fromkeys(TYPED, payload) | {"department": payload}
        answer = await form.send((payload, b"x", payload), **typed)
        assert answer.status_code == 422
        page = LexborHTMLParser(answer.text)
        assert page.css("script, img, svg, iframe, object, embed, base, meta[http-equiv]") == []
        assert [name for node in page.css("*") for name in node.attributes if name.startswith("on")] == []
        for field in ("name", "email", "subject"):
            assert page.css_first(f"#{field}").attributes["value"] == payload
        assert page.css_first("textarea").text().strip("\n") == payload
        assert "6391" not in answer.text


async def test_a_line_break_makes_no_header(form: Form, desk: Desk, service: Desk) -> None:
    broken = "Kim\r\nBcc: everybody@example.net\r\n\r\nHello"
    assert (await form.send(email="kim@example.com\r\nBcc: everybody@example.net")).status_code == 422
    answer = await form.send((broken, b"x", broken), name=broken, subject=broken)
    assert answer.status_code == 303 and "\n" not in answer.headers["location"]
    (conversation,) = await tickets(desk)
    await desk.reply(conversation.ticket.number, "Hello.", grace_seconds=0)
    for _ in ("the receipt", "the reply"):
        mail = await service.claim_outgoing("test")
        assert mail
        written = message_from_bytes(compose(mail, lambda sha256: b"", datetime.now(UTC)), policy=default)
        assert [to.addr_spec for to in written["To"].addresses] == ["kim@example.com"]
        assert (written["Cc"], written["Bcc"]) == (None, None)
        assert "\n" not in str(written["Subject"])
        await service.mark_sent(mail.id, f"<{mail.id}@example.com>")


async def test_the_desk_cannot_be_made_to_write_to_somebody_without_end(
    form: Form, desk: Desk, service: Desk
) -> None:
    """Three to a person in an hour, whatever label stands behind a plus; and not a word of the stranger's."""
    for n in range(6):
        assert (await form.send(email=f"victim+{n}@example.com", subject="Buy this")).status_code == 303
    mails = []
    while mail := await service.claim_outgoing("test"):
        mails.append(mail)
        await service.mark_sent(mail.id, f"<{len(mails)}@example.com>")
    assert len(mails) == 3
    assert all("Buy this" not in str(mail.model_dump()) and mail.automatic for mail in mails)


async def test_nor_to_itself(form: Form, service: Desk) -> None:
    for address in ("support@example.com", "support+1@example.com", "mailer-daemon@example.net"):
        assert (await form.send(email=address)).status_code == 303
    assert await service.claim_outgoing("test") is None


async def test_text_that_means_something_to_others_is_kept_as_it_is(form: Form, desk: Desk) -> None:
    said = "'; drop table desk.tickets; -- {{7*7}} %s %n $(reboot) `id` \\u0000 ../../etc/passwd ${jndi:ldap://x}"
    assert (await form.send(subject=said[:190], message=said, name="%s' or 1=1 --")).status_code == 303
    (conversation,) = await tickets(desk)
    assert conversation.messages[0].content == said


async def test_characters_that_are_none_make_nothing_fail(client: httpx.AsyncClient, desk: Desk) -> None:
    stamp = await Form(client).stamp()
    for bad in (
        b"\0",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xf5\x90\x80\x80",
        b"\x1b]0;owned\x07",
        b"\xe2\x80\xae",
    ):
        parts = {
            "stamp": stamp.encode(),
            "email": b"kim@example.com",
            "subject": b"a" + bad,
            "message": b"b" + bad,
        }
        body = b"".join(
            b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
            for name, value in parts.items()
        )
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = await client.post("/form", content=body + b"--x--\r\n", headers=headers)
        assert answer.status_code in (303, 400, 409, 422), (bad, answer.text)
    assert all("\0" not in one.messages[0].content for one in await tickets(desk))


async def test_nothing_but_what_was_stored_here_comes_back_as_a_file(
    form: Form, desk: Desk, front: Front
) -> None:
    """A seal says which file it is; one that was made elsewhere or for something else says nothing."""
    forged = {"filename": "x.txt", "content_type": "text/html", "size": 1, "sha256": "0" * 64}
    seals = [Seal("x" * 43, "form.files").close(forged), Seal(front.key, "form.stamp").close(forged), "x"]
    assert (await form.send(kept=seals)).status_code == 303
    came_back = await form.send(("note.txt", b"dark", "text/plain"), subject="")
    (seal,) = KEPT.findall(came_back.text)
    assert (await form.send(kept=[seal] * 20, subject="Twice")).status_code == 303
    newest, oldest = await tickets(desk)
    assert [file.filename for file in newest.messages[0].attachments] == ["note.txt"]
    assert oldest.messages[0].attachments == []


async def test_who_has_a_link_cannot_choose_another_department(
    client: httpx.AsyncClient, desk: Desk, service: Desk
) -> None:
    await desk.update_agent("grace@example.com", {"departments": ["billing", "legal"]})
    token = new_link_token()
    await desk.create_form_link(link_sha256(token), "billing")
    assert (await Form(client, f"/f/{token}").send(department="legal")).status_code == 303
    assert [one.ticket.department for one in await tickets(desk)] == ["billing"]
    assert (await Form(client).send(department="secret")).status_code == 422


async def test_a_link_is_not_guessed_and_a_revoked_one_is_none(client: httpx.AsyncClient, desk: Desk) -> None:
    token = new_link_token()
    link = await desk.create_form_link(link_sha256(token), email="kim@example.com", subject="Secret plan")
    known = (await client.get(f"/f/{token}")).text
    assert "Secret plan" in known
    await desk.revoke_form_link(link.number)
    others = [token, token[:-1], token.swapcase(), new_link_token(), "%00", secrets.token_hex(2000)]
    for other in others:
        text = (await client.get(f"/f/{other}")).text
        assert "Secret plan" not in text and "kim@example.com" not in text


async def test_the_number_of_a_ticket_is_told_to_its_sender_only(
    client: httpx.AsyncClient, front: Front
) -> None:
    for sealed in ("1001", "x", Seal("y" * 43, "form.sent").close([1001, True])):
        for path in ("/form/sent/", "/embed/sent/"):
            answer = await client.get(path + sealed)
            assert answer.status_code == 404 and "1001" not in answer.text.replace(sealed, "")


async def test_no_site_frames_the_form_but_those_that_were_named(
    client: httpx.AsyncClient, front: Front
) -> None:
    assert (await client.get("/embed")).status_code == 404
    values = front.settings.model_dump()
    values["web"]["embed_in"] = "https://www.example.com"
    async with _client_of(replace(front, settings=Settings.model_validate(values))) as embedding:
        framed, page = await asyncio.gather(embedding.get("/embed"), embedding.get("/form"))
    assert "frame-ancestors https://www.example.com" in framed.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


def _client_of(front: Front, address: str = "203.0.113.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(make_app(front), client=(address, 1), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ADDRESS)
