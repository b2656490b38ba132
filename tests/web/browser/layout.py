"""What a page looks like, measured: whether it fits, and whether a finger can hit what is to be hit."""

from playwright.async_api import Page

PHONE = {"width": 390, "height": 844}
SMALL = {"width": 320, "height": 568}
"""The smallest that has to do (WCAG 2.2, 1.4.10)."""
DESK = {"width": 1280, "height": 900}

_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_TOO_SMALL = """
[...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, nav a, .rows a, .files a")]
  .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.closest("[aria-hidden=true]"))
  .map(one => ({one: one.matches("[type=checkbox], [type=radio]") ? one.closest("label") : one}))
  .filter(({one}) => one.getBoundingClientRect().height < 43.5)
  .map(({one}) => one.outerHTML.slice(0, 200))
"""


async def misfits(page: Page) -> list[str]:
    """What is wrong with the page at the widths that people have."""
    found = []
    for size in (SMALL, PHONE, DESK):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        if over := await page.evaluate(_TOO_WIDE):
            found.append(f"{size['width']}: it is {over} pixels too wide")
        found += [f"{size['width']}: too small: {one}" for one in await page.evaluate(_TOO_SMALL)]
    return found
