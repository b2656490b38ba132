"""The Postgres we bring along: started by the first program that needs it, stopped by the last to leave.

Each program that uses the server holds a shared lock on `postgres.users`. The kernel takes it
back however the program ends, so who is left is never a matter of bookkeeping. Only who holds
`postgres.lock` may start or stop the server; whether it lives is asked at its socket, because
a process number in a file may by now be another program's.
"""

import contextlib
import fcntl
import functools
import os
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from core import server_programs, system_account
from core.errors import Unreachable

NAME = "ttydesk"
"""Of the database, and of its owner."""

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_min_messages": "log",  # what a query did wrong is told to who sent it, and would fill the file
    "log_checkpoints": "off",
}

_PATIENCE = 60.0
"""Seconds: a start after a crash may have much to repeat, a stop much to write."""
_PAUSE = 0.002
_LOG_LIMIT = 1_000_000
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 103  # bytes; Linux takes 107, macOS 103


@dataclass(frozen=True)
class Status:
    """What `ttydesk db status` says about the embedded server."""

    running: bool
    pid: int | None
    users: int | None
    """How many programs use it now; None where the system does not tell."""
    data: Path


@dataclass(frozen=True)
class _Postmaster:
    """The server as its own `postmaster.pid` describes it; it may be long dead."""

    pid: int
    folder: str
    """Where its socket is."""
    state: str

    @classmethod
    def of(cls, data: Path) -> "_Postmaster | None":
        try:
            lines = [line.strip() for line in (data / "postmaster.pid").read_text("utf-8").split("\n")]
        except FileNotFoundError:
            return None
        if len(lines) < 8 or not lines[0].isdigit():
            return cls(0, "", "starting")  # it writes the file in pieces
        return cls(int(lines[0]), lines[4], lines[7])

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            try:
                probe.connect(os.path.join(self.folder, _SOCKET))
            except BlockingIOError:  # so many are waiting that the queue is full
                return True
            except (ConnectionRefusedError, FileNotFoundError):
                return False
        return True


