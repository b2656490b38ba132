"""The eyes that look for barriers see them; each page's own test says that it has none."""

from tests.web.browser.accessibility import barriers
from tests.web.browser.conftest import Pages


async def test_barriers_are_seen_by_day_and_by_night(pages: Pages) -> None:
    async with pages() as page:
        await page.set_content('<html lang="en"><title>x</title><main><h1>x</h1><input></main>')
        found = await barriers(page)
    assert [one.split(": ")[:2] for one in found] == [["light", "label"], ["dark", "label"]]


async def test_the_page_that_says_what_went_wrong_has_none(pages: Pages) -> None:
    async with pages() as page:
        await page.goto("/nothing")
        assert await barriers(page) == []
