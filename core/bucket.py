"""The bucket of a hosted desk in Supabase Storage: calls, tried again where that helps, and their errors.

Nothing in it is ever changed, so every call may be made twice. Importing this takes a second.
"""

import weakref
from collections.abc import Callable
from typing import Any

import httpx
from storage3 import SyncStorageClient
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay

from core.errors import Conflict, NotFound, SignedOut
from core.refusal import Refused, key_refused, storage_refusal
from core.supabase import backing_off, unreachable

BUCKET = "ttydesk"

_ATTEMPTS = 5
_SECONDS = 30.0
_TIMEOUT = httpx.Timeout(120, connect=5)
_OPTIONS: Any = {"content-type": "application/octet-stream", "cache-control": "31536000"}

Bearer = Callable[[str | None], str]
"""A token other than the given one, which was refused; it may block. Raises SignedOut when there is none."""


class Bucket:
    def __init__(
        self,
        url: str,
        key: str,
        bearer: Bearer | None = None,
        pause: Callable[[RetryCallState], float] = backing_off,
    ) -> None:
        """Without a `bearer` the `key` itself says who is asking. `pause`: seconds between attempts."""
        self._url = url.rstrip("/") + "/storage/v1/"
        self._key = key
        self._bearer = bearer
        self._http = httpx.Client(http2=True, timeout=_TIMEOUT, event_hooks={"response": [_require_result]})
        # Not at the end of a process: that may be one that was forked, and the connection another's.
        weakref.finalize(self, self._http.close).atexit = False
        self._retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, Refused) and error.again),
            stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_SECONDS),
            wait=pause,
            reraise=True,
        )

    def close(self) -> None:
        self._http.close()

    def make(self) -> None:
        """As sql/policies.sql does, where somebody took it away since; it takes the secret key."""
        headers = {"apiKey": self._key, "Authorization": f"Bearer {self._key}"}
        client = SyncStorageClient(self._url, headers, http_client=self._http)
        try:
            client.create_bucket(BUCKET, BUCKET, {"public": False})
        except Refused as refused:
            raise refused.error from refused.__cause__

    def upload(self, place: str, content: bytes) -> None:
        """What is there already stays."""
        try:
            self._ask(lambda bucket: bucket.upload(place, content, _OPTIONS))
        except Conflict:
            return

    def download(self, place: str) -> bytes:
        content: bytes = self._ask(lambda bucket: bucket.download(place))
        return content

    def has(self, place: str) -> bool:
        try:
            self._ask(lambda bucket: bucket.info(place))
        except NotFound as error:
            if error.hint:  # it is the bucket that is missing
                raise
            return False
        return True

    def page(self, folder: str, offset: int, limit: int = 1000) -> list[str]:
        """Names in the folder, in order."""
        options: Any = {"limit": limit, "offset": offset, "sortBy": {"column": "name", "order": "asc"}}
        found = self._ask(lambda bucket: bucket.list(folder, options))
        return [one["name"].rpartition("/")[2] for one in found]

    def _ask(self, call: Callable[[Any], Any]) -> Any:
        try:
            return self._retrying.copy()(self._ask_as_somebody, call)
        except Refused as refused:
            raise refused.error from refused.__cause__

    def _ask_as_somebody(self, call: Callable[[Any], Any]) -> Any:
        token = self._bearer(None) if self._bearer else self._key
        try:
            return self._ask_as(token, call)
        except Refused as refused:
            if not isinstance(refused.error, SignedOut):
                raise
            if self._bearer is None:  # a key does not run out and is not signed in
                raise Refused(key_refused()) from refused.__cause__
            return self._ask_as(self._bearer(token), call)

    def _ask_as(self, token: str, call: Callable[[Any], Any]) -> Any:
        headers = {"apiKey": self._key, "Authorization": f"Bearer {token}"}
        try:
            return call(SyncStorageClient(self._url, headers, http_client=self._http).from_(BUCKET))
        except httpx.RequestError as error:
            raise Refused(unreachable(error, "Supabase Storage"), again=True) from error


def _require_result(response: httpx.Response) -> None:
    """Whatever is not a result of Storage ends here, while status and headers are still known."""
    if not response.is_success:
        raise storage_refusal(response.status_code, response.headers, response.read())
