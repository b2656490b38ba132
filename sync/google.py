"""Calls to Google's API: with a fresh token, within the quota, and what fails told apart by what helps.

Everything here blocks, and a `Google` belongs to one thread at a time (httplib2 is not made for more). What
is raised is `Busy` where trying again helps, `Revoked` where only its owner can help, else what was wrong
with the call itself; none of it ever shows a token, an address or a mail.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import google_auth_httplib2
import httplib2
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient import discovery, discovery_cache
from googleapiclient.errors import BatchError, HttpError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from core.errors import DeskError, Invalid, NotFound, StorageFailed, Unreachable
from sync.auth import Grant
from sync.quota import Quota
from sync.wire import TIMEOUT, Wire

_TRIES = 4
_LONGEST_WAIT = 30.0

logging.getLogger("googleapiclient").setLevel(logging.ERROR)  # its warnings quote what Google says


class Busy(Unreachable):
    """Google asks to try again later."""

    after = 0.0
    """Seconds Google asked to wait; 0 where it did not say."""
    was_refused = False
    """Whether nothing can have come of the call."""


class Revoked(Unreachable):
    """Google no longer lets ttydesk into the mailbox."""


class Refused(Revoked):
    """Google knows who asks, and does not allow what was asked."""


class BrokenOff(Unreachable):
    """It was broken off, because the daemon ends."""


_CONNECT = "Allow it again with: ttydesk gmail connect"
_REFUSALS = {
    "invalid_grant": (
        "Google no longer lets ttydesk into the mailbox: the permission was taken back or has run out."
    ),
    "invalid_client": "Google no longer knows the OAuth client: it was deleted, or has a new secret.",
    "deleted_client": "Google no longer knows the OAuth client: it was deleted.",
    "invalid_rapt": (
        "Google wants the sign-in repeated: the organisation limits how long one lasts (see docs/gmail.md)."
    ),
    "admin_policy_enforced": (
        "Google no longer lets ttydesk into the mailbox: the organisation's administrator does not allow it."
    ),
}
"""What Google's refusals of a new token mean (RFC 6749, 5.2, and Google's own)."""


class Access(Credentials):
    """A grant at work: its access token is asked for ahead of its end, and once, whoever needs it.

    `reload` gives the grant as it is kept by now: after a new consent all goes on by itself.
    """

    def __init__(
        self, grant: Grant, token: str | None = None, reload: Callable[[], Grant | None] = lambda: None
    ) -> None:
        self._refreshing = threading.Lock()
        self._used = threading.local()
        self._reload = reload
        self._begin(grant, token)

    def _begin(self, grant: Grant, token: str | None) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            token,
            refresh_token=grant.refresh_token.get_secret_value(),
            token_uri=grant.token_uri,
            client_id=grant.client_id,
            client_secret=grant.client_secret.get_secret_value(),
        )
        self._grant = grant
        self._refused: str | None = None

    @property
    def grant(self) -> Grant:
        return self._grant

    def apply(self, headers: dict[str, str], token: str | None = None) -> None:
        super().apply(headers, token)  # type: ignore[no-untyped-call]
        self._used.token = headers["authorization"].removeprefix("Bearer ")

    def refresh(self, request: Any) -> None:
        """A thread comes here because there is no token that is good for long, or because Google did not take
        the one it used: another thread may have got a newer one meanwhile."""
        with self._refreshing:
            if self.valid and self.token != getattr(self._used, "token", None):
                return
            self._take_new_grant()
            if self._refused is not None:  # asking Google again would not change it
                raise Revoked(self._refused, hint=_CONNECT)
            try:
                super().refresh(request)  # type: ignore[no-untyped-call]
            except RefreshError as error:
                if error.retryable:
                    raise _refused("Google gives no new token at the moment.") from None
                self._refused = _refusal(error)
                self.token = None  # what is left of its hour is no permission
                raise Revoked(self._refused, hint=_CONNECT) from None
            # A TypeError: google-auth takes an answer that is no JSON for one that is.
            except (GoogleAuthError, httplib2.HttpLib2Error, OSError, TypeError) as error:
                raise _refused(f"Google's sign-in does not answer ({type(error).__name__}).") from None

    def _take_new_grant(self) -> None:
        try:
            grant = self._reload()
        except StorageFailed:
            if self._refused is not None:
                raise
            return  # a keyring that is locked: the grant in hand still does
        if grant is not None and grant != self._grant:
            self._begin(grant, None)


class Google:
    """One service of Google's, for one account.

    `root` is another server than Google's. `sleep` waits between attempts and may end early.
    `timeout` is in seconds, for what a server takes to answer.
    """

    def __init__(
        self,
        access: Access,
        quota: Quota,
        service: str = "gmail",
        root: str | None = None,
        sleep: Callable[[float], object] | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._access = access
        self._quota = quota
        self._over = threading.Event()
        self._rest = sleep or self._over.wait
        self.http = google_auth_httplib2.AuthorizedHttp(access, http=Wire(timeout))
        self.service = discovery.build_from_document(_document(service, root), http=self.http)

    def close(self) -> None:
        self.service.close()

    def cut(self) -> None:
        """From any thread: what is under way meets a broken line."""
        self.http.http.cut()

    def break_off(self) -> None:
        """From any thread: what is under way ends with BrokenOff, wherever it is, and so does what is asked
        afterwards."""
        self._over.set()
        self.http.http.break_off()

    def _sleep(self, seconds: float) -> None:
        self._rest(seconds)
        self._go_on()

    def _go_on(self) -> None:
        if self._over.is_set():
            raise BrokenOff

    def ready(self) -> None:
        """Raises Revoked while there is no permission."""
        if not self._access.valid:
            self._access.refresh(google_auth_httplib2.Request(self.http.http))

    def has_room(self, name: str, times: int = 1) -> bool:
        """Whether so many calls can be made now without waiting for the quota."""
        return self._quota.has_room(name, times)

    def call(self, name: str, request: Any, tries: int = _TRIES) -> dict[str, Any]:
        """`name` is a key of quota.UNITS. With one try, for what must not happen twice."""
        retrying = Retrying(
            retry=retry_if_exception_type(Busy),
            stop=stop_after_attempt(tries),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, name, request)

    def _once(self, name: str, request: Any) -> dict[str, Any]:
        self._quota.take(name, sleep=self._sleep)
        self._go_on()
        try:
            return _read(request.execute(http=self.http))
        except (HttpError, httplib2.HttpLib2Error, OSError, ValueError) as error:
            self._go_on()
            raise translated(error) from None

    def batch(
        self, name: str, requests: Mapping[str, Any], in_part: bool = False
    ) -> dict[str, dict[str, Any] | DeskError]:
        """Many calls in one, each with an answer or an error of its own; what was busy is tried again.

        `in_part`: only when nothing came through, so that the others need not wait.
        """
        if len(requests) == 1:
            ((key, request),) = requests.items()
            return {key: self._answer(name, request)}
        answers: dict[str, dict[str, Any] | DeskError] = {}
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(Busy),
                stop=stop_after_attempt(_TRIES),
                wait=_wait,
                sleep=self._sleep,
                reraise=True,
            ):
                with attempt:
                    left = [key for key in requests if not _is_settled(answers.get(key))]
                    answers |= self._batch_once(name, {key: requests[key] for key in left})
                    busy = [one for one in answers.values() if isinstance(one, Busy)]
                    if busy and not (in_part and len(busy) < len(answers)):
                        raise max(busy, key=lambda one: one.after)
        except Busy:
            if not any(map(_is_settled, answers.values())):
                raise  # not one came through
        return answers

    def _answer(self, name: str, request: Any) -> dict[str, Any] | DeskError:
        try:
            return self.call(name, request)
        except (NotFound, Invalid) as error:
            return error

    def _batch_once(self, name: str, requests: Mapping[str, Any]) -> dict[str, dict[str, Any] | DeskError]:
        answers: dict[str, dict[str, Any] | DeskError] = {}

        def take(key: str, answer: object, error: Exception | None) -> None:
            try:
                answers[key] = translated(error) if error else _read(answer)
            except Busy as unreadable:
                answers[key] = unreadable

        batch = self.service.new_batch_http_request(callback=take)
        for key, request in requests.items():
            batch.add(request, request_id=key)
        self._quota.take(name, len(requests), self._sleep)
        self._go_on()
        try:
            self.ready()  # a batch that has to sign in by itself leaves a connection open
            batch.execute(http=self.http)
        except (HttpError, BatchError, httplib2.HttpLib2Error, OSError, ValueError, KeyError) as error:
            self._go_on()
            raise translated(error) from None
        return answers


def _read(answer: object) -> dict[str, Any]:
    """What does not parse as JSON comes as it is from the client library."""
    if isinstance(answer, dict):
        return answer
    if not answer:
        return {}
    raise Busy("Google's answer cannot be read.")


def translated(error: Exception) -> DeskError:
    """What a failed call means here. Google's own words are only shown where a person has to act on them."""
    if isinstance(error, DeskError):
        return error
    if not isinstance(error, HttpError):
        no_answer = Busy(f"Google does not answer ({type(error).__name__}).")
        no_answer.was_refused = isinstance(error, ConnectionRefusedError | httplib2.ServerNotFoundError)
        return no_answer
    status = int(error.resp.status)
    reasons, said = _reasons(error.content)
    if status == 429 or status >= 500 or (status == 403 and reasons & _RATE):
        busy = Busy(f"Google asks to wait ({status}).")
        busy.after = _seconds(error.resp.get("retry-after"))
        busy.was_refused = status < 500
        return busy
    if status == 401:
        return Revoked(hint=_CONNECT)
    if status == 403:
        return Refused(f"Google refuses it: {said}", hint="ttydesk doctor says what is missing.")
    if status == 404:
        return NotFound("Google has no such thing.")
    return Invalid(f"Google does not take it ({status}): {said}")


