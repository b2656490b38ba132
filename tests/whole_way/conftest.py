"""An empty home for the programs. Not under tmp_path: the server's account, as root, must get there."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole_way.lives import Lives, lives_begun
from tests.whole_way.programs import Programs

CONFIG = 'grace_seconds = 0.2\nagent = "ada@lamps.example"\n[mailbox]\naddress = "help@lamps.example"\n'


@pytest.fixture
def programs() -> Iterator[Programs]:
    """When they have ended, no server of theirs is left."""
    with tempfile.TemporaryDirectory(prefix="ttydesk-tests-") as folder:
        (Path(folder) / "config.toml").write_text(CONFIG)
        programs = Programs(Path(folder))
        yield programs
        left = programs.servers()
        if left:
            programs.kill_servers()
        log = Path(folder) / "daemon.log"
        assert not left, log.read_text() if log.exists() else left


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    """Lives of the daemon that end where a test wants them to."""
    with lives_begun() as lives:
        yield lives
