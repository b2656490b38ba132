"""Agents' own sign-ins at Supabase, as programs bring them along with each request.

One gateway serves all of them: whose token a call is made with is known from the task that makes it. No token
is kept, and whether it is one is for Supabase to say.
"""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import SignedOut
from core.gateway import Gateway
from core.session import mail_code
from core.tokens import ProgramGateway

if TYPE_CHECKING:
    from core.config import Settings

_token: ContextVar[str] = ContextVar("token of the request")


async def token_of_the_request(refused: str | None = None) -> str:
    token = _token.get()
    if token == refused:
        raise SignedOut("This sign-in has ended.", hint="Renew it at Supabase, and use the new access token.")
    return token


def subject_of(token: str) -> str | None:
    """The account that a token (RFC 7519) says it is of, believed by nobody; None where it is none at all."""
    try:
        payload = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(said["sub"])
    except (ValueError, LookupError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class AccountGateway:
    """The desk as one account has it."""

    hosted: Gateway
    token: str = field(repr=False)

    async def read(self, function: str, **arguments: Any) -> object:
        _token.set(self.token)
        return await self.hosted.read(function, **arguments)

    async def write(self, function: str, **arguments: Any) -> object:
        _token.set(self.token)
        return await self.hosted.write(function, **arguments)

    def nudges(self) -> AsyncIterator[None]:
        return self.hosted.nudges()

    async def close(self) -> None:
        """The hosted gateway is others' too."""


@dataclass(frozen=True, slots=True)
class Accounts:
    _hosted: Gateway
    _url: str
    _key: str = field(repr=False)
    """The publishable one."""

    def gateway_of(self, token: str) -> Gateway:
        """The desk as whoever has this sign-in has it."""
        return ProgramGateway(AccountGateway(self._hosted, token))

    async def invite(self, email: str) -> None:
        """Mail somebody a code with which they can sign in."""
        await mail_code(self._url, self._key, email)


@asynccontextmanager
async def open_accounts(settings: "Settings") -> AsyncIterator[Accounts | None]:
    """None where nobody signs in: the desk is not at Supabase, or lacks the key that goes with a sign-in."""
    hosted = settings.supabase
    if not hosted.url or not hosted.publishable_key:
        yield None
        return
    from core.supabase import SupabaseGateway

    key = hosted.publishable_key.get_secret_value()
    gateway = SupabaseGateway(hosted.url, key, token_of_the_request)
    try:
        yield Accounts(gateway, hosted.url, key)
    finally:
        await gateway.close()
