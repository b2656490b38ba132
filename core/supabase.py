"""The gateway to a hosted desk: every operation is one call of Supabase's PostgREST.

Supabase's client tries nothing again that changes something, so this does: each such operation may be called
twice, for it carries a request id or has a natural key. A token may end at any time; whoever gave it is asked
for another. Importing this takes a second: only what opens a hosted desk does.
"""

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import httpx
from pydantic_core import to_jsonable_python
from supabase import AsyncClient, AsyncClientOptions
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from core.errors import DeskError, NotFound, SignedOut, Unreachable
from core.interface import interface
from core.refusal import Refused, key_refused, refusal
from core.version import SqlFiles, misfit

# They tell of each address with all that stands in it, and of headers with the keys in them.
for _talker in ("httpx", "httpcore", "hpack", "h2"):
    logging.getLogger(_talker).setLevel(logging.ERROR)

_ATTEMPTS = 5
_SECONDS = 15.0
"""After that nothing is tried again: somebody waits."""
_TIMEOUT = httpx.Timeout(30, connect=5)
_POLL_SECONDS = 2.0
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OF_POSTGREST = {"select", "columns", "on_conflict", "order", "limit", "offset", "and", "or"}
"""In an address they are PostgREST's own, and never reach the function."""

_backing_off = wait_random_exponential(multiplier=0.2, max=3)


class Token(Protocol):
    """Where the token comes from that says who is asking."""

    async def __call__(self, refused: str | None = None) -> str:
        """One to call with, other than `refused`, which was not accepted; `SignedOut` when there is none."""
        ...


