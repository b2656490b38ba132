"""An agent's sign-in at Supabase: begun with a code that is mailed, or a password, and kept until it ends.

What is kept is refreshed ahead of its end. A refresh token is good for one use, and all programs of an agent
share it: so whoever refreshes it holds a lock, and looks first whether another has done so meanwhile.
"""

import asyncio
import fcntl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

from core.errors import DeskError, Invalid, SignedOut, StorageFailed, Unreachable
from core.refusal import SIGN_IN
from core.vault import Vault

if TYPE_CHECKING:
    from supabase_auth import AsyncGoTrueClient

_NAME = "session"
_AHEAD = 60.0
"""So many seconds before its end a token is refreshed."""
_PATIENCE = 20.0
_PAUSE = 0.05


class Kept(BaseModel):
    """A sign-in as it is kept."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    url: str
    email: str
    access_token: SecretStr
    refresh_token: SecretStr
    expires_at: float
    """When the access token ends, in seconds since 1970."""

    @field_serializer("access_token", "refresh_token", when_used="json")
    def _shown_to_the_vault(self, secret: SecretStr) -> str:
        return secret.get_secret_value()


@dataclass(slots=True)
class Session:
    """Of the agent who works on this machine. Called, it gives a token to ask the desk with."""

    url: str
    key: str
    """The publishable one."""
    vault: Vault
    home: Path
    now: Callable[[], float] = time.time
    _kept: Kept | None = None

    async def __call__(self, refused: str | None = None) -> str:
        """A token other than `refused`. Raises SignedOut where there is no sign-in, or where it has ended."""
        kept = self._kept = self._kept or await self.kept()
        if kept is None:
            raise SignedOut(hint=SIGN_IN)
        if not self._is_good(kept, refused):
            kept = await self._refresh(refused)
        return kept.access_token.get_secret_value()

    async def kept(self) -> Kept | None:
        """What is kept on this machine, for this project."""
        written = await asyncio.to_thread(self.vault.load, _NAME)
        if written is None:
            return None
        try:
            kept = Kept.model_validate_json(written)
        except ValidationError:  # its text would show what was written
            raise StorageFailed(f"What {self.vault.place} holds is no sign-in.", hint=SIGN_IN) from None
        return kept if kept.url == self.url else None

    async def send_code(self, email: str) -> None:
        """Mail a code to the address. The first time this makes the account, too."""
        await mail_code(self.url, self.key, email)

    async def enter_code(self, email: str, code: str) -> Kept:
        async with self._auth() as auth:
            return await self._keep(await auth.verify_otp({"email": email, "token": code, "type": "email"}))

    async def enter_password(self, email: str, password: str) -> Kept:
        async with self._auth() as auth:
            return await self._keep(await auth.sign_in_with_password({"email": email, "password": password}))

    async def end(self) -> bool:
        """Forget it, here and at Supabase; whether Supabase heard of it."""
        kept, heard = await self.kept(), True
        if kept:
            try:
                async with self._auth() as auth:
                    await auth.admin.sign_out(kept.access_token.get_secret_value(), "local")
            except SignedOut:
                pass  # it had ended
            except DeskError:
                heard = False
        await asyncio.to_thread(self.vault.delete, _NAME)
        self._kept = None
        return heard

    def _is_good(self, kept: Kept, refused: str | None) -> bool:
        return kept.access_token.get_secret_value() != refused and kept.expires_at - self.now() > _AHEAD

    async def _refresh(self, refused: str | None) -> Kept:
        async with self._alone():
            kept = await self.kept()
            if kept is None:
                raise SignedOut(hint=SIGN_IN)
            if not self._is_good(kept, refused):
                async with self._auth() as auth:
                    return await self._keep(await auth.refresh_session(kept.refresh_token.get_secret_value()))
            self._kept = kept
            return kept

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Of all programs of this desk."""
        with await asyncio.to_thread(_opened, self.home / "session.lock") as file:
            begin = time.monotonic()
            while not _locked(file.fileno()):
                if time.monotonic() - begin > _PATIENCE:
                    raise Unreachable("Another program has been renewing the sign-in for long.")
                await asyncio.sleep(_PAUSE)
            yield

    async def _keep(self, answer: Any) -> Kept:
        if answer.session is None:
            raise Unreachable("Supabase's sign-in gave no session.")
        kept = Kept(
            url=self.url,
            email=answer.user.email,
            access_token=SecretStr(answer.session.access_token),
            refresh_token=SecretStr(answer.session.refresh_token),
            expires_at=answer.session.expires_at or self.now() + answer.session.expires_in,
        )
        await asyncio.to_thread(self.vault.save, _NAME, kept.model_dump_json())
        self._kept = kept
        return kept

    def _auth(self) -> "AbstractAsyncContextManager[AsyncGoTrueClient]":
        return _auth_at(self.url, self.key)


