"""The form: a page that anybody may fill in, and of which comes a ticket.

It has three addresses: `/form` is a page of ours, `/embed` stands in a page of another site, and `/f/TOKEN`
is filled in beforehand. No cookie and no script is needed. Whatever is wrong is said beside its field, on the
same page, with everything that was typed and every file that came.
"""

import logging
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from core.errors import Conflict, DeskError, NotFound
from core.forms import Submitted, link_sha256
from core.text import safe_line
from web import upload
from web.departments import Departments
from web.filled import Filled
from web.form_page import Dress, FormPage, Sheet
from web.front import Front, front_of
from web.problem import status_of
from web.rate import minutes, visitor
from web.stamp import Stamp
from web.upload import Body

RATE = "20 per 10 minutes"
"""How often one visitor may send the form, and be told what is wrong with it."""

TRAP = "website"
"""A field that people do not see, and robots fill in."""

_ENDED = {"expired": "has expired", "revoked": "is no longer in use"}
_logger = logging.getLogger("ttydesk.web")
router = APIRouter(include_in_schema=False)


@router.get("/")
async def entrance() -> Response:
    return RedirectResponse("/form", 303)


@router.get("/form")
async def form(request: Request) -> Response:
    return await _blank(request, Dress())


@router.get("/embed")
async def embed(request: Request) -> Response:
    return await _blank(request, _embedded(request))


@router.get("/f/{token}")
async def linked(request: Request, token: str) -> Response:
    return await _blank(request, await _by_link(request, token))


@router.post("/form")
async def send(request: Request) -> Response:
    return await _submit(request, Dress())


@router.post("/embed")
async def send_embedded(request: Request) -> Response:
    return await _submit(request, _embedded(request))


@router.post("/f/{token}")
async def send_linked(request: Request, token: str) -> Response:
    try:
        dress = await _by_link(request, token)
    except DeskError:  # the database is away: the page comes again, and all that was typed
        dress = Dress(f"/f/{token}", link_sha256=link_sha256(token))
    return await _submit(request, dress)


@router.get("/form/sent/{sealed}")
async def sent(request: Request, sealed: str) -> Response:
    return _sent(request, Dress(), sealed)


@router.get("/embed/sent/{sealed}")
async def sent_embedded(request: Request, sealed: str) -> Response:
    return _sent(request, _embedded(request), sealed)


def _page_of(request: Request) -> FormPage:
    page: FormPage = request.app.state.form_page
    return page


async def _departments(request: Request) -> tuple[str, ...]:
    departments: Departments = request.app.state.departments
    return await departments.offered()


def _embedded(request: Request) -> Dress:
    if not front_of(request).settings.web.embed_in:
        raise HTTPException(404)
    return Dress("/embed", is_embedded=True)


async def _by_link(request: Request, token: str) -> Dress:
    """Whoever follows a link that has ended gets the plain form, and is told."""
    sha256 = link_sha256(token)
    try:
        link = await front_of(request).desk.show_form_link(sha256)
    except NotFound:
        return Dress(ended="The link that you followed is not known here; perhaps it was not copied whole.")
    if link.state != "valid":
        return Dress(ended=f"The link that you followed {_ENDED[link.state]}.")
    return Dress(f"/f/{token}", link=link, link_sha256=sha256)


async def _blank(request: Request, dress: Dress) -> Response:
    stamp = Stamp.new(front_of(request).now())
    return _page_of(request).blank(dress, stamp, await _departments(request))


def _sent(request: Request, dress: Dress, sealed: str) -> Response:
    page = _page_of(request).sent(dress, sealed)
    if page is None:
        raise HTTPException(404)
    return page


async def _submit(request: Request, dress: Dress) -> Response:
    front, page = front_of(request), _page_of(request)
    allowance = await front.rates.take("form", RATE, visitor(request))
    body = await upload.read_body(request, page.limits if allowance.is_given else upload.NOTHING)
    departments = await _departments(request)
    sheet = _sheet(front, page, dress, body)
    if not allowance.is_given:
        said = (
            f"Too much was sent from where you are. Please try again in {minutes(allowance.reset_seconds)}."
        )
        headers = {"Retry-After": str(allowance.reset_seconds)}
        return page.show(dress, replace(sheet, faults={"form": said}), departments, 429, headers)
    sheet = await _checked(front, page, dress, sheet, body, departments)
    if sheet.faults:
        return page.show(dress, sheet, departments, 422)
    try:
        submitted = await _store(front, dress, sheet)
    except DeskError as error:
        return page.show(dress, _refused(front, sheet, error), departments, status_of(error))
    return RedirectResponse(page.address_of_sent(dress, submitted.number, submitted.receipt), 303)


def _sheet(front: Front, page: FormPage, dress: Dress, body: Body) -> Sheet:
    """What came, before anything of it was looked at."""
    filled = Filled.of(body)
    if dress.link and dress.link.department:
        filled = replace(filled, department=dress.link.department)
    stamp = Stamp.read(body.text("stamp"), page.stamps)
    faults = {}
    if stamp is None:
        stamp = Stamp.new(front.now())
        faults["form"] = "This page was not made here, or is very old. Please send it once more."
    return Sheet(stamp, filled, page.kept(body.fields.get("kept", [])), faults)


async def _checked(
    front: Front, page: FormPage, dress: Dress, sheet: Sheet, body: Body, departments: tuple[str, ...]
) -> Sheet:
    """With all that is wrong; the files that came are stored, unless it was a stranger's form."""
    now = front.now()
    if sheet.faults:
        body.close()
        return sheet
    if dress.link and dress.link.department:
        departments = (dress.link.department,)
    if not departments:  # perhaps there were some when the page was made
        sheet = replace(sheet, filled=replace(sheet.filled, department=""))
    faults = sheet.filled.faults(departments)
    if body.text(TRAP):
        faults["form"] = (
            "A field that nobody sees was filled in, by your browser perhaps. Please send it once more."
        )
    elif (wrong := sheet.stamp.fault(now)) and not faults:  # else it comes again anyway
        faults["form"] = wrong
    kept, refused = await upload.store(front.files, body, page.limits, sheet.kept)
    if refused:
        faults["files"] = " ".join(refused)
    return replace(sheet, stamp=sheet.stamp.renewed(now), kept=tuple(kept), faults=faults)


async def _store(front: Front, dress: Dress, sheet: Sheet) -> Submitted:
    filled, web = sheet.filled.tidied(), front.settings.web
    return await front.desk.submit_form(
        filled.name,
        filled.email,
        filled.subject,
        filled.message,
        filled.department or None,
        sheet.kept,
        dress.link_sha256,
        web.receipt,
        web.receipts_an_hour,
        sheet.stamp.submission,
    )


def _refused(front: Front, sheet: Sheet, error: DeskError) -> Sheet:
    """The same sheet, to be sent once more."""
    if isinstance(error, Conflict):
        said = f"{error} What you changed since then was not. {error.hint}"
        return replace(sheet, stamp=Stamp.new(front.now()), faults={"form": said})
    if status_of(error) < 500:
        return replace(sheet, faults={"form": str(error)})
    _logger.error("A form could not be taken: %s", safe_line(str(error)))
    return replace(
        sheet, faults={"form": "We cannot take it right now. Please send it once more in a minute."}
    )
