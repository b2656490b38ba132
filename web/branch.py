"""Which route answers, without asking all of them.

FastAPI tries one route after the other, and of routers that were included the one that fits twice: with forty
routes that takes longer than most answers. Here the first word of a path leads to the few that begin with it.
"""

from collections.abc import Iterator, Sequence

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

_CHOSEN = "ttydesk.route"


class Branch(BaseRoute):
    """The routes below one first word, in their order."""

    def __init__(self, start: str) -> None:
        self.start = start
        self.routes: list[Route] = []

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found: tuple[Match, Scope] = (Match.NONE, {})
        if scope["type"] != "http" or not scope["path"].startswith(self.start):
            return found
        for route in self.routes:
            match, child = route.matches(scope)
            if match == Match.FULL:
                return match, {**child, _CHOSEN: route}
            if match == Match.PARTIAL and found[0] == Match.NONE:  # another method, so far
                found = (match, {**child, _CHOSEN: route})
        return found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope[_CHOSEN].handle(scope, receive, send)


def leaves(routes: Sequence[BaseRoute]) -> Iterator[Route]:
    """All routes with a path and methods, those on branches too."""
    for route in routes:
        if isinstance(route, Branch):
            yield from route.routes
        elif isinstance(route, Route):
            yield route


def add_routes(branches: list[BaseRoute], routes: list[BaseRoute]) -> None:
    """Each to the branch of its first word, where need be a new one."""
    for route in routes:
        assert isinstance(route, Route), "What is no route has no path to go by."
        start = "/" + route.path.split("/")[1]
        known = (one for one in branches if isinstance(one, Branch) and one.start == start)
        branch = next(known, None)
        if branch is None:
            branch = Branch(start)
            branches.append(branch)
        branch.routes.append(route)
