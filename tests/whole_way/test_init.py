"""The wizard on a terminal: a project at Supabase from nothing, by the keys that somebody presses."""

import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.hosted import PUBLISHABLE, SECRET, Project, supabase
from tests.whole_way.programs import PATIENCE, Programs, shows


@pytest.fixture
def project(empty_database: str) -> Iterator[Project]:
    """As Supabase gives one: without a desk."""
    with tempfile.TemporaryDirectory() as files, supabase(empty_database, Path(files), migrated=False) as one:
        yield one


def test_a_project_is_set_up_and_repaired_by_answers(programs: Programs, project: Project) -> None:
    programs.variables["TTYDESK_TOKENS"] = "file"
    with programs.terminal(columns=200, words=["init"]) as terminal:
        terminal.until(shows("Which [1]:"))
        terminal.press("3\r", shows("Address of the project"))
        terminal.press(f"{project.url}\r", shows("Publishable key:"))
        terminal.press(f"{PUBLISHABLE}\r", shows("Secret key"))
        terminal.press(f"{SECRET}\r", shows("URL of the database"))
        terminal.press(f"{project.database}\r", shows("Address of the first admin"))
        terminal.press("\r", shows("Does the daemon run here?"))
        terminal.press("y\r", shows("gmail connect, ttydesk sync"), PATIENCE)
        screen = "\n".join(terminal.text)
    assert (
        "ada@lamps.example is the first admin. A code was mailed: ttydesk login ada@lamps.example --code CODE"
        in screen
    )
    assert SECRET not in screen and "dbname" not in screen
    written = tomllib.loads((programs.home / "config.toml").read_text())
    assert written["supabase"] == {"url": project.url, "publishable_key": PUBLISHABLE, "secret_key": SECRET}
    assert written["grace_seconds"] == 0.2

    with programs.terminal(columns=200, words=["init"]) as terminal:
        terminal.until(shows("Which [3]:"))
        terminal.press("\r", shows(f"Address of the project, https://NAME.supabase.co [{project.url}]:"))
        terminal.press("\r", shows("Publishable key (enter: as it is set):"))
        terminal.press("\r", shows("Secret key"))
        terminal.press("\r", shows("URL of the database"))
        terminal.press("\r", shows("Your e-mail address [ada@lamps.example]:"))
        terminal.press("\r", shows("next      "), PATIENCE)
        screen = "\n".join(terminal.text)
    for step in ("settings  Nothing to do.", "database  Nothing to do.", "admin     Nothing to do."):
        assert step in screen
