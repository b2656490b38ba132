"""The form, filled in by people: with a mouse, with a keyboard alone, with and without JavaScript."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.desk import Desk
from tests.web.browser.accessibility import barriers
from tests.web.browser.conftest import Pages
from tests.web.browser.layout import misfits

LETTER = {
    "name": "Kim Ōkami",
    "email": "kim@example.com",
    "subject": "My order has not come",
    "message": "I ordered a lamp.\n\nIt is dark here.",
}
FOCUSED = "document.activeElement.id || document.activeElement.tagName"


async def fill(page: Page, **changed: str) -> None:
    for name, value in (LETTER | changed).items():
        await page.fill(f"#{name}", value)


async def number_of_sent(page: Page) -> int:
    found = re.search(r"#(\d+)", await page.inner_text("main"))
    assert found, await page.inner_text("main")
    return int(found[1])


@pytest.mark.parametrize("javascript", [True, False])
async def test_somebody_writes_to_us(pages: Pages, desk: Desk, tmp_path: Path, javascript: bool) -> None:
    photo, note = tmp_path / "photo of the lamp.png", tmp_path / "note.txt"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    note.write_text("dark")
    async with pages(javascript) as page:
        await page.goto("/form")
        await fill(page)
        await page.set_input_files("#files", [photo, note])
        await page.dblclick("text=Send")
        await page.wait_for_url("**/sent/**")
        number = await number_of_sent(page)
        if javascript:
            assert await barriers(page) == []
            assert await misfits(page) == []
        await page.reload()
        assert await number_of_sent(page) == number, "that page is no second sending"
    assert len((await desk.list_tickets()).tickets) == 1, "twice is once"
    shown = await desk.show_ticket(number)
    assert (shown.ticket.subject, shown.ticket.requester_email) == (LETTER["subject"], LETTER["email"])
    message = shown.messages[0]
    assert message.content == LETTER["message"]
    assert [file.filename for file in message.attachments] == [photo.name, note.name]


async def be_led_to_what_is_wrong(page: Page) -> None:
    """As by a screen reader: what is read out first says it, and from there a key leads into the field."""
    assert await page.get_attribute(":focus", "role") == "alert"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate(FOCUSED) == "email"
    assert await page.get_attribute(":focus", "aria-invalid") == "true"
    assert await barriers(page) == []
    assert await misfits(page) == []


@pytest.mark.parametrize("javascript", [True, False])
async def test_what_is_wrong_is_said_beside_it_and_nothing_is_lost(
    pages: Pages, desk: Desk, tmp_path: Path, javascript: bool
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("dark")
    async with pages(javascript) as page:
        await page.goto("/form")
        await fill(page, email="kim", message=" ")
        await page.set_input_files("#files", note)
        await page.click("text=Send")
        assert (await page.title()).startswith("Not sent yet")
        for name in ("email", "message"):
            told = await page.get_attribute(f"#{name}", "aria-describedby")
            assert told and f"{name}-error" in told.split()
            assert await page.is_visible(f"#{name}-error")
        for name in ("name", "subject"):
            assert await page.input_value(f"#{name}") == LETTER[name]
        if javascript:
            await be_led_to_what_is_wrong(page)
        await page.fill("#email", LETTER["email"])
        await page.fill("#message", LETTER["message"])
        await page.click("text=Send")
        number = await number_of_sent(page)
    message = (await desk.show_ticket(number)).messages[0]
    assert [file.filename for file in message.attachments] == ["note.txt"], (
        "it was kept when the form came back"
    )


async def test_a_keyboard_is_enough(pages: Pages, desk: Desk) -> None:
    async with pages() as page:
        await page.goto("/form")
        assert await barriers(page) == []
        assert await misfits(page) == []
        await page.keyboard.press("Tab")
        assert await page.inner_text(":focus") == "Skip to the page"
        await page.keyboard.press("Enter")
        assert await page.evaluate(FOCUSED) == "main"
        await page.keyboard.press("Tab")
        for name, value in LETTER.items():
            assert await page.evaluate(FOCUSED) == name
            await page.keyboard.insert_text(value)
            await page.keyboard.press("Tab")
        assert await page.evaluate(FOCUSED) == "files"
        await page.keyboard.press("Tab")
        assert await page.evaluate(FOCUSED) == "BUTTON"
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/sent/**")
        number = await number_of_sent(page)
    assert (await desk.show_ticket(number)).messages[0].content == LETTER["message"]
