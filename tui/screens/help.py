"""The keys that work right here, to be looked through and narrowed by typing."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import getters, on
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from tui.keys import keys_here


@dataclass(frozen=True)
class Key:
    keys: str
    words: str
    group: str


_GROUPS = {
    "list": "List", "tickets": "List", "thread": "Conversation", "write": "Writing", "ticket": "Ticket",
    "read": "Message", "view": "Views and search", "desk": "Everywhere", "quarantine": "Quarantine",
}  # fmt: skip


def listed_keys(app: App[None], screen: Screen[None]) -> list[Key]:
    """Each action of the screen once, with all its keys, in the order of their groups."""
    found: dict[tuple[str, str], tuple[list[str], str]] = {}
    for active in keys_here(screen):
        binding = active.binding
        group = _GROUPS.get((binding.id or "").partition(".")[0], "")
        if group and binding.description:
            words = binding.tooltip or binding.description
            keys, _ = found.setdefault((group, binding.id or ""), ([], words))
            keys.append(app.get_key_display(binding))
    order = list(dict.fromkeys(_GROUPS.values()))
    listed = [Key(_in_words(keys), words, group) for (group, _), (keys, words) in found.items()]
    return sorted(listed, key=lambda one: order.index(one.group))


def _in_words(keys: list[str]) -> str:
    """Letters before longer names: a hand finds them first."""
    return "  ".join(
        sorted(dict.fromkeys(keys), key=lambda key: (not key.isalpha() or len(key) > 1, len(key)))
    )


class Help(ModalScreen[None]):
    CSS_PATH = "dialog.tcss"
    BINDINGS = [
        Binding("escape,f1", "leave", "Close", id="help.leave"),
        Binding("down,pagedown", "page(1)", "Down", show=False, priority=True, id="help.down"),
        Binding("up,pageup", "page(-1)", "Up", show=False, priority=True, id="help.up"),
    ]

    field = getters.query_one(Input)
    shown = getters.query_one("#list", Static)

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Text("What you can press here")
            box.border_subtitle = Text("type to narrow, esc to close")
            yield Input(placeholder="type to narrow: assign, quote, view…", compact=True)
            with VerticalScroll(id="keys", can_focus=False):
                yield Static(id="list")

    def on_mount(self) -> None:
        self._show("")

    @on(Input.Changed)
    def narrow(self, message: Input.Changed) -> None:
        self._show(message.value)

    @on(Input.Submitted)
    def action_leave(self) -> None:
        self.dismiss(None)

    def action_page(self, direction: int) -> None:
        self.query_one("#keys").scroll_relative(y=direction * 5, animate=False)

    def _show(self, text: str) -> None:
        words = text.casefold().split()
        lines = Text()
        group = ""
        for key in self._keys:
            if not all(word in f"{key.keys} {key.words} {key.group}".casefold() for word in words):
                continue
            if key.group != group:
                lines.append(("\n" if group else "") + key.group + "\n", "bold underline")
                group = key.group
            lines.append(f"  {key.keys:<20} ", "bold").append(key.words + "\n")
        self.shown.update(lines if group else Text("No key does that here."))
