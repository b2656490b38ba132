"""A line to type in, behind a sign that says what for: a search, a command. Shown while it is needed."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label


class EntryLine(Horizontal):
    def __init__(self, sign: str, name: str, placeholder: str = "") -> None:
        """The field's id is `name`, the line's `name`-box."""
        super().__init__(id=f"{name}-box", classes="line")
        self.display = False
        self._sign = sign
        self.field = Input(placeholder=placeholder, id=name, compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        yield Label(self._sign)
        yield self.field