class Embedded:
    """The Postgres under one home folder. Use it as a context manager, or call `start` and `stop`."""

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are Postgres's own, above those we choose; they hold for the server if we start it."""
        self.home = home.absolute()
        self._settings = SETTINGS | dict(settings or {})
        self.data = self.home / "postgres"
        self.log = self.home / "postgres.log"
        self._lease: int | None = None
        self._log_before = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> str:
        """Join the users, start the server if need be, and say how to connect to it (libpq's conninfo)."""
        with self._sentences(), self._turn() as turn:
            self._join()
            try:
                if os.pread(turn, 1, 0):
                    self._end(turn)  # whoever was stopping it was killed before it was done
                return _conninfo(self._bring_up())
            except BaseException:
                self._leave()
                raise

    def revive(self) -> str:
        """After a lost connection: start the server again if it is gone. The conninfo may be another."""
        return self.start()

    def stop(self) -> bool:
        """Leave; the last to leave stops the server. Says whether it is stopped now."""
        with self._sentences():
            if not self.data.exists():
                return True
        with self._sentences(), self._turn() as turn:
            lease = self._join()
            try:
                if not _locked(lease, fcntl.LOCK_EX):
                    return False
                self._end(turn)
                return True
            finally:
                self._leave()

    def status(self) -> Status:
        with self._sentences():
            found = _Postmaster.of(self.data)
            running = found is not None and bool(found.folder) and found.answers()
            return Status(running, found.pid if found and running else None, self._users(), self.data)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[int]:
        """The right to start and stop; the file's content says that a stop was begun."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        turn = os.open(self.home / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _wait(lambda: _locked(turn, fcntl.LOCK_EX)):
                raise Unreachable(f"Another ttydesk has been starting or stopping {self.data} for a minute.")
            yield turn
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)  # by name: a forked child may have the file open too
            os.close(turn)

    def _join(self) -> int:
        if self._lease is None:
            self._lease = os.open(self.home / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lease, fcntl.LOCK_SH)
        return self._lease

    def _leave(self) -> None:
        if self._lease is not None:
            fcntl.flock(self._lease, fcntl.LOCK_UN)
            os.close(self._lease)
            self._lease = None

    def _users(self) -> int | None:
        try:
            wanted = f":{(self.home / 'postgres.users').stat().st_ino} "
            locks = Path("/proc/locks").read_text("ascii").splitlines()
        except FileNotFoundError:
            return None
        return sum("FLOCK" in line and wanted in line and "->" not in line for line in locks)

    def _bring_up(self) -> _Postmaster:
        """Wait until the server is ready, starting it (again) as often as that takes."""
        started: int | None = None
        deadline = time.monotonic() + _PATIENCE
        try:
            while time.monotonic() < deadline:
                found = _Postmaster.of(self.data)
                if found and found.folder and found.answers():
                    if found.state == "ready":
                        return found
                elif started is None:
                    self._create()
                    started = self._launch(found)
                elif _ended(started):
                    os.close(started)
                    started = None
                    self._explain(final=time.monotonic() + 1 > deadline)
                time.sleep(_PAUSE)
        finally:
            if started is not None:
                os.close(started)
        raise Unreachable(f"Postgres was not ready within a minute; {self.log} says what it is doing.")

    def _end(self, turn: int) -> None:
        """Stop the server and wait for its end. The mark outlives us, should we be killed meanwhile."""
        found = _Postmaster.of(self.data)
        if found and found.folder and found.answers():
            with contextlib.suppress(OSError):  # a full disk must not keep the server running
                os.pwrite(turn, b"stopping", 0)
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, signal.SIGINT)
            if not _wait(lambda: _Postmaster.of(self.data) is None or _gone(found.pid)):
                raise Unreachable(f"Postgres did not stop within a minute; {self.log} says what it is doing.")
            if found.folder != str(self.data):
                with contextlib.suppress(OSError):
                    os.rmdir(found.folder)
        os.ftruncate(turn, 0)

    def _create(self) -> None:
        """initdb, in a folder that gets its name only when it is complete."""
        if self.data.exists():
            return
        import shutil

        new = self.home / "postgres.new"
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(new)
        new.mkdir(mode=0o700)
        if account := system_account.for_server(self.data):
            account.own(new)
        run = functools.partial(server_programs.run, data=self.data)
        version = int(re.findall(r"\d+", run("postgres", "--version"))[0])
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        run(
            *("initdb", "--pgdata", str(new), "--username", NAME, "--encoding=UTF8", "--data-checksums"),
            *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
            *(["--no-sync"] if self._settings["fsync"] == "off" else []),
            *(locale if version >= 17 else ["--locale=C.UTF-8"]),
        )
        rename = f"alter database postgres rename to {NAME}"
        run("postgres", "--single", "-D", str(new), "template1", sql=rename)
        new.rename(self.data)

    def _launch(self, stale: _Postmaster | None) -> int:
        """Start the server and leave it to itself; returns a pipe that ends when the server does."""
        import subprocess

        folder = self._socket_folder(stale)
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        settings.append(f'--unix_socket_directories="{folder}"')
        around = server_programs.surroundings(self.data)
        if stale and stale.pid:
            # Its number may be a zombie's or a stranger's by now. Postgres goes on to ask the shared
            # memory whether anything of that server lives, which is the check that counts.
            around["env"]["PG_GRANDPARENT_PID"] = str(stale.pid)
        command = [server_programs.path("postgres"), "-D", str(self.data), *settings]
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        try:
            with self._open_log() as log:
                subprocess.run(
                    ["/bin/sh", "-c", '"$@" &', "sh", *command],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=theirs,
                    stderr=log,
                    start_new_session=True,
                    **around,
                )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return ours

    def _socket_folder(self, stale: _Postmaster | None) -> str:
        """The data folder; where its name does not do for a socket, a short private one."""
        inside = str(self.data)
        if len(os.fsencode(inside)) + 1 + len(_SOCKET) <= _LONGEST_SOCKET and not set(inside) & set(',"'):
            return inside
        if stale and stale.folder and os.path.isdir(stale.folder):
            return stale.folder
        import tempfile

        folder = tempfile.mkdtemp(prefix="ttydesk-")
        if account := system_account.for_server(self.data):
            account.may_reach(Path(folder))
            account.own(Path(folder))
        return folder

    def _open_log(self) -> BinaryIO:
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > _LOG_LIMIT:
                self.log.replace(self.log.with_suffix(".log.1"))
        log = os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        self._log_before = os.fstat(log.fileno()).st_size
        return log

    def _explain(self, *, final: bool) -> None:
        """Raise why the server ended, unless what it met may pass by itself and there is time."""
        said = self.log.read_bytes()[self._log_before :].decode("utf-8", "replace")
        if final or not re.search(r"shared memory block|lock file .* already exists", said):
            raise server_programs.refusal(said, self.data)

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            said = f"{error.strerror}: {error.filename}"
            raise server_programs.refusal(said, self.data, error.errno) from error


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def _gone(pid: int) -> bool:
    """Whether the process ended, even if whoever should take note of that never does."""
    try:
        if sys.platform != "linux":
            os.kill(pid, 0)
            return False
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return _ended(descriptor)
    finally:
        os.close(descriptor)


def _ended(pipe: int) -> bool:
    return bool(select.select([pipe], [], [], 0)[0])


def _conninfo(server: _Postmaster) -> str:
    folder = server.folder.replace("\\", "\\\\").replace("'", "\\'")
    return f"host='{folder}' port={SETTINGS['port']} user={NAME} dbname={NAME}"
