"""A short menu whose entries are picked by one key: a chord's second key, or a choice of a few.

With a delay it stays unseen while hands that know the keys go on typing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True)
class Choice:
    """Texts have to be safe to show."""

    value: str
    words: str
    key: str = ""
    """The character that is typed."""


class Menu(ModalScreen[str | None]):
    """Answers with the value of the choice, None when nothing was chosen."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = [
        Binding("escape", "leave", "Close", id="menu.leave"),
        Binding("j", "down", "Down", show=False, id="menu.down"),
        Binding("k", "up", "Up", show=False, id="menu.up"),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], current: str = "", delay: float = 0) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._current = current
        self._delay = delay

    def compose(self) -> ComposeResult:
        widest = max((len(choice.words) for choice in self._choices), default=10)
        options = OptionList(*map(self._option, self._choices), compact=True)
        options.border_title = Text(self._title)
        options.styles.width = min(max(widest + 10, len(self._title) + 6, 24), 76)
        yield options

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        values = [choice.value for choice in self._choices]
        options.highlighted = values.index(self._current) if self._current in values else 0
        if self._delay:
            self.add_class("-waiting")
            self.set_timer(self._delay, lambda: self.remove_class("-waiting"))

    def _option(self, choice: Choice) -> Option:
        line = Text(f" {choice.key or ' '}  ", "bold", no_wrap=True, overflow="ellipsis")
        line.append(choice.words, "not bold")
        if choice.value == self._current:
            line.append("  ✓", "not bold")
        return Option(line)

    def on_key(self, event: Key) -> None:
        for choice in self._choices:
            if choice.key and event.character == choice.key and "+" not in event.key:  # no alt+letter
                event.stop()
                event.prevent_default()
                self.dismiss(choice.value)
                return

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        message.stop()
        self.dismiss(self._choices[message.option_index].value)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    def action_leave(self) -> None:
        self.dismiss(None)
