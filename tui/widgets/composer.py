"""Where an answer or a note is written. It keeps nothing: what is typed goes up on every pause."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Input, Label, Static, TextArea

from core.errors import Invalid
from core.models import Mailto, Recipients, Status
from core.text import safe_line, safe_text

PAUSE = 0.7
"""Seconds without a key after which what was typed is put away."""

_THEN = (Status.PENDING, Status.OPEN, Status.RESOLVED)


class Composer(Vertical):
    DEFAULT_CSS = """
    Composer {
        height: 55%; min-height: 9; max-height: 24; background: $surface;
        border: round $success; border-title-color: $success; border-title-style: bold;
        border-subtitle-color: $text-muted; border-subtitle-background: $surface; padding: 0 1;
        &.-note {
            background: $note-ground; border: double $note; border-title-color: $note;
            border-subtitle-background: $note-ground;
        }
        & .people { height: 1; }
        & .people Label { width: 4; color: $text-muted; }
        & Input {
            border: none; height: 1; padding: 0; background: $surface; width: 1fr;
            &:focus { background: $panel; border: none; }
        }
        &.-note .people { display: none; }
        & TextArea {
            border: none; padding: 0; height: 1fr; background: $surface;
            &:focus { border: none; }
            & .text-area--cursor-line { background: $surface; }
        }
        &.-note TextArea { background: $note-ground; }
        &.-note TextArea .text-area--cursor-line { background: $note-ground; }
        & #preview { display: none; height: 1fr; background: $surface; }
        &.-preview #preview { display: block; }
        &.-preview TextArea { display: none; }
        &.-busy TextArea { opacity: 60%; }
    }
    """
    BINDINGS = [
        Binding(
            "ctrl+s,ctrl+j", "send", "Send", key_display="^s", priority=True,
            id="write.send", tooltip="Send the answer, or add the note",
        ),
        Binding("escape", "leave", "Put away", id="write.leave", tooltip="Back; the text is kept as a draft"),
        Binding(
            "ctrl+t", "switch", "Reply/note", priority=True,
            id="write.switch", tooltip="Write a note instead of an answer, or the other way",
        ),
        Binding(
            "ctrl+e,f4", "edit", "Editor", key_display="^e", priority=True,
            id="write.editor", tooltip="Write in your own editor",
        ),
        Binding(
            "ctrl+r", "then", "Status after", priority=True,
            id="write.then", tooltip="Which status the ticket gets when the answer is sent",
        ),
        Binding(
            "ctrl+o,f3", "preview", "Preview", key_display="^o", priority=True,
            id="write.preview", tooltip="How the Markdown will look",
        ),
    ]  # fmt: skip

    kind: reactive[str] = reactive("reply")
    then: reactive[Status] = reactive(Status.PENDING)
    preview: reactive[bool] = reactive(False)

    area = getters.query_one(TextArea)
    to_field = getters.query_one("#to", Input)
    cc_field = getters.query_one("#cc", Input)
    preview_pane = getters.query_one("#preview-text", Static)

    @dataclass
    class Paused(Message):
        """Nothing was typed for a moment: time to keep the text."""

        number: int
        kind: str
        content: str

    @dataclass
    class Sent(Message):
        """The agent wants this to go out (a reply) or to be added (a note)."""

    @dataclass
    class Left(Message):
        """The agent is done here for now; the text is to be kept."""

    @dataclass
    class Switched(Message):
        """The agent wants to write the other kind."""

        kind: str

    @dataclass
    class EditorWanted(Message):
        """The agent wants to write in an editor of their own."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.number = 0
        self._who = ""
        self._people = Recipients()
        self._pause: Timer | None = None
        self._kept = ""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="people"):
            yield Label("To")
            yield Input(id="to", compact=True, select_on_focus=False)
        with Horizontal(classes="people"):
            yield Label("Cc")
            yield Input(id="cc", compact=True, select_on_focus=False)
        area = TextArea(soft_wrap=True, tab_behavior="focus", highlight_cursor_line=False, compact=True)
        area.cursor_blink = False
        yield area
        with VerticalScroll(id="preview"):
            yield Static(id="preview-text", markup=False)

    def begin(self, kind: str, number: int, who: str, people: Recipients, content: str) -> None:
        """Start writing about ticket `number`; `who` is the requester, safe to show."""
        self.number, self._who = number, who
        self._address(people)
        self._kept = content
        self.content = content
        self.preview = False
        self.kind = kind
        self._label()

    def meet(self, who: str, people: Recipients) -> None:
        """The ticket was fetched; what the agent wrote into the fields meanwhile stays."""
        untouched = address_words(self._people.to), address_words(self._people.cc)
        if (self.to_field.value, self.cc_field.value) == untouched:
            self._address(people)
        self._who = who
        self._label()

    def _address(self, people: Recipients) -> None:
        self._people = people
        self.to_field.value = address_words(people.to)
        self.cc_field.value = address_words(people.cc)

    def empty(self) -> None:
        """What was written has gone out: nothing is left to keep."""
        if self._pause is not None:
            self._pause.stop()
        self._kept = self.content = ""

    @property
    def content(self) -> str:
        return self.area.text

    @content.setter
    def content(self, text: str) -> None:
        self.area.load_text(text)
        self.area.move_cursor(self.area.document.end)

    @property
    def has_text(self) -> bool:
        return bool(self.content.strip())

    def recipients(self) -> Recipients:
        """Whom it goes to, as the fields say; raises `Invalid` for what is no address."""
        people = Recipients(
            to=addresses(self.to_field.value, self._people.to),
            cc=addresses(self.cc_field.value, self._people.cc),
        )
        if not people.to:
            raise Invalid("Nobody stands in To.", hint="Write an address there.")
        return people

    def watch_kind(self) -> None:
        self.set_class(self.kind == "note", "-note")
        self._label()

    def watch_then(self) -> None:
        self._label()

    def watch_preview(self) -> None:
        self.set_class(self.preview, "-preview")
        if self.preview:
            self._show_preview()
            self.query_one("#preview").focus()
        elif self.is_mounted:
            self.area.focus()

    def _label(self) -> None:
        if not self.number:
            return
        if self.kind == "note":
            self.border_title = Content(f"NOTE on #{self.number}: only colleagues see it")
            self.border_subtitle = Content("^s add · ^t reply instead · esc put away")
        else:
            self.border_title = Content(f"REPLY to {self._who} on #{self.number}")
            self.border_subtitle = Content(f"^s send, then {self.then} (^r) · ^t note · esc put away")

    def _show_preview(self) -> None:
        from rich.markdown import Markdown

        text = safe_text(self.content) or "*Nothing written yet.*"
        self.preview_pane.update(Markdown(text, hyperlinks=False))

    @on(TextArea.Changed)
    def text_changed(self, message: TextArea.Changed) -> None:
        message.stop()
        if self._pause is not None:
            self._pause.stop()
        if self.content != self._kept:
            self._pause = self.set_timer(PAUSE, self.keep)

    def keep(self) -> None:
        """Send the text up now if it changed since the last time."""
        if self._pause is not None:
            self._pause.stop()
        if self.number and self.content != self._kept:
            self._kept = self.content
            self.post_message(self.Paused(self.number, self.kind, self.content))

    @on(Input.Submitted)
    def recipient_entered(self, message: Input.Submitted) -> None:
        message.stop()
        self.screen.focus_next()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "then" and self.kind == "note")

    def action_send(self) -> None:
        self.keep()
        self.post_message(self.Sent())

    def action_leave(self) -> None:
        if self.preview:
            self.preview = False
            return
        self.keep()
        self.post_message(self.Left())

    def action_switch(self) -> None:
        self.keep()
        self.post_message(self.Switched("reply" if self.kind == "note" else "note"))

    def action_edit(self) -> None:
        self.keep()
        self.post_message(self.EditorWanted())

    def action_then(self) -> None:
        self.then = _THEN[(_THEN.index(self.then) + 1) % len(_THEN)]

    def action_preview(self) -> None:
        self.preview = not self.preview


def address_words(people: Sequence[Mailto]) -> str:
    """Addresses as they stand in a field: `Ann <ann@example.com>, bob@example.com`."""
    return ", ".join(map(_one_address, people))


def _one_address(one: Mailto) -> str:
    email = safe_line(one.email, limit=320)
    name = safe_line(one.name, limit=120)
    if not name or name == email:
        return email
    if any(char in '",<>@()[]:;\\' for char in name):
        name = '"' + name.replace("\\", "").replace('"', "'") + '"'
    return f"{name} <{email}>"


def addresses(text: str, known: Sequence[Mailto]) -> list[Mailto]:
    """The addresses in a field; one that was not touched is the one from before, to the letter."""
    if text == address_words(known):
        return list(known)
    from email.utils import getaddresses

    by_email = {one.email.lower(): one for one in known}
    found = []
    for name, email in getaddresses([text.replace(";", ",")]):
        if not (name or email):
            continue
        local, at, domain = email.rpartition("@")
        if not (local and at and domain) or any(char.isspace() for char in email):
            raise Invalid(f"“{safe_line(email or name, limit=60)}” is no mail address.")
        found.append(by_email.get(email.lower()) or Mailto(name=name, email=email))
    return found
