"""core/server_programs.py: whose programs are taken, and what they complain of as one sentence."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import server_programs
from core.embedded import Embedded
from core.errors import Unreachable
from tests.core.servers import FAST, answer


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    server_programs.folder.cache_clear()
    yield
    server_programs.folder.cache_clear()


@pytest.mark.usefixtures("no_package")
def test_no_postgres_anywhere(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_programs, "DEBIAN", empty)
    with pytest.raises(Unreachable, match="no PostgreSQL to start") as raised:
        Embedded(empty, FAST).start()
    assert "apt install" in (raised.value.hint or "")


@pytest.mark.skipif(not list(server_programs.DEBIAN.glob("*/bin/initdb")), reason="no PostgreSQL of Debian's")
@pytest.mark.usefixtures("no_package")
def test_the_postgres_of_the_system(empty: Path) -> None:
    assert server_programs.folder().is_relative_to(server_programs.DEBIAN)
    with Embedded(empty, FAST) as embedded:
        assert answer(embedded.start(), "select upper('é')") == "É"


def test_data_of_another_major_version(home: Path) -> None:
    (home / "postgres/PG_VERSION").write_text("9\n")
    with pytest.raises(Unreachable, match=r"were made by PostgreSQL 9, and this is PostgreSQL \d+") as raised:
        Embedded(home, FAST).start()
    assert raised.value.hint


@pytest.mark.parametrize(
    ("said", "number", "sentence"),
    [
        ("initdb: error: could not write: No space left on device", None, "The disk that holds /d is full."),
        ("whatever", errno.ENOSPC, "The disk that holds /d is full."),
        ("whatever", errno.EDQUOT, "The disk that holds /d is full."),
        (
            "Permission denied: /d/x",
            errno.EACCES,
            "Postgres cannot be started in /d: Permission denied: /d/x.",
        ),
        ("LOG:  a\n2026 UTC [1] FATAL:  b\nLOG:  c", None, "Postgres cannot be started in /d: b."),
        ("", None, "Postgres cannot be started in /d: it did not say why."),
    ],
)
def test_one_sentence_for_what_was_said(said: str, number: int | None, sentence: str) -> None:
    assert str(server_programs.refusal(said, Path("/d"), number)) == sentence


def test_the_callers_environment_does_not_lead_it_astray(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGPORT": "1",
        "PGDATA": "/nowhere",
        "LC_ALL": "xx_YY",
        "PGOPTIONS": "-c jit=on",
    }.items():
        monkeypatch.setenv(name, value)
    with Embedded(home, FAST) as embedded:
        conninfo = embedded.start()
        monkeypatch.delenv("PGOPTIONS")
        assert answer(conninfo, "show port") == "5432"
        assert answer(conninfo, "show jit") == "off"
