"""A customer's whole way in a browser: the form, its number, the link by mail, what is said in the portal."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.desk import Desk
from core.models import Status
from core.portal_link import Entrance
from sync.outbound import Outbox, send_due
from tests.mails import mail
from tests.sync.test_outbound import Post
from tests.web.browser.accessibility import barriers
from tests.web.browser.conftest import Pages
from tests.web.browser.layout import misfits
from tests.web.browser.test_form import FOCUSED, LETTER, fill, number_of_sent
from tests.web.conftest import Site

KIM = LETTER["email"]


@pytest.fixture
async def outbox(site: Site) -> Outbox:
    entrance = Entrance.of(site.front.settings.web)
    return Outbox(Post(), site.front.files, worker="test", entrance=entrance)


async def mailed(service: Desk, outbox: Outbox) -> list[str]:
    """What the mails say that leave now."""
    post = Post()
    while await send_due(service, replace(outbox, mailbox=post), lambda: datetime.now(UTC)):
        pass
    bodies = [
        message_from_bytes(raw, policy=policy.default).get_body(("plain",)) for raw in post.sent.values()
    ]
    return [body.get_content() for body in bodies if body]


async def link_in_mail(service: Desk, outbox: Outbox) -> str:
    """The link of the newest mail."""
    *_, newest = await mailed(service, outbox)
    (link,) = re.findall(r"http://\S+/portal/in/\S+", newest)
    return str(link)


async def look(page: Page) -> None:
    """That everybody can use the page, on whatever they look at it."""
    assert await barriers(page) == []
    assert await misfits(page) == []


async def sign_in(page: Page, service: Desk, outbox: Outbox) -> None:
    """Kim asks for a link, gets it by mail, and uses it."""
    await page.goto("/portal")
    await page.fill("#email", KIM)
    await page.click("text=Send me a link")
    await page.goto(await link_in_mail(service, outbox))
    await page.click("main button")
    await page.wait_for_url("**/portal")


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_whole_way(
    pages: Pages, service: Desk, desk: Desk, outbox: Outbox, tmp_path: Path, javascript: bool
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("dark")
    async with pages(javascript) as page:
        await page.goto("/form")
        await fill(page)
        await page.set_input_files("#files", note)
        await page.click("text=Send")
        number = await number_of_sent(page)

        await page.goto(await link_in_mail(service, outbox))
        await page.click("main button")
        await page.wait_for_url("**/portal")
        await page.click(f"text={LETTER['subject']}")
        assert "It is dark here." in await page.inner_text("main")
        async with page.expect_download() as download:
            await page.click("text=note.txt")
        assert (await (await download.value).path()).read_text() == "dark"

        await desk.reply(number, "Which *lamp* is it?", grace_seconds=0)
        await mailed(service, outbox)
        await page.reload()
        assert await page.inner_text(".said.ours em") == "lamp"

        await page.fill("#message", "The green one.\n\nIt is still dark.")
        await page.set_input_files("#files", note)
        await page.click("text=Send")
        await page.wait_for_url("**done=sent*")
        said = (await desk.show_ticket(number)).messages[-1]
        assert (said.content, said.sender_email) == ("The green one.\n\nIt is still dark.", KIM)
        assert [file.filename for file in said.attachments] == ["note.txt"]

        await page.click("button:text('Close it')")
        await page.wait_for_url("**done=closed")
        assert (await desk.show_ticket(number)).ticket.status == Status.CLOSED
        await page.click("button:text('Open it again')")
        await page.wait_for_url("**done=opened")
        assert (await desk.show_ticket(number)).ticket.status == Status.OPEN

        await page.click("text=Sign out")
        await page.goto(f"/portal/tickets/{number}")
        assert await page.is_visible("text=Send me a link")


async def test_each_page_can_be_used_by_everybody(
    pages: Pages, service: Desk, desk: Desk, outbox: Outbox, site: Site
) -> None:
    html = b"<h1>A lamp</h1><p style='color:#777'>It is <b>dark</b>.</p>"
    raw = b"From: kim@example.com\nSubject: x\nContent-Type: text/html\n\n" + html
    stored = site.front.files.put("raw", raw)
    received = await service.receive_mail(
        mail(
            "lamp",
            subject="A very long subject " * 8 + "x" * 90,
            content="y" * 300,
            raw={"sha256": stored, "size": len(raw)},
        )
    )
    assert received.number
    await desk.reply(
        received.number, f"| a | b |\n|---|---|\n| {'z' * 200} | 2 |\n\n> quoted", grace_seconds=0
    )
    await mailed(service, outbox)
    async with pages() as page:
        await page.goto("/portal")
        await look(page)
        await page.fill("#email", "kim")
        await page.click("text=Send me a link")
        await page.wait_for_selector("#email-error")
        assert await page.evaluate(FOCUSED) == "email"
        await look(page)
        await page.fill("#email", KIM)
        await page.click("text=Send me a link")
        await page.wait_for_url("**/portal/asked")
        await look(page)
        await page.goto(await link_in_mail(service, outbox))
        await look(page)
        await page.click("main button")
        await page.wait_for_url("**/portal")
        await look(page)
        await page.click(".rows a")
        await look(page)
        await page.click("form[enctype] button")
        await page.wait_for_selector("#message-error")
        assert await page.get_attribute(":focus", "role") == "alert"
        await look(page)
        await page.click("text=Show the original")
        frame = page.frame_locator("iframe")
        assert await frame.locator("b").inner_text() == "dark"
        await look(page)


async def test_a_keyboard_is_enough(pages: Pages, service: Desk, desk: Desk, outbox: Outbox) -> None:
    received = await service.receive_mail(mail("lamp", subject="Broken lamp"))
    assert received.number
    async with pages() as page:
        await sign_in(page, service, outbox)
        await press(page, "Broken lamp")
        await page.wait_for_url("**/tickets/*")
        while await page.evaluate(FOCUSED) != "message":
            await page.keyboard.press("Tab")
        await page.keyboard.insert_text("It works again.")
        await press(page, "Send")
        await page.wait_for_url("**done=sent*")
        await press(page, "Close it")
        await page.wait_for_url("**done=closed*")
        await press(page, "Sign out")
        await page.wait_for_url("**/portal")
        assert await page.is_visible("text=Send me a link")
    shown = await desk.show_ticket(received.number)
    assert (shown.ticket.status, shown.messages[-1].content) == (Status.CLOSED, "It works again.")


SAID_BY_FOCUSED = "document.activeElement === document.body ? '' : document.activeElement.innerText"


async def press(page: Page, text: str) -> None:
    """Go on to what says so with the tabulator, and press enter."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        if text in await page.evaluate(SAID_BY_FOCUSED):  # the page may only just have come
            await page.keyboard.press("Enter")
            return
    raise AssertionError(f"No key leads to {text}.")
