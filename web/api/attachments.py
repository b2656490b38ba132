"""/api/attachments and /api/uploads: files of tickets, and files that are to be sent with an answer.

What is uploaded is stored at once, and the program gets a name for it that only it can use, for a day. A file
is always handed out to be saved, never to be shown: whatever it is, it is not of this site.
"""

import asyncio
import mimetypes
import re
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import StringConstraints

from core.errors import Conflict, Forbidden, NotFound
from core.text import safe_filename
from web.api.answer import KEPT, Upload, answered
from web.api.caller import Caller, caller_of
from web.api.condition import is_unchanged
from web.api.door import ApiRoute, DownloadRoute
from web.front import Front, front_of

uploads = APIRouter(prefix="/api/uploads", tags=["attachments"], route_class=ApiRoute)
router = APIRouter(prefix="/api/attachments", tags=["attachments"], route_class=DownloadRoute)

_DAY = 24 * 60 * 60
_UNKNOWN = "application/octet-stream"
_KIND = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_BYTES: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}

Handle = Annotated[str, StringConstraints(max_length=2000)]


@uploads.post(
    "",
    status_code=201,
    response_model=Upload,
    summary="Upload a file",
    openapi_extra={"requestBody": {"content": _BYTES}},
)
async def upload(
    request: Request,
    filename: Annotated[
        str, Query(pattern=r"^[^\x00-\x1f\x7f/\\]{1,200}$", description="As the customer sees it.")
    ],
) -> Response:
    """The body is the file as it is; `Content-Type` says what it is. `upload` of the answer goes
    into `attachments` of a reply."""
    front, caller = front_of(request), caller_of(request)
    if not await caller.gateway.read("may_add_file", name=f"attachments/{'0' * 64}"):
        raise Forbidden("You may not add files.")
    content = await request.body()
    sha256 = await asyncio.to_thread(front.files.put, "attachments", content)
    file = {
        "filename": filename,
        "content_type": _kind(request.headers.get("content-type", ""), filename),
        "size": len(content),
        "sha256": sha256,
    }
    handle = _handles(front).dumps([caller.name, file])
    return answered({"upload": handle, **file}, 201)


def uploaded(front: Front, caller: Caller, handle: str) -> dict[str, Any]:
    """What `Desk.reply` takes as an attachment. Raises Conflict where this caller uploaded no such file."""
    try:
        owner, file = _handles(front).loads(handle, max_age=_DAY)
    except BadData:
        owner, file = None, {}
    if owner != caller.name:
        raise Conflict("There is no such upload.", hint="Upload the file first; it waits for a day.")
    return dict(file)


@router.get(
    "/{id}",
    summary="Download a file",
    response_class=Response,
    responses={200: {"content": _BYTES}, 304: {"description": "The program has it."}},
)
async def download(
    request: Request, id: Annotated[UUID, Path(description="As the messages of its ticket name it.")]
) -> Response:
    """An attachment of a ticket, as it came."""
    found = await caller_of(request).desk.show_attachment(id)
    if found.sha256 is None:
        raise NotFound(
            "This attachment was too large to be kept.", hint="It is in the mail that it came with."
        )
    headers = {
        "ETag": f'"{found.sha256}"',
        "Content-Disposition": _disposition(found.filename),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        **KEPT,
    }
    if is_unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(await _content(front_of(request), found.sha256), headers=headers, media_type=_UNKNOWN)


def _disposition(filename: str) -> str:
    """The name twice (RFC 6266, appendix D): in letters that every program reads, and as it is."""
    name = safe_filename(filename.replace("/", "_").replace("\\", "_"))
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _content(front: Front, sha256: str) -> bytes:
    try:
        return await asyncio.to_thread(front.files.get, "attachments", sha256)
    except NotFound:  # its words say where on this machine it was looked for
        raise NotFound("The file of this attachment is missing.") from None


def _handles(front: Front) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(front.key, salt="upload by the API")


def _kind(said: str, filename: str) -> str:
    kind = said.partition(";")[0].strip().lower()
    if kind != _UNKNOWN and _KIND.fullmatch(kind):
        return kind
    return mimetypes.guess_type(filename)[0] or _UNKNOWN
