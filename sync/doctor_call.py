"""Calls of the doctor's to Google: each tried once and for a few seconds, and what fails as a verdict.

A server that did not answer is not asked again, so that all of it ends soon where there is no network.
"""

import json
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httplib2
from googleapiclient.errors import HttpError

from core.errors import DeskError
from sync.doctor_finding import Told, Verdict, failed, unknown, warning
from sync.wire import Wire

SECONDS = 5.0
"""For what a server takes to answer."""

_OFF = {"accessNotConfigured", "SERVICE_DISABLED"}
_RATE = {
    *("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"),
    *("RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
}
_NO_SCOPE = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
_LINK = re.compile(r"https://console\.(?:developers|cloud)\.google\.com/[^\s\"'<>]+")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    json: Mapping[str, Any]


class Refusal(Exception):
    """An error of Google's, as its APIs put it into JSON."""

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(status)
        self.status = status
        error = _object(_object(content).get("error"))
        inner = [_object(one) for one in (*_list(error.get("errors")), *_list(error.get("details")))]
        self.said = str(error.get("message") or f"It answered with {status} and gave no reason.")[:300]
        self.reasons = {str(one.get("reason")) for one in inner} | {str(error.get("status"))}
        more: dict[str, Any] = {}
        for one in inner:
            more |= _object(one.get("metadata"))
        self.link = str(more.get("activationUrl") or next(iter(_LINK.findall(self.said)), ""))
        self.service = str(more.get("serviceTitle") or "")
        self.limit = str(more.get("quota_limit_value") or "")

    def verdict(self, service: str) -> Verdict:
        """Of what every call may meet; `service` is the API's name."""
        service = self.service or service
        if self.reasons & _OFF:
            where = f" at {self.link}" if self.link else " in Google's console, APIs & Services, Library"
            return failed(
                f"The {service} is switched off in your project at Google.",
                f"Switch it on{where}, and wait some minutes.",
            )
        if self.status == 429 or self.reasons & _RATE:
            return self._busy()
        if self.reasons & _NO_SCOPE:
            return failed("The permission does not reach so far.", "Allow it again: ttydesk gmail connect")
        if self.status >= 500:
            return warning(
                f"Google is not well at the moment ({self.status}).", "Look again in some minutes."
            )
        if "mail service not enabled" in self.said.lower():
            return failed(
                "The account has no Gmail.", "Switch Gmail on for it (Admin console, Apps), or sign in once."
            )
        return failed(
            f"Google refuses it ({self.status}): {self.said}",
            "docs/gmail.md names what Google refuses, and why.",
        )

    def _busy(self) -> Verdict:
        if self.limit.isdigit():
            return warning(
                f"The quota is spent; Google grants {self.limit}.",
                "Where it is less than google.units_a_minute, lower that too; Google's console shows what is "
                "granted (APIs & Services, Gmail API, Quotas), and takes requests for more.",
            )
        return warning(
            f"Google asks to wait: {self.said}",
            "If it goes on: another program uses the quota too, or it was lowered, and google.units_a_minute "
            "has to be lowered with it.",
        )


class Line:
    """The way to Google for one thread. It notes how far Google's clock is from ours."""

    def __init__(self, now: Callable[[], datetime], seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.clock_ahead: float | None = None
        """Seconds that our clock is ahead of Google's; None before the first answer."""
        self._now = now
        self._begun = now()
        self._silent: set[str] = set()

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """A form, and JSON back; any status."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        wire = Wire(self.seconds)
        try:
            response, content = self._guarded(
                url, lambda: wire.request(url, "POST", urlencode(form), headers)
            )
        finally:
            wire.close()
        self._compare(response)
        found = _object(content)
        if not found:
            raise Told(
                failed(
                    f"What answered as {_host(url)} was not Google ({response.status}).",
                    "A proxy or the portal of a network may stand between.",
                )
            )
        return Answer(int(response.status), found)

    def call(self, request: Any, http: Any) -> Mapping[str, Any]:
        """A request of the client library. Raises Refusal, or Told where no answer came."""
        request.add_response_callback(self._compare)
        try:
            answer = self._guarded(request.uri, lambda: request.execute(http=http))
        except HttpError as error:
            raise Refusal(int(error.resp.status), error.content) from None
        if not isinstance(answer, dict):  # what is no JSON comes as it is from the client library
            raise Told(
                failed(f"The answer of {_host(request.uri)} cannot be read.", "Look again in a minute.")
            )
        return answer

    def _guarded(self, url: str, work: Callable[[], Any]) -> Any:
        host, server = _host(url), urlsplit(url).netloc
        if server in self._silent:
            raise Told(unknown(f"{host} did not answer before."))
        self._begun = self._now()
        try:
            return work()
        except HttpError:
            raise
        except (httplib2.HttpLib2Error, OSError, ValueError) as error:
            self._silent.add(server)
            raise Told(_silence(host, error, self.seconds)) from None
        except DeskError as error:  # the token was not taken, and there was no other
            raise Told(failed(str(error), error.hint or "Look again in some minutes.")) from None

    def _compare(self, response: Mapping[str, str]) -> None:
        """Google dates its answers to the second."""
        try:
            theirs = parsedate_to_datetime(response["date"])
        except (KeyError, ValueError):
            return
        ours = self._begun + (self._now() - self._begun) / 2
        if theirs.tzinfo is not None:
            self.clock_ahead = (ours - theirs).total_seconds() - 0.5


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _silence(host: str, error: Exception, seconds: float) -> Verdict:
    reachable = "Mail waits until it can be reached; look at the network, the proxy and the firewall."
    if isinstance(error, ssl.SSLError):
        return failed(
            f"The certificate of {host} was not accepted.",
            "Is the clock of this machine right, or does a proxy look into connections?",
        )
    if isinstance(error, httplib2.ServerNotFoundError | socket.gaierror):
        return failed(f"The name {host} is not found.", "Is there a network, and does its DNS work?")
    if isinstance(error, TimeoutError):
        return failed(f"{host} did not answer within {seconds:.0f} seconds.", reachable)
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return failed(f"{host} cannot be reached: {why.lower()}.", reachable)


def _object(found: object) -> Mapping[str, Any]:
    if isinstance(found, bytes):
        try:
            found = json.loads(found)
        except ValueError:
            return {}
    return found if isinstance(found, dict) else {}


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []
