"""A question with two or three answers, and one with an answer to write."""

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.screens.menu import Choice


class Confirm(ModalScreen[str | None]):
    """Answers with the value of the choice whose key was pressed; enter takes the first; escape is None."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = [
        Binding("escape", "leave", "Back", id="confirm.leave"),
        Binding("enter", "take", "Yes", id="confirm.take"),
    ]

    def __init__(self, title: str, words: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title, self._words, self._choices = title, words, choices

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Text(self._title)
            yield Static(Text(self._words), id="words")
            yield Static(self._keys(), id="keys")

    def _keys(self) -> Text:
        line = Text()
        for index, choice in enumerate(self._choices):
            keys = f"{choice.key} or enter" if index == 0 else choice.key
            line.append(keys, "bold").append(f" {choice.words}    ")
        return line.append("esc", "bold").append(" back")

    def on_key(self, event: Key) -> None:
        for choice in self._choices:
            if event.character == choice.key:
                event.stop()
                self.dismiss(choice.value)
                return

    def action_take(self) -> None:
        self.dismiss(self._choices[0].value)

    def action_leave(self) -> None:
        self.dismiss(None)


class Ask(ModalScreen[str | None]):
    """Answers with what was written, None when the agent went back."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = [Binding("escape", "leave", "Back", id="ask.leave")]

    def __init__(self, title: str, words: str, value: str = "") -> None:
        super().__init__()
        self._title, self._words, self._value = title, words, value

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Text(self._title)
            yield Static(Text(self._words), id="words")
            yield Input(self._value, compact=True, select_on_focus=False)
            yield Static(Text("enter to go on, esc to go back"), id="keys")

    @on(Input.Submitted)
    def take(self, message: Input.Submitted) -> None:
        self.dismiss(message.value)

    def action_leave(self) -> None:
        self.dismiss(None)
