"""What this ttydesk asks a desk for and expects of its answers, as one digest.

Whoever brings a database up to date leaves it there. A ttydesk with another sql/ but the same interface calls
the same operations, gives the same arguments and understands the same answers, so it works on that database
too: only the insides of operations differ, the database's own affair. With another one nobody knows.
"""

import inspect
import json
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from core.models import DeskVersion
from core.version import SqlFiles, checksum

MEANING = 1
"""Raised where a call or an answer comes to mean something else, though it looks the same."""


def interface(desk: type | None = None) -> str:
    """Of `core.desk.Desk`, if of no other class. The same on every machine and Python."""
    if desk is None:
        from core.desk import Desk as desk
    calls = inspect.getmembers(desk, inspect.iscoroutinefunction)
    shapes = {name: _call(call) for name, call in calls if not name.startswith("_")}
    return checksum(json.dumps([MEANING, shapes], sort_keys=True))


def other_program(desk: DeskVersion) -> str | None:
    """What to say to whoever works with a desk that fits, but is of another version; None where it is not."""
    from importlib.metadata import version

    if desk.digest == SqlFiles.read().digest():
        return None
    return (
        f"This is ttydesk {version('ttydesk')}, and the desk's database is of {desk.program}. "
        "They work together; update the older one when it suits you."
    )


def _call(call: Any) -> Any:
    return {name: _shape(kind) for name, kind in get_type_hints(call).items()}


def _shape(kind: Any, within: tuple[type, ...] = ()) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [member.value for member in kind]
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in within:
        fields = kind.model_fields.items()
        return {
            field.alias or name: [_shape(field.annotation, (*within, kind)), field.is_required()]
            for name, field in fields
        }
    if parts := get_args(kind):
        origin = get_origin(kind)
        name = "one of" if origin in (Union, UnionType) else str(origin)
        return [name, *(_shape(part, within) for part in parts)]
    return kind.__name__ if isinstance(kind, type) else repr(kind)
