"""The command line as it is typed: `ttydesk("ticket", "list")` goes through the same door as the program."""

import asyncio
import io
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TextIO

import pytest
import requests

import cli
from commands import browser
from core.desk import Desk
from core.models import Mailbox
from tests.conftest import desk_as
from tests.gmail import GmailServer

SALES, HELP = "sales@example.com", "help@example.com"
TOPIC, SUBSCRIPTION = "projects/desk/topics/mail", "projects/desk/subscriptions/mail"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Ttydesk = Callable[..., Ran]
Connect = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and no other settings."""
    monkeypatch.setenv("TTYDESK_HOME", str(tmp_path / "home"))
    for name in ("TTYDESK_AGENT", "TTYDESK_DATABASE_URL", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def typed(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ttydesk:
    """Run the command line with the given arguments; `stdin` is what is piped in, or a pipe."""

    def run(*arguments: str, stdin: bytes | TextIO = b"") -> Ran:
        piped = io.TextIOWrapper(io.BytesIO(stdin), "utf-8") if isinstance(stdin, bytes) else stdin
        monkeypatch.setattr(sys, "argv", ["ttydesk", *arguments])
        monkeypatch.setattr(sys, "stdin", piped)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, said.out, said.err)

    return run


@pytest.fixture
def ttydesk(typed: Ttydesk, database: str, service: Desk, monkeypatch: pytest.MonkeyPatch) -> Ttydesk:
    """The same on a desk with two agents, typed by ada@example.com."""
    monkeypatch.setenv("TTYDESK_DATABASE_URL", database)
    monkeypatch.setenv("TTYDESK_AGENT", "ada@example.com")
    return typed


@pytest.fixture
def google() -> Iterator[GmailServer]:
    with GmailServer(SALES, HELP, quota=None) as google:
        yield google


@pytest.fixture
def configure(home: Path, google: GmailServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write the settings, the OAuth client from Google's file."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the server speaks plain HTTP on loopback
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"):
        monkeypatch.delenv(f"GOOGLE_{name}", raising=False)
    home.mkdir(mode=0o700)
    (home / "client.json").write_text(json.dumps(google.client_config))

    def write(**said: str | None) -> None:
        wanted = {"api_root": google.url, "client_file": "client.json"} | said
        lines = [f"{name} = {json.dumps(value)}" for name, value in wanted.items() if value]
        (home / "config.toml").write_text("\n".join(['tokens = "file"', "[google]", *lines]))

    write()
    return write


@pytest.fixture
def connect(ttydesk: Ttydesk, configure: object, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """`ttydesk gmail connect` with a browser that comes back by itself."""

    def run(*arguments: str) -> Ran:
        def comes_back(address: str) -> bool:
            threading.Thread(target=lambda: requests.get(address, timeout=10)).start()
            return True

        monkeypatch.setattr(browser, "open_browser", comes_back)
        with pipe() as (there, _):
            return ttydesk("gmail", "connect", *arguments, stdin=there)

    return run


@contextmanager
def pipe() -> Iterator[tuple[TextIO, IO[bytes]]]:
    reader, writer = os.pipe()
    with closing(os.fdopen(reader)) as there, closing(os.fdopen(writer, "wb", buffering=0)) as here:
        yield there, here


@dataclass
class Records:
    """What the database holds, asked between two commands."""

    database: str

    def do(self, work: Callable[[Desk], Awaitable[Any]]) -> Any:
        async def opened() -> Any:
            async with desk_as(self.database, "service_role") as desk:
                return await work(desk)

        return asyncio.run(opened())

    def mailbox(self, address: str) -> Mailbox:
        known: list[Mailbox] = self.do(lambda it: it.list_mailboxes())
        (found,) = (one for one in known if one.address == address)
        return found


@pytest.fixture
def desk(database: str) -> Records:
    return Records(database)
