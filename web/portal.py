"""The portal: what somebody asked of us, what became of it, and what they say to that.

Who asks is known by a session (web/session.py), and what they may see the database decides by it. Each
change is a form with a slip (web/csrf.py) and leads to the page that shows it, so that loading it again does
nothing.
"""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from core.errors import DeskError, Gone
from core.portal import PortalMessage
from core.portal_link import without_links
from core.text import safe_filename, safe_line, safe_text
from web import original, upload
from web.csrf import Slips, require_own_page, require_slip
from web.front import Front, front_of
from web.pages import page
from web.portal_door import door
from web.problem import status_of
from web.rate import minutes, visitor
from web.safety import HEADERS
from web.seal import Seal
from web.session import session_of, sign_out
from web.upload import Body, Limits, size_words
from web.wording import STATUS, from_markdown, moment

RATE = "20 per 10 minutes"
"""How often somebody may answer."""
NEWEST, ALL = 200, 5000
"""Messages that are shown at first, and at most."""
TEXT_LIMIT = 50_000
"""Characters of an answer."""
SHOWABLE = {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"}
"""Types that are told to the browser; it is to store the file and not to show it all the same."""

_DONE = {
    "sent": "Your answer was sent.",
    "closed": "It is closed. If something is left, write here or open it again.",
    "opened": "It is open again, and we look at it.",
}
_logger = logging.getLogger("ttydesk.web")
router = APIRouter(include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Text = Annotated[str, Form()]


@dataclass(frozen=True)
class Draft:
    """An answer as it goes to and fro until it is taken."""

    message: str = ""
    kept: tuple[dict[str, Any], ...] = ()
    """Files that came before and are stored."""
    faults: dict[str, str] = field(default_factory=dict)
    """From a field's name to a sentence; under "form" what is about none of them."""
    name: UUID | None = None
    """By which it is known when it comes again."""


def inside(request: Request) -> str:
    """The visitor's session, whether it still is one or not. Raises Gone where there is none."""
    session = session_of(request, front_of(request))
    if session is None:
        raise Gone("You are not signed in.")
    return session


@router.get("/portal")
async def show_list(
    request: Request, after: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Response:
    front = front_of(request)
    session = session_of(request, front)
    if session is None:
        return door(request)
    found = await front.desk.portal_tickets(session, after)
    return page(
        request,
        "portal.html",
        person=found.person,
        rows=[(one, safe_line(one.subject) or "(no subject)", STATUS[one.status]) for one in found.tickets],
        next=found.next,
        is_first=after is None,
        slip=Slips(front).write(session),
        moment=moment,
        safe_line=safe_line,
    )


@router.get("/portal/tickets/{number}/reply")
@router.get("/portal/tickets/{number}")
async def show(request: Request, number: Number, done: str = "", all: str = "") -> Response:
    limit = ALL if all else NEWEST
    return await _ticket(request, inside(request), number, Draft(), done=_DONE.get(done, ""), limit=limit)


async def _ticket(
    request: Request,
    session: str,
    number: int,
    draft: Draft,
    status: int = 200,
    done: str = "",
    headers: dict[str, str] | None = None,
    limit: int = NEWEST,
) -> Response:
    front = front_of(request)
    found = await front.desk.portal_ticket(session, number, limit)
    files, limits = Seal(front.key, f"portal.files.{session}"), Limits.of(front.settings)
    answer = page(
        request,
        "portal_ticket.html",
        status,
        person=found.person,
        ticket=found.ticket,
        subject=safe_line(found.ticket.subject) or "(no subject)",
        status_words=STATUS[found.ticket.status],
        is_done=found.ticket.status in ("resolved", "closed"),
        messages=[_shown(one, front.settings.mailbox.name) for one in found.messages],
        earlier=found.earlier,
        newest=NEWEST,
        draft=draft,
        kept=[(files.close(one), one["filename"], size_words(one["size"])) for one in draft.kept],
        limits=limits,
        slip=Slips(front).write(session, draft.name),
        done=done,
        moment=moment,
        safe_line=safe_line,
    )
    answer.headers.update(headers or {})
    return answer


def _shown(message: PortalMessage, desk_name: str) -> dict[str, Any]:
    is_ours = message.author == "us"
    name = desk_name if message.automatic else message.name
    return {
        "message": message,
        "is_ours": is_ours,
        "name": "You" if message.author == "you" else safe_line(name, 100),
        "text": from_markdown(message.content) if is_ours else safe_text(message.content),
        "files": [(one, safe_filename(one.filename), size_words(one.size)) for one in message.attachments],
    }


@router.post("/portal/tickets/{number}/reply")
async def reply(request: Request, number: Number) -> Response:
    front, session = front_of(request), session_of(request, front_of(request))
    require_own_page(request, front)
    allowance = await front.rates.take("portal reply", RATE, session or visitor(request))
    limits = Limits.of(front.settings)
    body = await upload.read_body(request, limits if allowance.is_given and session else upload.NOTHING)
    try:
        if session is None:
            raise Gone
        if not allowance.is_given:
            said = f"You wrote very often. Please try again in {minutes(allowance.reset_seconds)}."
            draft = Draft(body.text("message"), _kept(front, session, body), {"form": said})
            headers = {"Retry-After": str(allowance.reset_seconds)}
            return await _ticket(request, session, number, draft, 429, headers=headers)
        await front.desk.portal_ticket(session, number, 1)  # before a stranger's files are stored
        draft = await _draft(front, session, body, limits)
        if not draft.faults:
            draft = await _send(front, session, number, draft)
        if draft.faults:
            return await _ticket(request, session, number, draft, 422)
    except Gone:
        return door(request, 401, "You are no longer signed in.", typed=body.text("message"))
    except DeskError as error:
        if status_of(error) < 500:
            raise
        _logger.error("An answer could not be taken: %s", safe_line(str(error)))
        said = "We cannot take it right now. Please try again in a minute."
        return door(request, 503, said, typed=body.text("message"))
    finally:
        body.close()
    return RedirectResponse(f"/portal/tickets/{number}?done=sent#latest", 303)


def _kept(front: Front, session: str, body: Body) -> tuple[dict[str, Any], ...]:
    seal = Seal(front.key, f"portal.files.{session}")
    opened = (seal.open(one) for one in dict.fromkeys(body.fields.get("kept", [])))
    return tuple(one for one in opened if isinstance(one, dict))


async def _draft(front: Front, session: str, body: Body, limits: Limits) -> Draft:
    """What came, with all that is wrong with it; its files are stored."""
    message = without_links(body.text("message").strip())  # agents read it
    name = Slips(front).read(session, body.text("slip"))
    kept, refused = await upload.store(front.files, body, limits, _kept(front, session, body))
    faults = {}
    if name is None:
        faults["form"] = "This page is from an earlier sign-in. Please send it once more."
    if len(message) > TEXT_LIMIT:
        faults["message"] = f"This has {len(message):,} characters, and {TEXT_LIMIT:,} are the limit."
    elif not message and not kept and not refused:
        faults["message"] = "Write your answer."
    if refused:
        faults["files"] = " ".join(refused)
    return Draft(message, tuple(kept), faults, name)


async def _send(front: Front, session: str, number: int, draft: Draft) -> Draft:
    """The draft once more, with a fault when it could not be taken."""
    try:
        await front.desk.portal_reply(session, number, draft.message, draft.kept, draft.name)
    except Gone:
        raise
    except DeskError as error:
        if status_of(error) >= 500 or status_of(error) == 404:
            raise
        return replace(draft, faults={"form": str(error)}, name=None)
    return draft


@router.post("/portal/tickets/{number}/close")
async def close(request: Request, number: Number, slip: Text = "") -> Response:
    front, session = front_of(request), inside(request)
    await front.desk.portal_close(session, number, require_slip(request, front, session, slip))
    return RedirectResponse(f"/portal/tickets/{number}?done=closed", 303)


@router.post("/portal/tickets/{number}/reopen")
async def reopen(request: Request, number: Number, slip: Text = "") -> Response:
    front, session = front_of(request), inside(request)
    await front.desk.portal_reopen(session, number, require_slip(request, front, session, slip))
    return RedirectResponse(f"/portal/tickets/{number}?done=opened", 303)


@router.post("/portal/out")
async def out(request: Request, slip: Text = "") -> Response:
    front, session = front_of(request), inside(request)
    require_slip(request, front, session, slip)
    await front.desk.end_portal_session(session)
    answer = RedirectResponse("/portal", 303)
    sign_out(answer, front)
    return answer


@router.get("/portal/files/{id}")
async def file(request: Request, id: UUID) -> Response:
    """Always to be stored, never shown as a page of ours."""
    front = front_of(request)
    found = await front.desk.portal_file(inside(request), id)
    content = await asyncio.to_thread(front.files.get, "attachments", found.sha256)
    name = safe_filename(found.filename)
    kind = found.content_type if found.content_type in SHOWABLE else "application/octet-stream"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Type": kind,  # without the character set that would be added to a text
    }
    return Response(content, headers=headers)


@router.get("/portal/originals/{id}")
async def show_original(request: Request, id: UUID) -> Response:
    html, number = await _html(request, id)
    slip = Slips(front_of(request)).write(inside(request))
    answer = page(request, "portal_original.html", id=id, number=number, has_html=html is not None, slip=slip)
    answer.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"] + "; frame-src 'self'"
    return answer


@router.get("/portal/originals/{id}/frame")
async def frame(request: Request, id: UUID) -> Response:
    html, _ = await _html(request, id)
    return Response(original.harmless(html or ""), media_type="text/html", headers=original.HEADERS)


async def _html(request: Request, id: UUID) -> tuple[str | None, int]:
    """The HTML of a mail, if it has any, and its ticket's number."""
    front = front_of(request)
    found = await front.desk.portal_original(inside(request), id)
    raw = await asyncio.to_thread(front.files.get, "raw", found.sha256)
    return await asyncio.to_thread(original.html_of, raw), found.number
