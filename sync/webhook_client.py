"""One message to one webhook: signed, sent to an address that was checked, answered within a time and a size.

Signed as Standard Webhooks has it (standardwebhooks.com): over the id, the time of the attempt and the body,
once with each secret that holds.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any
from uuid import UUID

import httpx
from standardwebhooks import Webhook as Signer

from core.errors import DeskError
from core.text import safe_line
from sync.lane import Lane
from sync.webhook_address import parse, resolve

_READ = 4096
"""Bytes of an answer that are looked at."""
_SHOWN = 300
_ADDRESSES = 3
"""So many of a host's addresses are tried when one does not take a connection."""
_CLOSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an attempt."""

    status: int | None = None
    """HTTP status; None where there was no answer."""
    said: str = ""
    """How the answer began, safe to show."""
    error: str | None = None
    """Why it did not come through, as a sentence; None where it did."""
    retry_after: float = 0.0
    """Seconds that the receiver asks to wait."""


def message_id(id: UUID) -> str:
    """The header by which a receiver knows a message again."""
    return f"msg_{id.hex}"


def encode(payload: dict[str, Any]) -> bytes:
    """The body: the same bytes at each try, with the type first for who reads it."""
    first = {name: payload[name] for name in ("type", "timestamp")}
    return json.dumps(first | payload, ensure_ascii=False, separators=(",", ":")).encode()


def sign(secrets: Sequence[str], id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The headers that let the receiver trust the body."""
    signatures = [Signer(secret).sign(id, moment, body.decode()) for secret in secrets]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def trusted() -> ssl.SSLContext:
    """Whom to believe: the authorities that browsers do, or those of SSL_CERT_FILE. Takes a while to make."""
    return httpx.create_ssl_context()


class WebhookClient:
    """For one webhook: a connection is never used again for another host at the same address."""

    def __init__(self, context: ssl.SSLContext, allow_private: bool, timeout: float) -> None:
        self._context = context
        self._allow_private = allow_private
        self._timeout = timeout
        self._lane = Lane("webhook names")
        self._http: httpx.AsyncClient | None = None
        self._host: bytes | None = None

    async def close(self) -> None:
        await self._forget()
        await self._lane.close(_CLOSE_SECONDS)

    async def _forget(self) -> None:
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    async def _client(self, url: httpx.URL) -> httpx.AsyncClient:
        """The pool knows connections by address: one that was opened for a host must not serve another."""
        if self._host != url.raw_host:
            await self._forget()
            self._host = url.raw_host
        if self._http is None:
            self._http = httpx.AsyncClient(verify=self._context, timeout=self._timeout, trust_env=False)
        return self._http

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answered:
        """Never raises for what the receiver, its name or the network does."""
        try:
            async with asyncio.timeout(self._timeout):
                parsed = parse(url, self._allow_private)
                addresses = await self._lane.do(resolve, parsed, self._allow_private)
                return await self._try_each(parsed, addresses, headers, body)
        except TimeoutError:
            return Answered(error=f"There was no answer within {self._timeout:g} seconds.")
        except DeskError as error:
            return Answered(error=safe_line(" ".join(filter(None, (str(error), error.hint))), _SHOWN))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answered(error=_sentence(error))

    async def _try_each(
        self, url: httpx.URL, addresses: Sequence[str], headers: dict[str, str], body: bytes
    ) -> Answered:
        *others, last = addresses[:_ADDRESSES]
        for address in others:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):  # nothing was sent then
                return await self._send(url, address, headers, body)
        return await self._send(url, last, headers, body)

    async def _send(self, url: httpx.URL, address: str, headers: dict[str, str], body: bytes) -> Answered:
        """To that very address, under the host's own name, in the Host header and in TLS, which proves it."""
        http = await self._client(url)
        async with http.stream(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={
                "host": url.netloc.decode("ascii"),
                "content-type": "application/json",
                "accept-encoding": "identity",
                "user-agent": f"ttydesk/{version('ttydesk')}",
                **headers,
            },
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        ) as response:
            return _read(response, await _beginning(response))


async def _beginning(response: httpx.Response) -> bytes:
    """Raw, for what is packed may be far larger than it looks."""
    read = b""
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= _READ:
            break
    return read[:_READ]


def _read(response: httpx.Response, body: bytes) -> Answered:
    status = response.status_code
    said = safe_line(body.decode("utf-8", "replace"), _SHOWN)
    if 200 <= status < 300:
        return Answered(status, said)
    elsewhere = ", which leads elsewhere; webhooks do not follow" if 300 <= status < 400 else ""
    asked = response.headers.get("retry-after", "") if status in (429, 503) else ""
    return Answered(
        status,
        said,
        f"The receiver answered {status}{elsewhere}.",
        float(asked) if asked.isdecimal() and len(asked) < 9 else 0.0,
    )


def _sentence(error: httpx.HTTPError | httpx.InvalidURL) -> str:
    """Without the address, which may hold a secret of the receiver's."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The receiver's certificate does not hold: {safe_line(cause.verify_message, 200)}."
        if isinstance(cause, ssl.SSLError):
            return "The receiver does not speak TLS as it should."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "The receiver takes no connection."
    if isinstance(error, httpx.TimeoutException):
        return "There was no answer in time."
    return f"The receiver broke off ({type(error).__name__})."