def _refused(sentence: str) -> Busy:
    busy = Busy(sentence)
    busy.was_refused = True
    return busy


_RATE = {"rateLimitExceeded", "userRateLimitExceeded", "RESOURCE_EXHAUSTED", "quotaExceeded"}


def _reasons(content: bytes) -> tuple[set[str], str]:
    """The reasons in Google's error JSON, and its sentence."""
    try:
        error = json.loads(content)["error"]
        inner = error.get("errors") or []
        reasons = {str(one.get("reason")) for one in inner} | {str(error.get("status"))}
        return reasons, str(error.get("message", ""))[:300]
    except (ValueError, KeyError, TypeError, AttributeError):
        return set(), "it gave no reason"


def _seconds(written: str | None) -> float:
    return min(float(written), _LONGEST_WAIT) if written and written.isdigit() else 0.0


def _is_settled(answer: dict[str, Any] | DeskError | None) -> bool:
    return answer is not None and not isinstance(answer, Busy)


_jitter = wait_exponential_jitter(initial=1, max=_LONGEST_WAIT, jitter=1)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, Busy) else 0.0
    return max(asked, _jitter(state))


def _refusal(error: RefreshError) -> str:
    said = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    is_sign_in_wanted = "Reauthentication is needed" in str(error)  # all that the library leaves of it
    code = "invalid_rapt" if is_sign_in_wanted else str(said.get("error", ""))
    return _REFUSALS.get(code, f"Google gives no new token ({code or 'it does not say why'}).")


def _document(service: str, root: str | None) -> dict[str, Any]:
    """What the client library knows of the service; it comes with the library, so nothing is fetched."""
    version = {"gmail": "v1", "pubsub": "v1"}[service]
    document: dict[str, Any] = json.loads(discovery_cache.get_static_doc(service, version))
    if root is not None:
        # The endpoint option of the library moves neither batches nor uploads.
        document["rootUrl"] = document["baseUrl"] = root.rstrip("/") + "/"
        document.pop("mtlsRootUrl", None)
    return document
