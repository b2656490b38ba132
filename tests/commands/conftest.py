"""The command line as it is typed: `ttydesk("ticket", "list")` goes through the same door as the program."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import cli
from core.desk import Desk


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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and no other settings."""
    monkeypatch.setenv("TTYDESK_HOME", str(tmp_path / "home"))
    for name in ("TTYDESK_AGENT", "TTYDESK_DATABASE_URL", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def typed(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ttydesk:
    """Run the command line with the given arguments; `stdin` is what is piped in."""

    def run(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "argv", ["ttydesk", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
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
