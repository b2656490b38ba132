"""Bodies of requests: JSON that fits a model exactly, or a refusal that names what does not.

The patterns are part of what the API says of itself (web/api/document.py): they allow what the desk takes and
nothing else. Postgres keeps no U+0000.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.exceptions import HTTPException

from core.query import SPACE

_LETTER = rf'[^@<>,;"\x00-\x1f\x7f{SPACE}]'
ADDRESS = rf"{_LETTER}{{1,64}}@{_LETTER}{{1,180}}"

Email = Annotated[str, StringConstraints(pattern=f"^{ADDRESS}$")]
Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line, which may be empty."""
Subject = Annotated[
    str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")
]
Text = Annotated[str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*[^\x00 \t\r\n][^\x00]*$")]
"""Lines that are not all empty."""
Department = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")
]

BODY_LIMIT = 2 * 1024 * 1024
"""Bytes; room for the longest text where each letter of it is escaped twice."""

_Model = TypeVar("_Model", bound="Asked")


class Asked(BaseModel):
    """What a program asks for. Nothing is guessed: 1 is no text, "yes" no truth, no field is passed over."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def left_out() -> Any:
    """The default of what need not be said and is not null either: nobody looks at it."""
    return None


async def read_body(request: Request, model: type[_Model]) -> _Model:
    """Raises what becomes 400 (no JSON), 415 (said to be something else) or 422 (it does not fit)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "The body has to be application/json.", {"Accept": "application/json"})
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        said = found[0]["msg"].removeprefix("Invalid JSON: ")
        raise HTTPException(400, f"The body is not JSON: {said}.")
    raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found])


def body_of(model: type[Asked], example: Mapping[str, object]) -> dict[str, object]:
    """How a route says that `read_body` takes this model."""
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {"application/json": {"schema": reference, "example": example}}
    return {"requestBody": {"required": True, "content": content}}
