"""core/embedded.py with real programs: several users, and any of them killed at any step."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from core.embedded import Embedded, Status
from core.errors import Unreachable
from tests.core.servers import FAST, ROOT, User, answer, kill_server, pid_of

KILLED = """
import os, signal, sys
from pathlib import Path
import core.embedded
seen = set()
home, left, only = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
def trace(frame, event, argument):
    place = frame.f_code.co_name, frame.f_lineno
    if frame.f_code.co_filename != core.embedded.__file__ or only not in ("", frame.f_code.co_name):
        return trace if only else None
    if event == "line":
        seen.add(place)
        if len(seen) == left:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace
embedded = core.embedded.Embedded(home, {"fsync": "off"})
sys.settrace(trace)
embedded.start()
embedded.stop()
"""
"""Starts, stops, and is killed at the n-th line of core/embedded.py (or of one function) that it comes to."""


def test_from_nothing_to_a_database_and_back(empty: Path) -> None:
    embedded = Embedded(empty)
    assert embedded.stop()
    assert embedded.status() == Status(False, None, None, empty / "postgres")
    with embedded:
        conninfo = embedded.start()
        wanted = {
            "select current_database() || ' ' || current_user": "ttydesk ttydesk",
            "show server_encoding": "UTF8",
            "show timezone": "UTC",
            "show data_checksums": "on",
            "show fsync": "on",
            "show synchronous_commit": "on",
            "show listen_addresses": "",
            "select upper('straße é')": "STRASSE É",
        }
        for query, value in wanted.items():
            said = answer(conninfo, query)
            assert said == value or (said, value) == ("STRAßE É", "STRASSE É")
        assert embedded.status().running
        assert (empty / "postgres").stat().st_mode & 0o777 == 0o700
    assert not embedded.status().running
    assert not (empty / "postgres/postmaster.pid").exists()


def test_the_last_to_leave_stops_it(home: Path, users: list[User]) -> None:
    first, second = users
    assert first.conninfo() == second.conninfo()
    assert not first.leave()
    assert Embedded(home).status().running
    assert second.leave()
    assert not Embedded(home).status().running


def test_users_are_counted(home: Path, users: list[User]) -> None:
    for user in users:
        user.conninfo()
    counted = Embedded(home).status().users
    if counted is None:
        pytest.skip("this system does not tell who holds a lock")
    assert counted == 2


def test_many_start_a_new_one_at_once(empty: Path) -> None:
    crowd = [User(empty) for _ in range(5)]
    try:
        assert len({user.conninfo() for user in crowd}) == 1
        assert answer(f"host='{empty}/postgres' port=5432 user=ttydesk dbname=ttydesk") == 1
        assert [user.leave() for user in crowd] == [False] * 4 + [True]
    finally:
        for user in crowd:
            user.end()


def test_all_killed_and_the_next_finds_it(home: Path, users: list[User]) -> None:
    for user in users:
        user.conninfo()
    before = pid_of(home)
    for user in users:
        user.kill()
    embedded = Embedded(home, FAST)
    assert answer(embedded.start()) == 1
    assert pid_of(home) == before
    assert embedded.stop()
    assert not embedded.status().running


def test_one_killed_and_the_other_stops_it(users: list[User]) -> None:
    first, second = users
    assert answer(first.conninfo()) == 1
    second.conninfo()
    first.kill()
    assert second.leave()


def test_killed_at_every_step(home: Path) -> None:
    """Killed at ever later lines, until it runs to its end; each time the next program finds all well."""
    line, code = 1, -signal.SIGKILL
    while code == -signal.SIGKILL:
        code = killed(home, line)
        embedded = Embedded(home, FAST)
        assert answer(embedded.start()) == 1
        assert embedded.stop()
        line += 4
    assert code == 0
    assert line > 60


@pytest.mark.parametrize("line", [6, 9, 12, 16])
def test_killed_while_the_data_folder_is_made(empty: Path, line: int) -> None:
    assert killed(empty, line, "_create") == -signal.SIGKILL
    with Embedded(empty, FAST) as embedded:
        assert answer(embedded.start()) == 1


def killed(home: Path, line: int, function: str = "") -> int:
    command = [sys.executable, "-c", KILLED, str(home), str(line), function]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_a_killed_server_is_started_again_with_its_data(home: Path, users: list[User]) -> None:
    other, _ = users
    other.conninfo()
    embedded = Embedded(home, FAST)
    conninfo = embedded.start()
    with psycopg.connect(conninfo) as connection:
        connection.execute("create table kept as select 7 as number")
    with psycopg.connect(conninfo) as working:
        before = kill_server(home)
        conninfo = embedded.revive()
        with pytest.raises(psycopg.OperationalError):
            working.execute("select 1")
    assert pid_of(home) != before
    assert answer(conninfo, "select number from kept") == 7
    assert not embedded.stop()
    assert Embedded(home).status().running


def test_the_number_of_a_dead_server_is_now_a_strangers(home: Path) -> None:
    """After a crash and a reboot the process number in postmaster.pid may be anybody's: here, ours."""
    embedded = Embedded(home, FAST)
    embedded.start()
    kill_server(home)
    for file in (home / "postgres/postmaster.pid", home / "postgres/.s.PGSQL.5432.lock"):
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    assert answer(embedded.revive()) == 1
    assert embedded.stop()