async def mail_code(url: str, key: str, email: str) -> None:
    """Mail a code that signs in; the first time this makes the account, too. `key` is the publishable one."""
    async with _auth_at(url, key) as auth:
        await auth.sign_in_with_otp({"email": email, "options": {"should_create_user": True}})


@asynccontextmanager
async def _auth_at(url: str, key: str) -> "AsyncIterator[AsyncGoTrueClient]":
    """Supabase's client of its sign-in, which keeps nothing; its refusals as ours."""
    import httpx
    from supabase_auth import AsyncGoTrueClient
    from supabase_auth.errors import AuthError

    async with httpx.AsyncClient(timeout=httpx.Timeout(30, connect=5)) as http:
        auth = AsyncGoTrueClient(
            url=f"{url.rstrip('/')}/auth/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            auto_refresh_token=False,
            persist_session=False,
            http_client=http,
        )
        try:
            yield auth
        except AuthError as error:
            raise _refusal(error) from None


_ENDED = {"refresh_token_not_found", "refresh_token_already_used", "session_not_found", "session_expired",
          "user_banned", "user_not_found", "bad_jwt"}  # fmt: skip
_SAID: dict[str, tuple[str, str | None]] = {
    "otp_expired": ("That code is wrong, or has run out.", "Ask for a new one: ttydesk login"),
    "invalid_credentials": ("That address and password do not fit.", None),
    "email_not_confirmed": ("That address was never confirmed.", "Sign in with a code: ttydesk login"),
    "over_email_send_rate_limit": (
        "A code was sent just now.",
        "Wait a minute before asking for another; Supabase's own mail sender sends two an hour.",
    ),
    "email_address_not_authorized": (
        "Supabase's own mail sender writes to members of the project's organisation only.",
        "Set an SMTP server in the project, as docs/supabase.md says.",
    ),
    "over_request_rate_limit": ("Too many attempts in a short time.", "Wait some minutes."),
    "otp_disabled": (
        "The project makes no account for that address.",
        "Ask an admin to add you as an agent.",
    ),
    "signup_disabled": ("The project makes no account for that address.", "Ask an admin to add you."),
    "email_address_invalid": ("That is not an address that mail can be sent to.", None),
}


def _refusal(error: Any) -> DeskError:
    """What Supabase's sign-in refused. Its own words may hold what was typed, so they are not shown."""
    from supabase_auth.errors import AuthApiError, AuthInvalidJwtError, AuthSessionMissingError

    if isinstance(error, AuthSessionMissingError | AuthInvalidJwtError):
        return SignedOut("Your sign-in has ended.", hint=SIGN_IN)
    if not isinstance(error, AuthApiError):
        return Unreachable("Supabase's sign-in does not answer.")
    code = str(error.code or "")
    if code in _ENDED:
        return SignedOut("Your sign-in has ended.", hint=SIGN_IN)
    if code in _SAID:
        said, hint = _SAID[code]
        return Invalid(said, hint=hint)
    if error.status == 429:
        return Unreachable("Supabase's sign-in asks to wait.", hint="Try again in a minute.")
    if error.status in (401, 403):
        return Invalid(
            "Supabase's sign-in does not take the publishable key.",
            hint="Look at supabase.url and supabase.publishable_key.",
        )
    return Invalid(f"Supabase's sign-in refused it ({code or error.status}).")


def _opened(path: Path) -> IO[bytes]:
    try:
        return open(path, "ab")
    except OSError as error:
        raise StorageFailed(f"{path} cannot be opened: {error.strerror}.") from error


def _locked(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
