"""The demo's people and conversations, as `samples/` describes them.

A file there holds `[[thread]]` tables with their `[[thread.step]]`: who wrote what, and how long ago. A step
is a mail, an agent's reply or note, or a file that is a mail already. What a field means is said below; a key
that is not there is an error.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("samples")
SUPPORT = ("Pedalglow Support", "support@pedalglow.example")
"""Name and address that everybody writes to."""

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_SPAN = re.compile(r"(\d+)([dhm])")


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    email: str
    client: str = "gmail"
    """The program their mails look like: gmail, outlook, apple, thunderbird, phone or plain."""
    language: str = "en"
    charset: str = "utf-8"
    signature: str = ""
    agent: bool = False


@dataclass(frozen=True)
class Step:
    mail: str = ""
    """Who writes a mail; the step has this, `reply`, `note` or `eml`, and no other of them."""
    reply: str = ""
    """The agent who answers: with the desk, or where the step has a time, from the mailbox before there was
    one."""
    note: str = ""
    """The agent who writes a note."""
    eml: str = ""
    """A file with a whole mail, in which @DATE@ stands for its date."""
    text: str = ""
    ago: timedelta | None = None
    """Before the demo was filled; None: while it is filled, after all that has a time."""
    attach: tuple[str, ...] = ()
    """Names of files in `samples/files`; in a mail with HTML a picture among them is shown inside."""
    html: str = ""
    """A file with HTML, which is then all there is to the mail."""
    cc: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    """Besides the desk."""
    quote: str = "below"
    """Where a mail that answers quotes: below, above, inline (`text` holds the quoted lines) or none."""
    subject: str = ""
    """Where it differs from that of the thread."""
    headers: dict[str, str] = field(default_factory=dict)
    bounce: str = ""
    """A mail server's words on why the desk's last answer could not be delivered."""
    loose: bool = False
    """The mail names nothing it answers, as some programs do."""
    status: str = "pending"
    """What a reply leaves the ticket as."""


@dataclass(frozen=True)
class Thread:
    subject: str
    steps: tuple[Step, ...]
    by: str = ""
    """The agent who sets what follows; by default the assignee."""
    status: str = ""
    priority: str = ""
    assignee: str = ""
    draft: str = ""
    """What the demo's own agent has begun to answer."""


@dataclass(frozen=True)
class Answer:
    """What a customer writes to an answer, whatever it was about."""

    text: str
    language: str = "en"


@cache
def people() -> dict[str, Person]:
    return {key: Person(key, **fields) for key, fields in _read("people.toml").items()}


def threads() -> list[Thread]:
    """Every conversation the demo begins with."""
    return [thread for path in sorted(FOLDER.glob("threads-*.toml")) for thread in _threads(path.name)]


def arrivals() -> list[Thread]:
    """Mails that come in while one looks; each is a thread of one step."""
    return list(_threads("arrivals.toml"))


def answers() -> list[Answer]:
    return [Answer(**fields) for fields in _read("answers.toml")["answer"]]


def content(name: str) -> bytes:
    return (FOLDER / "files" / name).read_bytes()


def _threads(name: str) -> Iterator[Thread]:
    for fields in _read(name)["thread"]:
        steps = tuple(_step(step) for step in fields.pop("step"))
        yield Thread(steps=steps, **fields)


def _step(fields: dict[str, Any]) -> Step:
    for name in ("attach", "cc", "to"):
        fields[name] = tuple(fields.get(name, ()))
    if "ago" in fields:
        fields["ago"] = _span(fields["ago"])
    return Step(**fields)


def _span(text: str) -> timedelta:
    """`12d 4h 10m`"""
    return timedelta(**{_UNITS[unit]: int(count) for count, unit in _SPAN.findall(text)})


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))