def test_a_stop_that_was_begun_is_finished_before_anyone_connects(home: Path) -> None:
    embedded = Embedded(home, FAST)
    embedded.start()
    before = pid_of(home)
    (home / "postgres.lock").write_text("stopping")
    assert answer(Embedded(home, FAST).start()) == 1
    assert pid_of(home) != before
    assert (home / "postgres.lock").read_text() == ""


def test_a_forked_child_is_no_user(home: Path) -> None:
    """Forked processes have the lease's file open too, and may outlive their parent."""
    program = (
        "import os, sys; from pathlib import Path; from core.embedded import Embedded\n"
        "embedded = Embedded(Path(sys.argv[1])); embedded.start()\n"
        "read, write = os.pipe()\n"
        "if not os.fork(): os.close(write); os.read(read, 1); os._exit(0)\n"
        "sys.exit(0 if embedded.stop() else 1)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(home)], cwd=ROOT, check=False).returncode == 0
    assert not Embedded(home).status().running


def test_joining_a_running_server_is_cheap(home: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from core.embedded import Embedded\n"
        "times = []\n"
        "for _ in range(20):\n"
        "    begun = time.perf_counter(); embedded = Embedded(Path(sys.argv[1])); embedded.start()\n"
        "    times.append(time.perf_counter() - begun); embedded.stop()\n"
        "assert not {'psycopg', 'subprocess', 'shutil', 'asyncio'} & set(sys.modules), sys.modules\n"
        "print(min(times))"
    )
    with Embedded(home, FAST):
        command = [sys.executable, "-c", program, str(home)]
        took = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert float(took) < 0.05  # to start one takes ten times as long


@pytest.mark.parametrize(
    "name", ["x" * 120, "with, comma", "with 'quotes' and \\ and spaces", 'with "double"']
)
def test_a_home_whose_name_does_not_do_for_a_socket(made: Path, empty: Path, name: str) -> None:
    home = empty / name
    empty.mkdir()
    subprocess.run(["cp", "-a", made, home], check=True)
    embedded = Embedded(home, FAST)
    conninfo = embedded.start()
    try:
        assert answer(conninfo) == 1
        folder = Path((home / "postgres/postmaster.pid").read_text().splitlines()[4])
        assert folder.stat().st_mode & 0o777 == 0o700
        kill_server(home)
        assert embedded.revive() == conninfo
    finally:
        assert embedded.stop()
    assert folder.exists() == (folder == home / "postgres")


def test_a_full_disk(made: Path, empty: Path) -> None:
    empty.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m", "ttydesk", str(empty)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may make a small disk")
    try:
        with pytest.raises(Unreachable, match=r"disk that holds .* is full"):
            _fill_and(empty, lambda: Embedded(empty, FAST).start())
        subprocess.run(["cp", "-a", f"{made}/.", empty], check=True)
        with pytest.raises(Unreachable, match=r"disk that holds .* is full"):
            _fill_and(empty, lambda: Embedded(empty, FAST).start())
        with Embedded(empty, FAST) as embedded:
            assert answer(embedded.start()) == 1
    finally:
        subprocess.run(["umount", empty], check=True)


def _fill_and(folder: Path, act: Callable[[], object]) -> None:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            try:
                act()
            finally:
                filler.unlink()


def test_a_broken_data_folder(home: Path) -> None:
    (home / "postgres/global/pg_control").unlink()
    with pytest.raises(Unreachable, match=r"cannot be started in .*pg_control"):
        Embedded(home, FAST).start()
    assert not Embedded(home).status().running


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable, match="cannot be started"):
        Embedded(tmp_path / "file/home").start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Unreachable, match="Permission denied") as raised:
        Embedded(tmp_path / "home").start()
    assert "TTYDESK_HOME" in (raised.value.hint or "")


def test_the_log_does_not_grow_for_ever(home: Path) -> None:
    log = home / "postgres.log"
    log.write_bytes(b"x" * 1_000_001)
    with Embedded(home, FAST) as embedded:
        with psycopg.connect(embedded.start()) as connection, pytest.raises(psycopg.Error):
            connection.execute("select 1 / 0")
        assert log.stat().st_size < 10_000
        assert "division" not in log.read_text()
    assert (home / "postgres.log.1").stat().st_size == 1_000_001
