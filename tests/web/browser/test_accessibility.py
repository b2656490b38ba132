"""The eyes that look for barriers see them; each page's own test says that it has none."""

from tests.web.browser.accessibility import barriers
from tests.web.browser.conftest import Pages
from tests.web.browser.layout import misfits


async def test_barriers_are_seen_by_day_and_by_night(pages: Pages) -> None:
    async with pages() as page:
        pale = "<style>p {color: #ddd} @media (prefers-color-scheme: dark) {p {background: #eee}}</style>"
        await page.set_content(
            f'<html lang="en"><title>x</title>{pale}<main><h1>x</h1><p>Pale words</p><input></main>'
        )
        found = await barriers(page)
    assert sorted(one.split(": ")[:2] for one in found) == [
        ["dark", "color-contrast"],
        ["light", "color-contrast"],
        ["light", "label"],
    ]


async def test_pages_that_anybody_finds_have_none(pages: Pages) -> None:
    async with pages() as page:
        for path in ("/nothing", "/f/nothing", "/api/docs"):
            await page.goto(path)
            assert await barriers(page) == []
            assert await misfits(page) == []
