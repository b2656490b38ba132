"""Tokens: secrets that programs show in place of an agent, and the gateway that works by one.

A token is 256 random bits behind a prefix that says what it is. It is shown to whoever made it, once; the
database holds its SHA-256, and looks at each call whether it still opens anything.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from core.carriers import Record
from core.gateway import Gateway, records

PREFIX = "ttd_"
SCOPES = ("tickets:read", "tickets:write", "agents:read", "agents:write")
"""What each allows, `desk.scopes` says (sql/functions/tokens.sql)."""


def new_secret() -> str:
    """A token that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(32)


def sha256_of(secret: str) -> str:
    """As the database knows it. A salt would add nothing: no two are alike, and none can be tried out."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Token(Record):
    """What is known of a token; the token itself is not."""

    id: int
    agent_email: str
    """Whose rights it has."""
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    """None: never."""
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None


class Tokens:
    """The operations on tokens; part of `core.desk.Desk`."""

    _gateway: Gateway

    async def create_token(
        self,
        sha256: str,
        scopes: Sequence[str],
        name: str = "",
        expires_at: datetime | None = None,
        email: str | None = None,
        request_id: UUID | None = None,
    ) -> Token:
        """Make `new_secret()` known by its `sha256_of`. `email`: of another agent, which takes an admin."""
        answer = await self._gateway.write(
            "create_token",
            sha256=sha256,
            scopes=list(scopes),
            name=name,
            expires_at=expires_at,
            email=email,
            request_id=request_id or uuid4(),
        )
        return Token.model_validate(answer)

    async def list_tokens(self) -> list[Token]:
        """One's own; for an admin, everybody's. Those that open nothing any more, too."""
        return records(Token, await self._gateway.read("list_tokens"))

    async def revoke_token(self, id: int) -> Token:
        """It opens nothing any more, from its next call on."""
        return Token.model_validate(await self._gateway.write("revoke_token", id=id))

    async def forget_requests(self, days: int = 7) -> int:
        """Drop what tells one request under an idempotency key from another; returns how many there were."""
        return TypeAdapter(int).validate_python(await self._gateway.write("forget_requests", days=days))


@dataclass(frozen=True, slots=True)
class TokenGateway:
    """The desk as a token opens it: every call becomes one of the service, which looks at the token."""

    service: Gateway
    sha256: str = field(repr=False)

    async def read(self, function: str, **arguments: Any) -> object:
        return await self.service.read("use_token", **self._call(function, arguments))

    async def write(self, function: str, **arguments: Any) -> object:
        return await self.service.write("use_token", **self._call(function, arguments))

    def _call(self, function: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"token_sha256": self.sha256, "operation": function, "arguments": arguments}

    def nudges(self) -> AsyncIterator[None]:
        return self.service.nudges()

    async def close(self) -> None:
        """The service's gateway is others' too."""


@dataclass(frozen=True, slots=True)
class ProgramGateway:
    """The desk as an agent's own sign-in opens it to a program: what it asks for under a request id cannot
    be another thing next time."""

    agent: Gateway

    async def read(self, function: str, **arguments: Any) -> object:
        return await self.agent.read(function, **arguments)

    async def write(self, function: str, **arguments: Any) -> object:
        return await self.agent.write("run_once", operation=function, arguments=arguments)

    def nudges(self) -> AsyncIterator[None]:
        return self.agent.nudges()

    async def close(self) -> None:
        await self.agent.close()


def gateway_of(service: Tokens, secret: str) -> TokenGateway:
    """The desk of the service as whoever shows this token has it."""
    return TokenGateway(service._gateway, sha256_of(secret))
