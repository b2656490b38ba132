"""The page that says what went wrong."""

import pytest

from tests.web.browser.conftest import Pages


@pytest.mark.parametrize("javascript", [True, False])
async def test_it_says_so_in_a_sentence(pages: Pages, javascript: bool) -> None:
    async with pages(javascript) as page:
        answer = await page.goto("/nothing")
        assert answer and answer.status == 404
        assert "There is no such page." in await page.inner_text("main")
