"""Errors as Google's APIs put them into JSON."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


class Problem(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        domain: str = "global",
        headers: Mapping[str, str] | None = None,
        **more: str,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.headers = dict(headers or {})
        self.more = more
        self.details: list[Json] = []
        """Google's own, of the newer form (google.rpc.ErrorInfo)."""

    def json(self) -> Json:
        inner = {"message": self.message, "domain": self.domain, "reason": self.reason} | self.more
        error: Json = {"code": self.status, "message": self.message, "errors": [inner]}
        if self.details:
            error["details"] = self.details
        if self.status in STATUS_NAMES:
            error["status"] = STATUS_NAMES[self.status]
        return {"error": error}


def not_found() -> Problem:
    return Problem(404, "notFound", "Requested entity was not found.")


def invalid(message: str) -> Problem:
    return Problem(400, "invalidArgument", message)


def failed_precondition(message: str) -> Problem:
    return Problem(400, "failedPrecondition", message)


def unauthenticated() -> Problem:
    return Problem(
        401,
        "authError",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential.",
        location="Authorization",
        locationType="header",
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
    )


def insufficient_scopes() -> Problem:
    return Problem(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        headers={
            "WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"'
        },
    )


def switched_off(title: str = "Gmail API", service: str = "gmail.googleapis.com") -> Problem:
    """The API is not enabled in the project of the client."""
    link = f"https://console.developers.google.com/apis/api/{service}/overview?project=123456789012"
    message = (
        f"{title} has not been used in project 123456789012 before or it is disabled. Enable it by visiting "
        f"{link} then retry. If you enabled this API recently, wait a few minutes for the action to "
        "propagate to our systems and retry."
    )
    problem = Problem(
        403,
        "accessNotConfigured",
        message,
        "usageLimits",
        extendedHelp="https://console.developers.google.com",
    )
    metadata = {
        "service": service,
        "serviceTitle": title,
        "consumer": "projects/123456789012",
        "activationUrl": link,
    }
    problem.details = [_info("SERVICE_DISABLED", metadata)]
    return problem


def spent(limit: int) -> Problem:
    """429 with what the project was granted."""
    problem = rate_limited(429)
    metadata = {
        "service": "gmail.googleapis.com",
        "quota_metric": "gmail.googleapis.com/default",
        "quota_limit": "DefaultPerMinutePerUser",
        "quota_limit_value": str(limit),
        "consumer": "projects/123456789012",
    }
    problem.details = [_info("RATE_LIMIT_EXCEEDED", metadata)]
    return problem


def _info(reason: str, metadata: Mapping[str, str]) -> Json:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": dict(metadata),
    }


def rate_limited(status: int = 429, retry_after: float | None = None) -> Problem:
    """429 as for a user or a project, or the 403 that Gmail also uses for the same."""
    headers = {} if retry_after is None else {"Retry-After": str(max(1, round(retry_after)))}
    if status == 403:
        message = "User Rate Limit Exceeded. Rate of requests for user exceed configured project quota."
        return Problem(403, "userRateLimitExceeded", message, "usageLimits", headers)
    message = (
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
        "'gmail.googleapis.com'."
    )
    return Problem(429, "rateLimitExceeded", message, "global", headers)


def too_large(limit: int) -> Problem:
    return Problem(413, "uploadTooLarge", f"Media is too large. Limit: {limit}")


def server_error(status: int) -> Problem:
    if status == 503:
        return Problem(503, "backendError", "The service is currently unavailable.")
    return Problem(500, "backendError", "Internal error encountered.")
