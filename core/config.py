"""Settings: typed option > environment (TTYDESK_*) > config.toml in the home folder > default.

`load` is called once, by the command line, and what it returns is handed down. Plain pydantic
with the three sources read here, because pydantic-settings costs each start 60 ms for them.
"""

import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, SecretStr, ValidationError

from core.errors import Invalid, StorageFailed
from core.sections import STRICT, Address, EmailStatus, Google, Mailbox, Supabase, Web, Webhooks

_PREFIX = "TTYDESK_"

_EXPECTED = {
    "email_status.secret": "be whsec_ and base64 of 24 bytes or more, as 'openssl rand -base64 32' makes it",
    "model_type": "be a section with settings of its own",
    "string_pattern_mismatch": "be an e-mail address",
    "supabase.url": "be an address that begins with https:// and is nothing but a host, as https://NAME.supabase.co",
    "web.embed_in": "be addresses of sites, as https://www.example.com, with commas between them",
    "web.address": "be an address and nothing but a host, as https://help.example.com",
}
"""Our words where pydantic's are a programmer's: for one setting, or for a kind of mistake."""


class Settings(BaseModel):
    """All settings. Made directly, it takes nothing from the environment or a file."""

    model_config = STRICT

    home: Path
    """Where everything lies that belongs to this desk."""
    database_url: SecretStr | None = None
    """Your own Postgres, as a URL; without it ttydesk starts its own."""
    agent: Address | None = None
    """The e-mail address of the agent you work as."""
    mailbox: Mailbox = Mailbox()
    """The support address, and where its mail comes and goes."""
    google: Google = Google()
    """Your project at Google, through which Gmail is reached."""
    supabase: Supabase = Supabase()
    """Your project at Supabase, where the desk of a team lies."""
    web: Web = Web()
    """The form, the portal and the API: what customers and programs reach over HTTP."""
    email_status: EmailStatus = EmailStatus()
    """Who may tell what became of mail that left."""
    webhooks: Webhooks = Webhooks()
    """Webhooks: addresses that the daemon tells of what happens."""
    tokens: Literal["auto", "keyring", "file"] = "auto"
    """Where tokens are kept: in the system's keyring, in a file of the home folder, or whichever there is."""
    grace_seconds: Annotated[float, Field(ge=0)] = 10.0
    """How long an answer waits before it is sent, so that it can be taken back."""
    theme: str = "dark"
    """The colours of the terminal interface: dark, light, or the name of a Textual theme."""
    editor: str | None = None
    """The editor for longer texts; without it $VISUAL, then $EDITOR."""
    keys: dict[str, str] = {}
    """Other keys for actions: the action's name, and its keys with commas between them."""
    poll_seconds: Annotated[float, Field(gt=0)] = 0.25
    """How often the daemon looks for new mail."""

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any) -> None:
        maildir = self.home / self.mailbox.maildir.expanduser()
        object.__setattr__(self, "mailbox", self.mailbox.model_copy(update={"maildir": maildir}))


_SECTIONS: dict[str, type[BaseModel]] = {
    "mailbox": Mailbox,
    "google": Google,
    "supabase": Supabase,
    "web": Web,
    "email_status": EmailStatus,
    "webhooks": Webhooks,
}
_THEIRS = {
    f"{section.upper()}_{name.upper()}": f"{section}.{name}"
    for section, names in {
        "google": ("client_id", "client_secret", "redirect_uri"),
        "supabase": ("url", "publishable_key", "secret_key"),
    }.items()
    for name in names
}
"""Variables as Google's and Supabase's own examples call them; ours with the prefix come before them."""


@dataclass(frozen=True)
class Row:
    """One setting, as `ttydesk config show` prints it."""

    key: str
    value: str
    origin: str
    """option, environment, file or default."""
    meaning: str


def config_path(home: Path) -> Path:
    return home / "config.toml"


def load(**typed: Any) -> Settings:
    """The settings, with `typed` options (home, agent, database_url...) before all else.

    The home folder is made if need be. Whatever is wrong is an Invalid or a StorageFailed.
    """
    home, from_where = _home(typed.pop("home", None))
    _make(home)
    layers = {"default": {}, "file": _file(config_path(home)), "environment": _environment(), "option": typed}
    merged: dict[str, Any] = {}
    origins = {"home": from_where}
    for origin, values in layers.items():
        for key, value in _dotted(values):
            origins[key] = origin
            _put(merged, key, value)
    try:
        settings = Settings(home=home, **merged)
    except ValidationError as error:
        raise _sentence(error, origins, home) from None
    settings._origins.update(origins)
    return settings


