"""Who is signed in to the portal: a cookie, of which the database knows the SHA-256.

The token in it is made of the link that was used and of the form that used it, with our key. So a form that
is sent twice gives the same session, and whose first answer was lost is signed in all the same.
"""

import hashlib
import hmac

from fastapi import Request
from starlette.responses import Response

from core.portal_link import sha256_of
from web.front import Front

SECONDS = 30 * 86400
"""How long somebody stays signed in."""


def new_token(front: Front, link: str, nonce: str) -> str:
    """What the cookie holds: for nobody to guess who has not got the link, and the key as well."""
    return "tts_" + hmac.new(front.key.encode(), f"{link}\0{nonce}".encode(), hashlib.sha256).hexdigest()


def session_of(request: Request, front: Front) -> str | None:
    """The SHA-256 of the session that the visitor's browser names; None where it names none."""
    token = request.cookies.get(_name(front))
    return sha256_of(token) if token else None


def sign_in(response: Response, front: Front, token: str) -> None:
    response.set_cookie(_name(front), token, SECONDS, path="/", secure=_is_secure(front), httponly=True)


def sign_out(response: Response, front: Front) -> None:
    response.delete_cookie(_name(front), path="/", secure=_is_secure(front), httponly=True)


def _is_secure(front: Front) -> bool:
    return (front.settings.web.address or "").startswith("https://")


def _name(front: Front) -> str:
    """With the prefix a browser takes it from this very host alone, and over TLS (RFC 6265bis, 4.1.3.2)."""
    return "__Host-ttydesk" if _is_secure(front) else "ttydesk"
