"""Whether a page can be used by everybody, as far as a machine can tell: Deque's axe-core, run in the page.

npm install --prefix tests/peers/axe
"""

import os
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "peers/axe/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def barriers(page: Page) -> list[str]:
    """What axe-core finds by day, and about colours by night: the rule, the element, and what is wrong.

    Skips the test where axe-core is not installed, but never in CI.
    """
    if not AXE.is_file():
        missing = "needs: npm install --prefix tests/peers/axe"
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    await page.evaluate(AXE.read_text("utf-8"))  # by the debugger, which no policy of the page concerns
    by_day = await _barriers(page, "light", {"type": "tag", "values": RULES})
    return by_day + await _barriers(page, "dark", {"type": "rule", "values": ["color-contrast"]})


async def _barriers(page: Page, theme: Literal["light", "dark"], asked: dict[str, Any]) -> list[str]:
    await page.emulate_media(color_scheme=theme)
    found: dict[str, Any] = await page.evaluate(
        "asked => axe.run(document, {runOnly: asked, resultTypes: ['violations']})", asked
    )
    return [
        f"{theme}: {rule['id']}: {place['html']}: {place['failureSummary']}"
        for rule in found["violations"]
        for place in rule["nodes"]
    ]
