"""A choice among many, narrowed by typing."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.screens.menu import Choice
from tui.widgets.wrap import cropped


class Picker(ModalScreen[str | None]):
    """Answers with the value of the choice, None when nothing was chosen."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = [
        Binding("escape", "leave", "Close", id="picker.leave"),
        Binding("down", "down", "Down", show=False, id="picker.down"),
        Binding("up", "up", "Up", show=False, id="picker.up", priority=True),
    ]

    field = getters.query_one(Input)
    options = getters.query_one(OptionList)

    def __init__(
        self, title: str, choices: Sequence[Choice], current: str = "", empty: str = "Nothing fits."
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._shown = list(choices)
        self._current = current
        self._empty = empty

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Text(self._title)
            yield Input(placeholder="type to narrow", compact=True)
            yield OptionList(*map(self._option, self._choices), compact=True)
            yield Static(self._empty, id="nothing", markup=False)

    def on_mount(self) -> None:
        self.options.can_focus = False
        self._show(self._shown)
        values = [choice.value for choice in self._choices]
        if self._current in values:
            self.options.highlighted = values.index(self._current)

    def _option(self, choice: Choice) -> Option:
        width = 70 - cell_len(choice.key)
        words = cropped(choice.words, width - 2)
        line = Text(f" {words}", no_wrap=True, overflow="ellipsis")
        if choice.key:
            line.append(" " * (width - cell_len(words))).append(choice.key, "bold")
        return Option(line)

    def _show(self, choices: list[Choice]) -> None:
        self._shown = choices
        self.options.clear_options()
        self.options.add_options(map(self._option, choices))
        self.options.highlighted = 0 if choices else None
        self.set_class(not choices, "-nothing")

    @on(Input.Changed)
    def narrow(self, message: Input.Changed) -> None:
        words = message.value.casefold().split()
        fitting = [one for one in self._choices if all(word in _all_words(one) for word in words)]
        first = words[0] if words else ""
        self._show(sorted(fitting, key=lambda one: not one.words.casefold().startswith(first)))

    @on(Input.Submitted)
    def take(self) -> None:
        index = self.options.highlighted
        if index is not None and index < len(self._shown):
            self.dismiss(self._shown[index].value)

    @on(OptionList.OptionSelected)
    def clicked(self, message: OptionList.OptionSelected) -> None:
        message.stop()
        self.dismiss(self._shown[message.option_index].value)

    def action_down(self) -> None:
        self.options.action_cursor_down()

    def action_up(self) -> None:
        self.options.action_cursor_up()

    def action_leave(self) -> None:
        self.dismiss(None)


def _all_words(choice: Choice) -> str:
    return f"{choice.words} {choice.key}".casefold()
