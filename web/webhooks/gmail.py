"""POST /api/webhooks/gmail: Google pushes what Gmail told a topic of yours: there may be new mail.

Nothing of it is trusted but that: the daemon is woken and asks Gmail's own history. So it does no harm when a
message comes twice, late or never. Google signs each call in the name of a service account (OpenID Connect).
"""

import base64
import json
import logging
from datetime import datetime
from typing import Annotated

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate
from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints
from starlette.exceptions import HTTPException

from core.errors import Forbidden, SignedOut
from core.sections import Google
from core.text import safe_line
from web.front import Front, front_of
from web.webhooks.delivery import Payload, malformed, parsed
from web.webhooks.document import Documents, documents_of

PATH = "/api/webhooks/gmail"
CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
_LEEWAY_SECONDS = 10
_logger = logging.getLogger("ttydesk.web")
router = APIRouter(include_in_schema=False)


class _Message(Payload):
    data: str = ""


class _Push(Payload):
    message: _Message


class _Notice(Payload):
    address: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)] = Field(
        alias="emailAddress"
    )
    history: int = Field(alias="historyId", ge=0, lt=2**64)


@router.post(PATH)
async def gmail(request: Request) -> Response:
    front = front_of(request)
    google = front.settings.google
    if not (google.push_audience and google.push_account):
        raise HTTPException(404, "There is no such webhook here.")
    try:
        await check_token(_bearer(request), google, documents_of(request), front.now())
    except (SignedOut, Forbidden) as error:
        await _note(front, type(error.__cause__ or error).__name__, error)
        raise
    notice = read(await request.body())
    if not await front.desk.wake_mailbox(notice.address):
        await _note(front, notice.address, f"It is about {notice.address}, which is no mailbox of this desk.")
    return Response(status_code=204)  # of a stranger's mailbox too: else it would come again for days


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise SignedOut(
            "Google's token is missing.", hint="The subscription has to push with authentication."
        )
    return token.strip()


async def check_token(token: str, google: Google, documents: Documents, now: datetime) -> None:
    """Raises SignedOut for a token that is not Google's, not for us or not of now, Forbidden where another
    account than ours calls, and Unreachable where Google's certificates cannot be had."""
    key = await _key(token, google.push_certificates or CERTIFICATES, documents, now)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=google.push_audience,
            issuer=ISSUERS,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "aud", "iss"], "strict_aud": True},
        )
    except jwt.PyJWTError as error:
        raise SignedOut(f"Google's token is not good: {safe_line(str(error), limit=200)}.") from error
    if claims.get("email") != google.push_account or claims.get("email_verified") is not True:
        raise Forbidden("The token is of another service account than that of the settings.")


async def _key(token: str, url: str, documents: Documents, now: datetime) -> RSAPublicKey:
    """Of the certificate that the token names. Google changes them often, so an unknown one may be new."""
    try:
        name = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError as error:
        raise SignedOut("What came is no token of Google's.") from error
    for newer in (False, True):
        if key := _find(await documents.get(url, newer), name, now):
            return key
    raise SignedOut("The token is signed with a key that Google does not have.")


def _find(certificates: bytes, name: object, now: datetime) -> RSAPublicKey | None:
    try:
        found = json.loads(certificates)
        certificate = load_pem_x509_certificate(found[name].encode())
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    key = certificate.public_key()
    is_valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    return key if is_valid and isinstance(key, RSAPublicKey) else None


def read(body: bytes) -> _Notice:
    """Raises HTTPException 400 for what is no message of Gmail's."""
    push = parsed(_Push, body)
    try:
        content = base64.b64decode(push.message.data, altchars=b"-_", validate=True)
    except ValueError:
        raise malformed("message.data is no base64") from None
    return parsed(_Notice, content)


async def _note(front: Front, who: str, why: object) -> None:
    """Once a minute for each: whoever sets it up sees it, and nobody fills the log."""
    if (await front.rates.take("refused pushes", "1/minute", who)).is_given:
        _logger.warning("A push for Gmail counts for nothing: %s", safe_line(str(why)))
