"""A mailbox that is a Maildir: a folder any mail server can deliver into, with sent mail in its `.Sent`
(Maildir++).

No file is ever deleted. Taking a mail in moves it from `new/` to `cur/`, as a mail reader would. A file in
`new/` is always taken in, whatever its name (names do get used twice, and the ledger knows a mail by its
bytes); one in `cur/` only when the ledger does not have its name, which is the file name without flags.

There is no lock on a Maildir, and other programs move files about in it. So a look is a comparison of what
is there with what was there, and starts with the folders' modification times, which change with every file
that comes or goes.
"""

import asyncio
import errno
import hashlib
import itertools
import os
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from core.errors import StorageFailed
from sync.mailbox import Arrival, News, Sent

MAIL_LIMIT = 512 * 1024 * 1024
"""Bytes of one mail; a larger file is left where it is, and named."""

_SETTLING_NS = 2_000_000_000
_counter = itertools.count()


class Maildir:
    settling_seconds = 0.0
    """A file is there or not."""

    def __init__(
        self,
        folder: Path,
        sent_folder: str = ".Sent",
        poll_seconds: float = 0.25,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.folder = folder
        self.poll_seconds = poll_seconds
        self._sent = folder / sent_folder
        self._now_ns = now_ns
        self._stamps: dict[str, tuple[int, int, int] | None] = {}
        self._new: dict[str, str] = {}
        """Names of files by provider id."""
        self._cur: dict[str, str] = {}
        """The same, of those that are not known to be in the ledger."""
        self._taken: set[str] = set()

    @property
    def place(self) -> str:
        """The machine and the folder: the cursor of a Maildir, as nothing else says whose it is."""
        return f"{socket.gethostname()}:{self.folder}"

    def create(self) -> None:
        """Make the folder where there is none."""
        try:
            _make(self.folder)
        except OSError as error:
            raise StorageFailed(f"The Maildir {self.folder} cannot be made: {_why(error)}.") from error

    async def ready(self) -> None:
        """A folder that is away fails with the mail itself, which is tried again."""

    def cut(self) -> None:
        """Nothing here takes long."""

    def break_off(self, sending: bool = False) -> None:
        """The same."""

    async def close(self) -> None:
        """There is nothing open."""

    async def news(self, cursor: str | None = None) -> News:
        return await asyncio.to_thread(self._look)

    def expect(self, provider_ids: Sequence[str]) -> None:
        """A file is read when it is needed."""

    async def fetch(self, provider_id: str) -> Arrival | None:
        return self._read(provider_id)  # a thread would take longer than the file

    async def settle(self, provider_id: str) -> None:
        if provider_id in self._new:
            self._move(provider_id)
        elif self._cur.pop(provider_id, None):
            self._taken.add(provider_id)

    async def send(
        self,
        raw: bytes,
        message_id: str,
        thread_id: str | None = None,
        last_moment: Callable[[], None] = lambda: None,
    ) -> Sent:
        return await asyncio.to_thread(self._deliver, raw, message_id)  # its name can be given only once

    async def find_sent(self, message_id: str, since: datetime) -> Sent | None:
        return await asyncio.to_thread(self._find, message_id)

    async def label(self, wanted: Mapping[str, str | None], among: Sequence[str]) -> Sequence[str]:
        """Files have no labels."""
        return list(wanted)

    async def listed(self, since: datetime | None = None) -> Sequence[str]:
        return await asyncio.to_thread(self._listed, since)

    def _listed(self, since: datetime | None) -> list[str]:
        after = since.timestamp() if since else float("-inf")
        found: list[str] = []
        try:
            for folder in ("cur", "new"):
                for id, name in self._listing(folder).items():
                    if since is None or _changed_at(self.folder / folder / name) >= after:
                        found.append(id)
        except OSError as error:
            raise StorageFailed(f"The Maildir {self.folder} cannot be read: {_why(error)}.") from error
        return found

    def _look(self) -> News:
        try:
            if self._changed("new"):
                self._new = self._listing("new")
            if self._changed("cur"):
                there = self._listing("cur")
                self._taken &= there.keys()
                self._cur = {id: name for id, name in there.items() if id not in self._taken}
        except OSError as error:
            self._stamps.clear()
            raise StorageFailed(
                f"The Maildir {self.folder} cannot be read: {_why(error)}.",
                hint="It is looked for again by itself; mail that waits in it is taken in then.",
            ) from error
        perhaps = [id for id in self._cur if id not in self._new]
        return News(fresh=list(self._new), perhaps=perhaps, cursor=self.place)

    def _changed(self, folder: str) -> bool:
        """Whether to list the folder. A change in the same tick of the file system's clock leaves no other
        trace, so a time that is nearly now is not trusted to be the last."""
        status = os.stat(self.folder / folder)
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns)
        changed = self._stamps.get(folder) != stamp
        is_old = self._now_ns() - status.st_mtime_ns > _SETTLING_NS
        self._stamps[folder] = stamp if is_old else None
        return changed

    def _listing(self, folder: str) -> dict[str, str]:
        """Name by id, oldest first."""
        with os.scandir(self.folder / folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
            names = [entry.name for entry in found if entry.is_file(follow_symlinks=False)]
            if folder == "new":
                arrived = {entry.name: _arrived(entry) for entry in found}
                names.sort(key=lambda name: (arrived[name], name))
            else:
                names.sort(key=_by_time)
        return {provider_id(name): name for name in names}

    def _path(self, id: str) -> Path | None:
        if id in self._new:
            return self.folder / "new" / self._new[id]
        return self.folder / "cur" / self._cur[id] if id in self._cur else None

    def _read(self, id: str) -> Arrival | None:
        path = self._path(id)
        if path is None:
            return None
        try:
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                status = os.fstat(file.fileno())
                if status.st_size > MAIL_LIMIT:
                    raise StorageFailed(f"The file {path} is too large for a mail; it is left there.")
                raw = file.read()
        except FileNotFoundError:
            self._forget(id)
            return None
        except OSError as error:
            raise StorageFailed(f"The mail {path} cannot be read: {_why(error)}.") from error
        # A server links or renames into new/, which sets ctime; cur/ is history, where mtime is kept.
        arrived = status.st_ctime if path.parent.name == "new" else status.st_mtime
        return Arrival(raw, datetime.fromtimestamp(arrived, UTC))

    def _forget(self, id: str) -> None:
        """Another program moved the file: look at both folders again, where it may turn up under new
        flags."""
        self._new.pop(id, None)
        self._cur.pop(id, None)
        self._stamps.clear()

    def _move(self, id: str) -> None:
        name = self._new[id]
        source = self.folder / "new" / name
        target = self.folder / "cur" / (name if ":2," in name else name + ":2,")
        try:
            if not _place(source, target):
                status = source.stat()
                target = target.with_name(f"{name}.{status.st_ino}-{status.st_ctime_ns}:2,")
                _place(source, target)
        except FileNotFoundError:
            self._forget(id)
            return
        except OSError as error:
            raise StorageFailed(f"The mail {source} cannot be moved to cur/: {_why(error)}.") from error
        del self._new[id]
        self._taken.add(provider_id(target.name))

    def _deliver(self, raw: bytes, message_id: str) -> Sent:
        base = _sent_name(message_id)
        try:
            if not self.folder.is_dir():  # never make a mailbox where one has vanished
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.folder))
            if not self._find(message_id):
                _make(self._sent)
                temporary = self._sent / "tmp" / f"{base}.{os.getpid()}.{next(_counter)}"
                try:
                    _write(temporary, raw.replace(b"\r\n", b"\n"))  # lines end so in a Maildir
                    _place(temporary, self._sent / "cur" / f"{base}:2,S")
                finally:
                    temporary.unlink(missing_ok=True)
                _fsync_folder(self._sent / "cur")
        except OSError as error:
            raise StorageFailed(f"A sent mail cannot be stored in {self._sent}: {_why(error)}.") from error
        return Sent(provider_id=base)

    def _find(self, message_id: str) -> Sent | None:
        base = _sent_name(message_id)
        folder = self._sent / "cur"
        if (folder / f"{base}:2,S").exists():
            return Sent(provider_id=base)
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            if any(entry.name.startswith(base) for entry in entries):  # a mail reader changed its flags
                return Sent(provider_id=base)
        return None


