"""The methods of the Gmail API with their paths, parameters, scopes and limits.

They are read from the discovery document that comes with the client library, so what the client can ask and
what this server understands cannot drift apart.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from googleapiclient import discovery_cache

from tests.gmail.problem import Json, invalid

FULL_SCOPE = "https://mail.google.com/"


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    """Without `gmail.users.`."""
    verb: str
    path: re.Pattern[str]
    scopes: frozenset[str]
    parameters: Mapping[str, Mapping[str, Any]]
    size_limit: int
    """Bytes of an upload; 0 where there is none."""


def document() -> Json:
    """The discovery document, a new copy each time."""
    found: Json = json.loads(discovery_cache.get_static_doc("gmail", "v1"))
    return found


def document_for(root: str) -> Json:
    """It, but pointing at another server. The client's endpoint option moves neither batches nor uploads."""
    found = document()
    found["rootUrl"] = found["baseUrl"] = root.rstrip("/") + "/"
    found.pop("mtlsRootUrl", None)
    return found


def route(verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """The method at a path, and what the path says."""
    for method in METHODS:
        if method.verb == verb and (match := method.path.fullmatch(path)):
            return method, {name: unquote(value) for name, value in match.groupdict().items()}
    return None


def parameters_of(method: Method, query: Mapping[str, list[str]]) -> dict[str, Any]:
    """Checked and of their types, with Google's defaults."""
    given: dict[str, Any] = {}
    for name, values in query.items():
        if name in _ANYWHERE:
            continue
        if name not in method.parameters:
            raise invalid(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. Field '
                f"'{name}' could not be found in request message."
            )
        schema = method.parameters[name]
        read = [_typed(name, schema, value) for value in values]
        given[name] = read if schema.get("repeated") else read[-1]
    for name, schema in method.parameters.items():
        if name not in given and schema.get("location") == "query":
            default = schema.get("default")
            given[name] = [] if schema.get("repeated") else default and _typed(name, schema, default)
    return given


def _typed(name: str, schema: Mapping[str, Any], value: str) -> str | int | bool:
    kind = schema["type"]
    if kind == "integer":
        if re.fullmatch(r"\d{1,10}", value):
            return int(value)
    elif kind == "boolean":
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
    elif "enum" not in schema or value.lower() in [one.lower() for one in schema["enum"]]:
        return next((one for one in schema.get("enum", ()) if one.lower() == value.lower()), value)
    message = f"Invalid value at '{name}' ({schema.get('format', kind)}), \"{value}\""
    raise invalid(message)


def _methods(resource: Json) -> list[Method]:
    found = [_method(one) for one in resource.get("methods", {}).values()]
    for child in resource.get("resources", {}).values():
        found += _methods(child)
    return [method for method in found if not method.name.startswith("settings.")]


def _method(written: Json) -> Method:
    path = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape("/" + written["path"]))
    return Method(
        name=written["id"].removeprefix("gmail.users."),
        verb=written["httpMethod"],
        path=re.compile(path),
        scopes=frozenset(written["scopes"]),
        parameters=written.get("parameters", {}),
        size_limit=int(written.get("mediaUpload", {}).get("maxSize", 0)),
    )


_DOCUMENT = document()
_ANYWHERE = frozenset(_DOCUMENT["parameters"]) | {"upload_id"}
METHODS = _methods(_DOCUMENT["resources"]["users"])
