"""The port to the database: whoever reaches one implements `Gateway`."""

from collections.abc import AsyncIterator
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, TypeAdapter

_Model = TypeVar("_Model", bound=BaseModel)
_ADAPTERS: dict[type[BaseModel], TypeAdapter[Any]] = {}


class Gateway(Protocol):
    """A way to reach the database."""

    async def read(self, function: str, **arguments: Any) -> object:
        """Run one stable SQL function and return its JSON; raise a `DeskError` when it refuses."""
        ...

    async def write(self, function: str, **arguments: Any) -> object:
        """The same for a function that changes something; whoever follows is nudged."""
        ...

    def nudges(self) -> AsyncIterator[None]:
        """Something may have changed. May come late, twice or for nothing."""
        ...

    async def close(self) -> None: ...


def records(model: type[_Model], answer: object) -> list[_Model]:
    """An operation's answer as a list of models."""
    adapter = _ADAPTERS.get(model) or _ADAPTERS.setdefault(model, TypeAdapter(list[model]))  # type: ignore[valid-type]
    found: list[_Model] = adapter.validate_python(answer)
    return found