def provider_id(name: str) -> str:
    """What the ledger calls a file: its name without flags, as text that any database takes."""
    base = name.partition(":")[0].replace("\\", "\\\\")
    return os.fsencode(base).decode("utf-8", "backslashreplace")


def _sent_name(message_id: str) -> str:
    """One name for one Message-ID: a second delivery finds the place taken, in whatever process it runs."""
    return "ttydesk." + hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()[:40]


def _place(source: Path, target: Path) -> bool:
    """Give a file its new name unless another file has it; False when one has.

    A rename would silently replace the other file.
    """
    placed = True
    try:
        os.link(source, target)
    except FileExistsError:
        placed = os.path.samefile(source, target)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV):
            raise
        placed = not target.exists()  # no hard links here
        if placed:
            os.rename(source, target)
            return True
    if placed:
        os.unlink(source)
    return placed


def _write(path: Path, raw: bytes) -> None:
    with open(path, "xb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _make(folder: Path) -> None:
    for part in ("tmp", "new", "cur"):
        path = folder / part
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _fsync_folder(folder)
    if folder.name.startswith(".") and not (folder / "maildirfolder").exists():
        (folder / "maildirfolder").touch(mode=0o600)  # Maildir++ marks what is a part of another Maildir so


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _changed_at(path: Path) -> float:
    try:
        return path.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return 0.0


def _arrived(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_ctime_ns
    except FileNotFoundError:
        return 0


_LEADING_NUMBER = re.compile(r"\d{1,18}")


def _by_time(name: str) -> tuple[int, str]:
    """The usual names begin with the second of delivery."""
    match = _LEADING_NUMBER.match(name)
    return (int(match.group()) if match else 0, name)


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