def describe(settings: Settings) -> list[Row]:
    """All settings in the order of their definition, secrets masked."""
    meanings = _docstrings(Settings)
    for section, model in _SECTIONS.items():
        meanings |= {f"{section}.{name}": said for name, said in _docstrings(model).items()}
    rows = []
    for key in _keys():
        value: Any = settings
        for part in key.split("."):
            value = getattr(value, part)
        shown = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        rows.append(Row(key, shown, settings._origins.get(key, "default"), meanings[key]))
    return rows


def _keys() -> list[str]:
    """Every setting, as it is written in sentences: `agent`, `mailbox.address`."""
    keys: list[str] = []
    for name in Settings.model_fields:
        section = _SECTIONS.get(name)
        keys += [f"{name}.{inner}" for inner in section.model_fields] if section else [name]
    return keys


def _home(typed: Any) -> tuple[Path, str]:
    """The home folder, and where it is from: it decides where the file is, and so comes before the rest."""
    if typed is not None:
        return Path(typed).expanduser().absolute(), "option"
    if value := os.environ.get(_PREFIX + "HOME"):
        return Path(value).expanduser().absolute(), "environment"
    import platformdirs

    return platformdirs.user_data_path("ttydesk"), "default"


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        reason = "" if os.access(home, os.W_OK | os.X_OK) else "you may not write there"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise StorageFailed(
            f"The home folder {home} cannot be used: {reason}.",
            hint="Choose another with --home or TTYDESK_HOME.",
        )


def _file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8 text: byte {error.start} does not belong there.") from error
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{path} is not valid TOML: {error}.") from error
    if "home" in values:
        raise Invalid(
            f"{path}: home cannot be set in a file that lies in it.", hint="Set TTYDESK_HOME instead."
        )
    return values


def _environment() -> dict[str, Any]:
    known = {_variable(key): key for key in _keys() if key not in ("home", "keys")}
    values: dict[str, Any] = {}
    for name, key in _THEIRS.items():
        if value := os.environ.get(name):
            _put(values, key, value)
    for name, value in os.environ.items():
        if not name.startswith(_PREFIX) or name == _variable("home") or not value:
            continue
        if name not in known:
            raise Invalid(
                f"The environment sets {name}, but there is no such setting.", hint=_nearest(name, known)
            )
        _put(values, known[name], value)
    return values


def _variable(key: str) -> str:
    return _PREFIX + key.upper().replace(".", "_")


def _dotted(values: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        section = key in _SECTIONS and isinstance(value, dict)
        found += [(f"{key}.{inner}", each) for inner, each in value.items()] if section else [(key, value)]
    return found


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    section, _, inner = key.rpartition(".")
    if not section:
        values[key] = value
    elif isinstance(inside := values.setdefault(section, {}), dict):  # else it is refused as it is
        inside[inner] = value


def _sentence(error: ValidationError, origins: dict[str, str], home: Path) -> Invalid:
    """The first thing that was wrong: where, which key, what, and the nearest key there is."""
    wrong = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in wrong["loc"])
    origin = origins.get(key) or origins.get(key.rpartition(".")[0], "option")
    places = {"file": str(config_path(home)), "environment": _variable(key), "option": "The options"}
    where = places[origin]
    if wrong["type"] == "extra_forbidden":
        return Invalid(f"{where}: there is no setting {key!r}.", hint=_nearest(key, [*_keys(), *_SECTIONS]))
    expected = (
        _EXPECTED.get(key)
        or _EXPECTED.get(wrong["type"])
        or wrong["msg"].removeprefix("Input should ").partition(", unable")[0]
    )
    return Invalid(f"{where}: {key} should {expected}.")


def _nearest(key: str, keys: Iterable[str]) -> str | None:
    """A hint with the key that was probably meant: by its whole name, or by its name inside its section."""
    import difflib

    whole = {name: name for name in keys}
    last = {name.rpartition(".")[2]: name for name in reversed(whole)}  # of two of a name the first
    found = difflib.get_close_matches(key, [*whole, *last], 1)
    found = found or difflib.get_close_matches(key.rpartition(".")[2], [*last], 1)
    return f"Did you mean {(whole | last)[found[0]]}?" if found else None


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """What stands under each field. Pydantic can collect it too, but at every start, and that takes 0.1 s."""
    import ast
    import inspect
    from itertools import pairwise

    body = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, said in pairwise(body.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(said, ast.Expr)
        ):
            found[field.target.id] = ast.literal_eval(said.value)
    return found
