"""The commands as words: the command line (`:`) with the verbs of the CLI, and the palette (ctrl+p)."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING

from textual.suggester import SuggestFromList

from core.errors import Invalid
from core.models import Priority, Sort, Status
from core.text import safe_line
from tui.widgets.view_bar import VIEWS

if TYPE_CHECKING:
    from tui.screens.desk import DeskScreen


@dataclass(frozen=True)
class Verb:
    run: "Callable[[DeskScreen, str], object]"
    words: str
    values: tuple[str, ...] = ()
    """What may stand behind it; empty: nothing, or anything where `free`."""
    free: str = ""
    """What else may stand behind it, as a word for the agent."""


def _assign(screen: "DeskScreen", who: str) -> None:
    assignee = None if who in ("none", "nobody") else who
    screen.change_targets({"assignee": assignee}, f"assigned to {safe_line(who, limit=80)}")


def _open(screen: "DeskScreen", number: str) -> None:
    digits = number.strip().removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise Invalid(f"“{safe_line(number, limit=40)}” is no ticket number.")
    screen.open_number(int(digits))


def _search(screen: "DeskScreen", text: str) -> None:
    from tui.screens.browsing import Query

    screen.show_query(Query(screen.query_now.view, text))


def _sort(screen: "DeskScreen", order: str) -> None:
    screen.set_sort(Sort(order), reverse=screen.sort_now is Sort(order) and not screen.reverse_now)


def _theme(screen: "DeskScreen", name: str) -> None:
    from tui.themes import OURS

    screen.app.theme = OURS[name].name


def _login(screen: "DeskScreen", _: str) -> None:
    screen.action_login()


def _quit(screen: "DeskScreen", _: str) -> None:
    screen.leave_desk()


VERBS = {
    "status": Verb(
        lambda screen, value: screen.change_targets({"status": value}, f"set to {value}"),
        "Set the status", tuple(Status),
    ),
    "priority": Verb(
        lambda screen, value: screen.change_targets({"priority": value}, f"set to {value} priority"),
        "Set the priority", tuple(Priority),
    ),
    "assign": Verb(_assign, "Give it to somebody", ("me", "none"), free="an agent's address"),
    "spam": Verb(lambda screen, _: screen.action_spam(), "It is spam, or it is none after all"),
    "resolve": Verb(lambda screen, _: screen.action_resolve(), "Resolve, and go to the next"),
    "reply": Verb(lambda screen, _: screen.call_later(screen.action_reply), "Answer the customer"),
    "note": Verb(lambda screen, _: screen.call_later(screen.action_note), "Write a note"),
    "undo": Verb(lambda screen, _: screen.action_undo(), "Take back what I did last"),
    "redo": Verb(lambda screen, _: screen.action_redo(), "Do again what I took back"),
    "view": Verb(lambda screen, value: screen.action_view(value), "Show a view", VIEWS),
    "open": Verb(_open, "Open a ticket", free="a ticket number"),
    "search": Verb(_search, "Search all tickets", free="what to search for"),
    "sort": Verb(_sort, "Order the list", tuple(Sort)),
    "login": Verb(_login, "Sign in to a desk at Supabase"),
    "theme": Verb(_theme, "Change the colours", ("dark", "light")),
    "refresh": Verb(lambda screen, _: screen.action_refresh_all(), "Fetch everything anew"),
    "help": Verb(lambda screen, _: screen.action_help(), "The keys that work here"),
    "quit": Verb(_quit, "Leave ttydesk"),
}  # fmt: skip
_SHORT = {"q": "quit", "h": "help", "v": "view", "o": "open", "u": "undo"}


def run(screen: "DeskScreen", line: str) -> None:
    """Carry out a line like `status resolved`; raises `Invalid` with a sentence when it means nothing."""
    name, _, value = line.strip().removeprefix(":").partition(" ")
    name, value = _SHORT.get(name.lower(), name.lower()), value.strip()
    if not name:
        return
    if name.removeprefix("#").isdigit():
        name, value = "open", name
    verb = VERBS.get(name)
    if verb is None:
        near = get_close_matches(name, VERBS, n=1)
        hint = f"Did you mean “{near[0]}”?" if near else f"There are {', '.join(VERBS)}."
        raise Invalid(f"There is no command “{safe_line(name, limit=40)}”.", hint=hint)
    if (verb.values or verb.free) and not value:
        raise Invalid(f"“{name}” needs {verb.free or 'one of ' + ', '.join(verb.values)} behind it.")
    if verb.values and not verb.free and value not in verb.values:
        raise Invalid(f"“{name}” takes one of {', '.join(verb.values)}.")
    verb.run(screen, value)


def lines() -> list[str]:
    """Every line that can be written without knowing a name or a number."""
    found = []
    for name, verb in VERBS.items():
        found += [f"{name} {value}" for value in verb.values] or [f"{name} " if verb.free else name]
    return found


def suggester() -> SuggestFromList:
    return SuggestFromList(lines(), case_sensitive=False)


@dataclass(frozen=True)
class Entry:
    words: str
    key: str
    """Or the line of the command line."""
    run: Callable[[], object]


def entries(screen: "DeskScreen") -> list[Entry]:
    """Every key that works here, and every complete line of the command line."""
    found: dict[str, Entry] = {}
    for active in screen.active_bindings.values():
        binding, node = active.binding, active.node
        if active.enabled and binding.id and binding.tooltip and binding.id not in found:
            act = partial(screen.app.run_action, binding.action, node)
            found[binding.id] = Entry(binding.tooltip, screen.app.get_key_display(binding), act)
    complete = [line for line in lines() if " " in line.strip() and not line.startswith("view ")]
    return [
        *found.values(),
        *(Entry(_words_of(line), f":{line}", partial(run, screen, line)) for line in complete),
    ]


def _words_of(line: str) -> str:
    name, _, value = line.partition(" ")
    return f"{VERBS[name].words}: {value}"
