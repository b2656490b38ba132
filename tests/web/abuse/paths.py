"""Every path that the web server answers, and every way to ask for it."""

import re
from collections.abc import Iterator

from fastapi import FastAPI

from web.branch import leaves


def asked(app: FastAPI) -> list[tuple[str, str]]:
    """(method, path as in `/api/tickets/{id}`) of all routes."""
    return [
        (method, route.path)
        for route in leaves(app.routes)
        if route.methods
        for method in sorted(route.methods - {"HEAD"})
    ]


def filled(path: str, value: str) -> str:
    """The path with `value` for each of its parts that vary."""
    return re.sub(r"\{\w+(?::\w+)?\}", lambda _: value, path)


def varying(app: FastAPI) -> Iterator[tuple[str, str]]:
    return ((method, path) for method, path in asked(app) if "{" in path)
