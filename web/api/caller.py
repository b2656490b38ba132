"""Who calls the API: a program with a token of ours, or, of a desk at Supabase, with an agent's sign-in.

It stands in the header alone (RFC 6750, 2.1): addresses are kept in logs. Whether it opens anything is found
out by the operation itself, in the same round trip.
"""

from dataclasses import dataclass, field

from fastapi import Request
from starlette.exceptions import HTTPException

from core.account import subject_of
from core.desk import Desk
from core.errors import SignedOut
from core.gateway import Gateway
from core.tokens import PREFIX, gateway_of, sha256_of
from web.front import Front


@dataclass(frozen=True, slots=True)
class Caller:
    gateway: Gateway
    """The desk as this caller has it, for answers that are passed on as they are."""
    name: str = field(repr=False)
    """What it is counted by, and what its idempotency keys belong to."""

    @property
    def desk(self) -> Desk:
        return Desk(self.gateway)


def caller_of(request: Request) -> Caller:
    """Whoever was let in by `web.api.door`."""
    caller: Caller = request.state.caller
    return caller


def find_caller(request: Request, front: Front) -> Caller:
    """Raises a 401 for whoever shows nothing that could open the desk."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise HTTPException(
            401,
            "The API takes a token: ttydesk token create.",
            {"WWW-Authenticate": 'Bearer realm="ttydesk"'},
        )
    if secret.startswith(PREFIX):
        return Caller(gateway_of(front.desk, secret), sha256_of(secret))
    if front.accounts and (subject := subject_of(secret)):
        return Caller(front.accounts.gateway_of(secret), subject)
    raise SignedOut("This token does not open the desk.", hint="Make one: ttydesk token create.")
