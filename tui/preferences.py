"""The colours and keys that the settings ask for: whether there are such.

Textual passes over a name that it does not know, and the agent would not learn why nothing changed.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

from core.config import Settings, config_path
from core.errors import Invalid
from tui.themes import OURS


def check_preferences(app: App[Any], settings: Settings) -> None:
    """Raises Invalid for a theme or an action that is not there."""
    themes = [*OURS, *(name for name in app.available_themes if not name.startswith("ttydesk"))]
    if settings.theme not in themes:
        raise Invalid(f"There is no theme {settings.theme!r}.", hint=f"There are {', '.join(themes)}.")
    if settings.keys:
        names = set(_action_names())
        for name in settings.keys:
            if name not in names:
                raise Invalid(
                    f"{config_path(settings.home)}: keys names {name!r}, but there is no such action.",
                    hint=_nearest(name, names),
                )


def _action_names() -> Iterator[str]:
    """The ids of all keys, of screens that were not opened yet too."""
    import pkgutil
    from importlib import import_module

    import tui

    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        import_module(module.name)
    for node in _kinds_of(DOMNode):
        for binding in node.BINDINGS:
            if isinstance(binding, Binding) and binding.id:
                yield binding.id


def _kinds_of(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds_of(narrower)


def _nearest(name: str, names: Iterable[str]) -> str | None:
    import difflib

    ends = {known.rpartition(".")[2]: known for known in names}
    found = difflib.get_close_matches(name, [*names, *ends], 1)
    return f"Did you mean {ends.get(found[0], found[0])}?" if found else None
