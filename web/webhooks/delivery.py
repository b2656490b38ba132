"""One call of a service as it came in, what it told, and why it is not believed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException

from core.errors import Forbidden
from core.reports import Report

WINDOW = timedelta(minutes=5)
"""How far a signed time may lie from ours."""


@dataclass(frozen=True, slots=True)
class Delivery:
    headers: Mapping[str, str]
    """Found whatever the case of a name."""
    body: bytes
    """As it was signed."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Told:
    reports: list[Report] = field(default_factory=list)
    once: str | None = None
    """The name of a delivery that is good for one time only."""
    confirm: str | None = None
    """An address to ask for, so that the service goes on telling."""


class Payload(BaseModel):
    """Services add fields to what they send whenever they like."""

    model_config = ConfigDict(extra="ignore", frozen=True)


_Model = TypeVar("_Model", bound=BaseModel)


def parsed(model: type[_Model], content: object) -> _Model:
    """Raises HTTPException 400 for what is of another shape."""
    try:
        if isinstance(content, str | bytes):
            return model.model_validate_json(content)
        return model.model_validate(content)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        raise malformed(f"{'.'.join(map(str, wrong['loc'])) or 'the body'}: {wrong['msg']}") from None


def listed(body: bytes) -> list[object]:
    """Raises HTTPException 400 where it is no JSON array."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise malformed("it is no JSON") from None
    if not isinstance(content, list):
        raise malformed("it is no list of events")
    return content


def malformed(why: str) -> HTTPException:
    return HTTPException(400, f"The delivery is malformed: {why}.")


def require_fresh(at: datetime | float | str, now: datetime, window: timedelta = WINDOW) -> None:
    """Raises Forbidden for a time that is too far from now: it may be a copy of an old delivery."""
    try:
        seconds = at.timestamp() if isinstance(at, datetime) else float(at)
        is_fresh = abs(now.timestamp() - seconds) <= window.total_seconds()
    except ValueError:
        is_fresh = False
    if not is_fresh:
        minutes = window.total_seconds() / 60
        raise Forbidden(f"The delivery is more than {minutes:.0f} minutes old, or from the future.")


def angled(message_id: str) -> str:
    """A Message-ID with the angle brackets that some services leave out."""
    bare = message_id.strip().strip("<>").strip()
    return f"<{bare}>" if bare else ""


def in_words(*parts: str | None) -> str:
    """What is said, each once, in one sentence."""
    return ": ".join(dict.fromkeys(part.strip() for part in parts if part and part.strip()))
