"""Signing in to a hosted desk, for whoever asks somebody for a code or a password.

An account is an agent's only once it was claimed: so that is done each time, and changes nothing the second.
"""

from dataclasses import dataclass
from typing import Protocol

from core.connect import Way, open_gateway, session_of
from core.errors import Invalid


class SignIn(Protocol):
    """The steps of it. Each raises a DeskError when it is refused."""

    async def address(self) -> str:
        """Who signed in here last, or whom the settings name; empty where nothing is known."""
        ...

    async def send_code(self, email: str) -> None: ...

    async def enter_code(self, email: str, code: str) -> None: ...

    async def enter_password(self, email: str, password: str) -> None: ...


@dataclass(frozen=True, slots=True)
class HostedSignIn:
    way: Way

    async def address(self) -> str:
        kept = await session_of(self.way).kept()
        return kept.email if kept else self.way.agent or ""

    async def send_code(self, email: str) -> None:
        await session_of(self.way).send_code(email)

    async def enter_code(self, email: str, code: str) -> None:
        await session_of(self.way).enter_code(email, code)
        await self._claim()

    async def enter_password(self, email: str, password: str) -> None:
        await session_of(self.way).enter_password(email, password)
        await self._claim()

    async def _claim(self) -> None:
        async with open_gateway(self.way) as gateway:
            await gateway.write("claim_account")

    async def take(self, step: str, *said: str) -> str | None:
        """A step by its name, as another process asks for it."""
        match step, *said:
            case ["address"]:
                return await self.address()
            case ["send_code", email]:
                await self.send_code(email)
            case ["enter_code", email, code]:
                await self.enter_code(email, code)
            case ["enter_password", email, password]:
                await self.enter_password(email, password)
            case _:
                raise Invalid(f"To sign in there is no step {step!r}.")
        return None
