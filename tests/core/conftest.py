"""Homes for an embedded Postgres. Not under tmp_path: its account, as root, must get there."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedded import Embedded
from tests.core.servers import FAST, User


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A home whose data folder was made and whose server is stopped, to be copied."""
    with tempfile.TemporaryDirectory(prefix="ttydesk-made-") as folder:
        home = Path(folder) / "home"
        embedded = Embedded(home, FAST)
        embedded.start()
        assert embedded.stop()
        yield home


@pytest.fixture
def empty() -> Iterator[Path]:
    """A home with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="ttydesk-home-") as folder:
        home = Path(folder) / "home"
        yield home
        Embedded(home).stop()


@pytest.fixture
def home(made: Path, empty: Path) -> Path:
    subprocess.run(["cp", "-a", made, empty], check=True)
    return empty


@pytest.fixture
def users(home: Path) -> Iterator[list[User]]:
    """Two programs that use the server of `home`."""
    both = [User(home), User(home)]
    yield both
    for user in both:
        user.end()
