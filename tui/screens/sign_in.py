"""Asks the agent to sign in, with a code that is mailed or a password. What lies below stays as it is."""

from typing import TYPE_CHECKING

from rich.text import Text
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.errors import DeskError
from core.refusal import SIGN_IN
from core.text import safe_line

if TYPE_CHECKING:
    from core.sign_in import SignIn

_KEYS = {
    "address": "enter mails you a code    ctrl+o with a password    esc later",
    "code": "enter to sign in    ctrl+o with a password    esc later",
    "password": "enter to sign in    ctrl+o with a code    esc later",
}
_PLACEHOLDERS = {"address": "", "code": "the code in the mail", "password": "your password"}


class SignInScreen(ModalScreen[bool]):
    """Answers whether the agent signed in."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = [
        Binding("escape", "leave", "Later", id="login.leave"),
        Binding("ctrl+o", "change", "Code or password", id="login.change", priority=True),
    ]

    address = getters.query_one("#address", Input)
    secret = getters.query_one("#secret", Input)
    words = getters.query_one("#words", Static)
    keys = getters.query_one("#keys", Static)

    def __init__(self, sign_in: "SignIn") -> None:
        super().__init__()
        self._sign_in = sign_in
        self._way = "address"
        """address: nothing was mailed yet; code, password: which of them is asked for."""

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = "Sign in"
            yield Input(placeholder="your e-mail address", id="address", compact=True, select_on_focus=False)
            yield Input(id="secret", compact=True, password=True)
            yield Static(id="words", markup=False)
            yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        self._ask_for("address")
        self._say("What you are writing stays. Sign in to go on.")
        self.find_address()

    @work(group="sign-in-address")
    async def find_address(self) -> None:
        try:
            known = await self._sign_in.address()
        except DeskError as error:
            self._refuse(error)
            return
        if not self.address.value:
            self.address.value = safe_line(known)
            self.address.action_end()

    def _ask_for(self, way: str) -> None:
        self._way = way
        self.secret.display = way != "address"
        self.secret.password = way == "password"
        self.secret.placeholder = _PLACEHOLDERS[way]
        self.secret.value = ""
        self.keys.update(_KEYS[way])
        self.set_focus(self.address if way == "address" or not self._email else self.secret)

    @property
    def _email(self) -> str:
        return self.address.value.strip()

    @on(Input.Submitted, "#address")
    def address_typed(self) -> None:
        if not self._email:
            self._say("Your e-mail address is needed first.", trouble=True)
        elif self._way == "password":
            self.set_focus(self.secret)
        else:
            self.send_code()

    @on(Input.Submitted, "#secret")
    def secret_typed(self) -> None:
        if not self._email:
            self.set_focus(self.address)
        elif self.secret.value.strip():
            self.enter()

    @work(exclusive=True, group="sign-in")
    async def send_code(self) -> None:
        self._say("Mailing a code…")
        try:
            await self._sign_in.send_code(self._email)
        except DeskError as error:
            self._refuse(error)
        else:
            self._ask_for("code")
            self._say(f"A code was mailed to {self._email}. Enter in the address mails another.")

    @work(exclusive=True, group="sign-in")
    async def enter(self) -> None:
        self._say("Signing in…")
        enter = self._sign_in.enter_password if self._way == "password" else self._sign_in.enter_code
        try:
            await enter(self._email, self.secret.value.strip())
        except DeskError as error:
            self._refuse(error)
        else:
            self.dismiss(True)

    def _refuse(self, error: DeskError) -> None:
        hint = "" if error.hint and SIGN_IN.split(": ")[1] in error.hint else error.hint or ""
        self._say(f"{error} {hint}", trouble=True)

    def _say(self, words: str, trouble: bool = False) -> None:
        self.words.update(Text(safe_line(words, limit=300), "" if not trouble else "bold"))
        self.words.set_class(trouble, "-trouble")

    def action_change(self) -> None:
        self._ask_for("address" if self._way == "password" else "password")
        self._say("")

    def action_leave(self) -> None:
        self.dismiss(False)
