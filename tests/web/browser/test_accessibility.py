"""The eyes that look for barriers see them; each page's own test says that it has none."""

from tests.web.browser.accessibility import barriers
from tests.web.browser.conftest import Pages
from tests.web.browser.layout import misfits

PALE = "<style>p {color: #ddd} @media (prefers-color-scheme: dark) {p {background: #eee}}</style>"


async def test_pages_that_anybody_finds_have_none(pages: Pages) -> None:
    async with pages() as page:
        await page.set_content(
            f'<html lang="en"><title>x</title>{PALE}<main><h1>x</h1><p>Pale words</p><input></main>'
        )
        assert sorted(one.split(": ")[:2] for one in await barriers(page)) == [
            ["dark", "color-contrast"],
            ["light", "color-contrast"],
            ["light", "label"],
        ]
        for path, said in (
            ("/nothing", "There is no such page."),
            ("/f/nothing", "is not known here"),
            ("/api/docs", "The API of"),
        ):
            await page.goto(path)
            assert said in await page.inner_text("main")
            assert await barriers(page) == []
            assert await misfits(page) == []
