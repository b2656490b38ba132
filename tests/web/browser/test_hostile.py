"""What strangers write, in a browser that would run it: nothing runs, even where the policy of a page is off.

A dialog, an error on the console, or a request to anywhere else fails each of these tests (conftest.py).
"""

from dataclasses import replace

import pytest
from playwright.async_api import Page

from core.config import Settings
from core.desk import Desk
from core.forms import link_sha256, new_link_token
from core.portal_link import Entrance, new_link
from tests.mails import mail
from tests.web.browser.conftest import Pages
from tests.web.browser.test_form import fill
from tests.web.browser.test_portal import KIM
from tests.web.conftest import Site
from web.front import Front

HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>'
    "</textarea></title></style><script>alert(4)</script>"
    "' autofocus onfocus=alert(5) x='{{7*7}}<a href=\"javascript:alert(6)\">"
)
LETTER = (
    HOSTILE
    + """<body onload="alert(7)"><style>@import "http://evil.example/x"; p {background: url(http://evil.example/y)}</style>
<img src="http://evil.example/pixel.gif" srcset="http://evil.example/2 2x"><video poster="http://evil.example/v">
<iframe src="http://evil.example/" srcdoc="<script>alert(8)</script>"></iframe><object data="http://evil.example/o">
<meta http-equiv="refresh" content="0;url=http://evil.example/r"><base href="http://evil.example/">
<link rel="stylesheet" href="http://evil.example/s">
<form action="http://evil.example/f"><input autofocus onfocus=alert(9)>
<p style="background:url(http://evil.example/z)" onmouseover="alert(10)">It is <b>dark</b>.</p>
<math><mtext></form><form><mglyph><style></math><img src onerror=alert(11)>
<svg><animate onbegin=alert(12) attributeName=x dur=1s><a href="javascript:alert(13)"><text>x</text></svg>"""
)


@pytest.fixture
async def front(front: Front) -> Front:
    values = front.settings.model_dump()
    values["mailbox"]["name"] = "Support " + HOSTILE
    return replace(front, settings=Settings.model_validate(values))


@pytest.fixture
async def token(service: Desk, desk: Desk, site: Site) -> str:
    """A link to the portal of somebody who writes nothing but this, and was answered with it."""
    raw = f"From: {KIM}\nContent-Type: text/html; charset=utf-8\n\n{LETTER}".encode()
    file = {"filename": HOSTILE, "content_type": "text/html", "size": 1, "content_id": None, "inline": False}
    received = await service.receive_mail(
        mail(
            "lamp",
            sender={"name": HOSTILE, "email": KIM},
            subject=HOSTILE,
            content=HOSTILE,
            raw={"sha256": site.front.files.put("raw", raw), "size": len(raw)},
            attachments=[file | {"sha256": site.front.files.put("attachments", b"x")}],
        )
    )
    assert received.number
    await desk.update_agent("ada@example.com", {"name": HOSTILE, "departments": [HOSTILE[:100]]})
    answer = HOSTILE.replace("{{7*7}}", "") + "\n\n[x](javascript:alert(14)) ![x](http://evil.example/i)"
    await desk.reply(received.number, answer, grace_seconds=0)
    outgoing = await service.claim_outgoing("test")
    assert outgoing
    await service.mark_sent(outgoing.id, "1")
    entrance = Entrance.of(site.front.settings.web)
    assert entrance
    link = new_link(entrance)
    await service.create_portal_link(KIM, link.sha256, 600)
    return link.url.rpartition("/")[2]


TOUCH = """
for (const one of document.querySelectorAll("*")) {
  for (const kind of ["mouseover", "mouseenter", "focus", "focusin", "load", "error", "toggle", "begin"])
    one.dispatchEvent(new Event(kind, {bubbles: true}));
}
[...document.querySelectorAll("a, area, form, button")]
  .map(one => one.href || one.action || one.formAction || "http:")
  .filter(where => !/^(https?|mailto):/.test(where))
"""


async def settle(page: Page) -> None:
    """Let what might run, run: when it is pointed at, looked at, or loaded late."""
    await page.wait_for_load_state("load")
    assert await page.evaluate(TOUCH) == []


async def test_nothing_of_it_runs(pages: Pages, desk: Desk, token: str) -> None:
    form_link = new_link_token()
    await desk.create_form_link(link_sha256(form_link), subject=HOSTILE[:200], email="kim@example.com")
    async with pages(bypass_csp=True) as page:
        await page.goto(f"/f/{form_link}")
        await settle(page)
        await fill(page, name=HOSTILE[:100], email=HOSTILE, subject=HOSTILE[:200], message=HOSTILE)
        await page.click("text=Send")
        await page.wait_for_selector(".error")
        assert await page.input_value("#message") == HOSTILE
        await settle(page)
        await page.goto(f"/nothing/{HOSTILE.replace('/', '%2F')}?x={HOSTILE}")
        await settle(page)

        await page.goto(f"/portal/in/{token}")
        await page.click("main button")
        await page.wait_for_url("**/portal")
        await settle(page)
        await page.click(".rows a")
        await page.wait_for_url("**/tickets/*")
        assert HOSTILE[:30] in await page.inner_text("h1")
        await settle(page)
        await page.click("text=Show the original")
        await page.wait_for_url("**/originals/*")
        assert await page.frame_locator("iframe").locator("b").inner_text() == "dark"
        await settle(page)
        await page.goto(page.url + "/frame")
        assert await page.inner_text("b") == "dark"
        await page.wait_for_load_state("load")