def backing_off(state: RetryCallState) -> float:
    """Seconds until the next attempt: what the server asked for, or longer each time, and never the same
    for all who were refused together."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, Refused) else 0.0
    return asked + _backing_off(state)


class SupabaseGateway:
    def __init__(
        self,
        url: str,
        key: str,
        token: Token | None = None,
        *,
        strict: bool = False,
        poll_seconds: float = _POLL_SECONDS,
        pause: Callable[[RetryCallState], float] = backing_off,
    ) -> None:
        """Without a `token` the `key` itself says who is asking: the service, if it is the secret one.
        `strict` takes a desk of this very version only, not one that merely fits. `pause` gives the seconds
        between attempts."""
        self._key = key
        self._token = token
        self._strict = strict
        self._poll_seconds = poll_seconds
        self._followers: set[asyncio.Event] = set()
        self._retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, Refused) and error.again),
            stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_SECONDS),
            wait=pause,
            reraise=True,
        )
        self._http = httpx.AsyncClient(
            http2=True, timeout=_TIMEOUT, event_hooks={"response": [_require_result]}
        )
        options = AsyncClientOptions(
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
            httpx_client=self._http,
        )
        self._client = AsyncClient(url, key, options)
        self._looking: asyncio.Task[DeskError | None] | None = None
        """For why the desk does not fit this ttydesk. Without `open` nobody looks."""

    async def open(self) -> "SupabaseGateway":
        """Begins to ask of what version the desk is, and waits for nothing: what is read first is asked for
        in the same round trip. Every call raises what `require_fit` does, before anything is written."""
        self._looking = asyncio.create_task(self._look())
        return self

    async def require_fit(self) -> None:
        """Raises `Conflict` where the desk's version does not fit ours, `NotFound` where there is none."""
        if self._looking is None or (self._looking.done() and self._looking.exception()):
            self._looking = asyncio.create_task(self._look())  # the one before did not get through
        looking = self._looking
        await asyncio.wait([looking])  # the others wait for it, too: who gives up does not end it
        if looking.cancelled():
            raise Unreachable  # closed meanwhile
        if why := looking.result():
            raise why

    async def _look(self) -> DeskError | None:
        files = await asyncio.to_thread(SqlFiles.read)
        try:
            version: Any = await self._call("desk_version", {}, reading=True)
        except NotFound as error:
            if "desk_version" not in str(error):
                raise
            return misfit(files, None)
        if version["digest"] == files.digest():
            return None
        fits = not self._strict and version.get("interface") == interface()
        return None if fits else misfit(files, version["migrations"])

    async def close(self) -> None:
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._http.aclose()

    async def read(self, function: str, **arguments: Any) -> object:
        if self._looking is None:
            return await self._call(function, arguments, reading=True)
        calling = asyncio.create_task(self._call(function, arguments, reading=True))
        try:
            await self.require_fit()
        except BaseException:  # whatever the answer is, it counts for nothing
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
            raise
        return await calling

    async def write(self, function: str, **arguments: Any) -> object:
        if self._looking:
            await self.require_fit()
        answer = await self._call(function, arguments, reading=False)
        for follower in self._followers:
            follower.set()
        return answer

    async def nudges(self) -> AsyncIterator[None]:
        """One every two seconds, give or take a tenth of it, and one at once after what we did ourselves.

        It asks nothing: whoever follows asks `events_since`, and that is all an idle desk costs, 30 calls a
        minute and agent. So what others do is seen after 2.2 seconds and one call at the latest. Without a
        network these calls fail, and the next nudge comes all the same.
        """
        wrote = asyncio.Event()
        self._followers.add(wrote)
        try:
            while True:
                yield None
                seconds = self._poll_seconds * random.uniform(0.9, 1.1)  # not all agents in the same instant
                await _wait(wrote, seconds)
                wrote.clear()
        finally:
            self._followers.discard(wrote)

    async def _call(self, function: str, arguments: dict[str, Any], reading: bool) -> object:
        values: dict[str, Any] = to_jsonable_python(arguments)
        get = reading and all(_fits_an_address(name, value) for name, value in values.items())
        try:
            return await self._retrying.copy()(self._ask, function, values, get)  # it keeps count
        except Refused as refused:
            raise refused.error from refused.__cause__

    async def _ask(self, function: str, values: dict[str, Any], get: bool) -> object:
        if self._token is None:
            try:
                return await self._ask_as(self._key, function, values, get)
            except Refused as refused:
                if isinstance(refused.error, SignedOut) and not refused.by_desk:  # a key does not run out
                    raise Refused(key_refused()) from refused.__cause__
                raise
        token = await self._token()
        try:
            return await self._ask_as(token, function, values, get)
        except Refused as refused:
            if not isinstance(refused.error, SignedOut):
                raise
            return await self._ask_as(await self._token(refused=token), function, values, get)

    async def _ask_as(self, token: str, function: str, values: dict[str, Any], get: bool) -> object:
        call = self._client.postgrest.auth(token).rpc(function, values, get=get)
        try:
            return (await call.execute()).data
        except httpx.RequestError as error:
            raise Refused(unreachable(error), again=True) from error


def _fits_an_address(name: str, value: object) -> bool:
    """Numbers and ids do. Text does not: PostgREST would take `eq.1` for a filter, and whatever stands in an
    address is kept in the logs of servers and proxies. Nor does nothing: it would be the word null."""
    if name in _OF_POSTGREST:
        return False
    return isinstance(value, bool | int | float) or (isinstance(value, str) and bool(_UUID.fullmatch(value)))


async def _require_result(response: httpx.Response) -> None:
    """Whatever is not a result of the database ends here, while status and headers are still known."""
    content = await response.aread()
    is_json = response.headers.get("content-type", "").startswith("application/json")
    if response.is_success and (is_json or not content):
        return
    function = response.request.url.path.rpartition("/")[2]
    raise refusal(function, response.status_code, response.headers, content)


def unreachable(error: httpx.RequestError, what: str = "The database") -> Unreachable:
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(f"{what} cannot be reached: no answer came in time.")
    said = str(error).partition(" (")[0] or type(error).__name__
    return Unreachable(f"{what} cannot be reached: {said.rstrip('.')}.")


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
