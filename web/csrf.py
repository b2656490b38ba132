"""Whether a form that comes back is one that we handed out, to this very visitor.

Two things are asked. The browser says from which site it sends (Sec-Fetch-Site; older ones only Origin), and
no page can make it say so wrongly. And the form brings a slip along: sealed, bound to the session, and with a
name of its own, by which a form that comes twice is known for the same.
"""

import hmac
from uuid import UUID, uuid4

from fastapi import Request
from starlette.exceptions import HTTPException

from web.front import Front
from web.seal import Seal

_FOREIGN = "This was sent from a page that is not ours. Open the page here and try again."


def require_own_page(request: Request, front: Front) -> None:
    """Raises HTTPException when another site has sent it."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin")
        here = f"{request.url.scheme}://{request.headers.get('host', '')}"
        is_ours = origin in (None, (front.settings.web.address or here).rstrip("/"))
    if not is_ours:
        raise HTTPException(403, _FOREIGN)


class Slips:
    """What each form of a session brings along."""

    def __init__(self, front: Front) -> None:
        self._seal = Seal(front.key, "portal.slip")

    def write(self, session: str, request_id: UUID | None = None) -> str:
        """`session` is known by its SHA-256; half of that says whose slip it is and opens nothing."""
        return self._seal.close([session[:32], str(request_id or uuid4())])

    def read(self, session: str, text: str) -> UUID | None:
        """The form's name; None when the slip is of another session, or none of ours."""
        match self._seal.open(text):
            case [str(whose), str(name)] if hmac.compare_digest(whose.encode(), session[:32].encode()):
                return UUID(name)
        return None


def require_slip(request: Request, front: Front, session: str, text: str) -> UUID:
    """The form's name. Raises HTTPException when it is not this session's."""
    require_own_page(request, front)
    name = Slips(front).read(session, text)
    if name is None:
        raise HTTPException(403, "This page is from an earlier sign-in. Open it again and try once more.")
    return name
