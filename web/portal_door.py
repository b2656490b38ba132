"""The way into the portal: asking for a link, and using one.

A link is used by a form's button, not by following it: scanners of mail follow every link that they see.
Whether an address is known is nowhere to be found out: asking does and says the same for all of them.
"""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from core.errors import Gone
from core.portal_link import sha256_of
from core.text import safe_line
from web.csrf import require_own_page
from web.filled import EMAIL_LIMIT, Filled
from web.front import Front, front_of
from web.pages import page
from web.rate import minutes, visitor
from web.seal import Seal
from web.session import SECONDS, new_token, session_of, sign_in, sign_out

RATE = "10 per 10 minutes"
"""How often one visitor may ask for a link, or use one."""
ADDRESS_RATE = "10/hour"
"""How often a link to one address is noted; how many mails go there is counted in the database."""
_STAMP_SECONDS = 86400

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]


def door(
    request: Request, status: int = 200, trouble: str = "", email: str = "", fault: str = "", typed: str = ""
) -> Response:
    """The page that asks who somebody is. `typed`: what they wrote before they were signed out."""
    front = front_of(request)
    shown = {"trouble": trouble, "email": email[:EMAIL_LIMIT], "fault": fault, "typed": typed}
    stamp = Seal(front.key, "portal.door").close(int(front.now().timestamp()))
    return page(
        request,
        "portal_door.html",
        status,
        can_send=front.settings.web.address is not None,
        stamp=stamp,
        **shown,
    )


async def signed_out(request: Request, error: Exception) -> Response:
    """Whoever was signed in, or never was, and asks for what is inside."""
    front = front_of(request)
    answer = door(request, 401, "" if session_of(request, front) is None else "You are no longer signed in.")
    sign_out(answer, front)
    return answer


@router.post("/portal/link")
async def ask(request: Request, email: Text = "", stamp: Text = "") -> Response:
    """The same page for everybody: what comes of it, only whoever reads mail to that address learns."""
    front = front_of(request)
    require_own_page(request, front)
    issued = Seal(front.key, "portal.door").open(stamp)
    if not isinstance(issued, int) or front.now().timestamp() - issued > _STAMP_SECONDS:
        return door(request, 403, "This page was open for too long. Please try once more.", email)
    await _take(request, front)
    email = " ".join(email.split())
    if fault := Filled(email=email).faults(()).get("email"):
        return door(request, 422, email=email, fault=fault)
    if (await front.rates.take("portal link to", ADDRESS_RATE, sha256_of(email.lower()))).is_given:
        await front.desk.request_portal_link(email)
    return RedirectResponse("/portal/asked", 303)


async def _take(request: Request, front: Front) -> None:
    allowance = await front.rates.take("portal door", RATE, visitor(request))
    if not allowance.is_given:
        said = f"That was too often. Please try again in {minutes(allowance.reset_seconds)}."
        raise HTTPException(429, said, {"Retry-After": str(allowance.reset_seconds)})


@router.get("/portal/asked")
async def asked(request: Request) -> Response:
    return page(request, "portal_asked.html")


@router.get("/portal/in/{token}")
async def show_link(request: Request, token: str) -> Response:
    """Changes nothing, whoever looks."""
    front = front_of(request)
    state = await front.desk.show_portal_link(sha256_of(token), session_of(request, front))
    if state.is_signed_in:
        return RedirectResponse("/portal", 303)
    if state.email is None:
        return _no_good(request)
    nonce = Seal(front.key, "portal.in").close(secrets.token_hex(16))
    answer = page(request, "portal_in.html", nonce=nonce, email=safe_line(state.email))
    answer.headers["Referrer-Policy"] = (
        "strict-origin"  # else the style sheet would be asked for with the link
    )
    return answer


@router.post("/portal/in/{token}")
async def use_link(request: Request, token: str, nonce: Text = "") -> Response:
    front = front_of(request)
    require_own_page(request, front)
    await _take(request, front)
    opened = Seal(front.key, "portal.in").open(nonce)
    if not isinstance(opened, str):
        raise HTTPException(403, "This page is not one of ours. Open the link again.")
    session = new_token(front, token, opened)
    try:
        await front.desk.open_portal(sha256_of(token), sha256_of(session), SECONDS)
    except Gone:
        return _no_good(request)
    answer = RedirectResponse("/portal", 303)
    sign_in(answer, front, session)
    return answer


def _no_good(request: Request) -> Response:
    return door(
        request, 410, "This link is no longer good: it works once and for a while. Get a new one here."
    )
