"""Raw mails and attachments, kept as files whose name is the SHA-256 of what is in them.

A file under its name is whole and on the disk, whatever was killed and whenever: it is written under a
temporary name, fsynced, renamed, and its folder fsynced. Rows in the database hold the hash, never the bytes,
so a row may name a file only after `put` has returned. Nothing is changed in place, and what is damaged is
not handed out.

The calls block on the disk and may be made from any thread; async code makes them in `asyncio.to_thread`.
"""

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from core.errors import DeskError, Invalid, NotFound, StorageFailed

Kind = Literal["raw", "attachments"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BATCH = 64
"""Files open at once; a process may often have no more than 256."""


class Files(Protocol):
    """A place for content; `sha256` is always 64 hex digits in lower case."""

    def put(self, kind: Kind, content: bytes) -> str:
        """Keep the content for good and return its SHA-256; a second time is harmless and cheap."""
        ...

    def put_many(self, kind: Kind, contents: Iterable[bytes]) -> list[str]:
        """As `put` for each, in less time. When it fails, some may be kept and some not."""
        ...

    def get(self, kind: Kind, sha256: str) -> bytes:
        """The content; `NotFound` if there is none, `StorageFailed` if it is damaged."""
        ...

    def exists(self, kind: Kind, sha256: str) -> bool: ...

    def path(self, kind: Kind, sha256: str) -> Path | None:
        """Where the content lies as a file on this machine, if it does."""
        ...

    def listing(self, kind: Kind) -> Iterator[str]:
        """The SHA-256 of everything kept, in order."""
        ...


class LocalFiles:
    """`Files` in `<folder>/<kind>/ab/cdef...`, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, kind: Kind, content: bytes) -> str:
        return self.put_many(kind, [content])[0]

    def put_many(self, kind: Kind, contents: Iterable[bytes]) -> list[str]:
        remaining = iter(contents)
        hashes: list[str] = []
        while batch := list(islice(remaining, _BATCH)):
            names = [hashlib.sha256(content).hexdigest() for content in batch]
            with self._told("written"):
                self._store(
                    {str(self._place(kind, name)): one for name, one in zip(names, batch, strict=True)}
                )
            hashes += names
        return hashes

    def get(self, kind: Kind, sha256: str) -> bytes:
        place = self._place(kind, sha256)
        try:
            with self._told("read"):
                content = place.read_bytes()
        except FileNotFoundError:
            raise NotFound(f"The file {place} is missing.") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StorageFailed(
                f"The file {place} is damaged: its content is not what its name says.",
                hint="Restore it from a backup.",
            )
        return content

    def exists(self, kind: Kind, sha256: str) -> bool:
        return self.path(kind, sha256) is not None

    def path(self, kind: Kind, sha256: str) -> Path | None:
        place = self._place(kind, sha256)
        with self._told("read"):
            return place if place.is_file() else None

    def listing(self, kind: Kind) -> Iterator[str]:
        with self._told("read"):
            for folder in _names(self._folder / kind):
                for file in _names(self._folder / kind / folder):
                    if _SHA256.fullmatch(folder + file):
                        yield folder + file

    def sweep(self, before: datetime) -> int:
        """Remove temporary files last written before then, which killed processes left; returns how many."""
        swept = 0
        for file in self._folder.glob("*/*/.*"):
            with suppress(FileNotFoundError):  # whoever wrote it has just finished
                if file.stat().st_mtime < before.timestamp():
                    file.unlink()
                    swept += 1
        return swept

    def _place(self, kind: Kind, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise Invalid(f"{sha256!r} is not a SHA-256 in hex.")
        return self._folder / kind / sha256[:2] / sha256[2:]

    def _store(self, contents: dict[str, bytes]) -> None:
        new: list[_NewFile] = []
        try:
            for place, content in contents.items():
                if not _holds(place, len(content)):
                    new.append(_NewFile(place))
                    new[-1].write(content)
            for file in new:
                file.flush()
            for file in new:
                file.rename()
        finally:
            for file in new:
                file.close()
        # Those of files that were there, too: whoever put them may not have come to it yet.
        for folder in {os.path.dirname(place) for place in contents}:
            _flush_folder(folder)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """An error of the disk as a sentence; that a file is not there is for the caller to say."""
        try:
            yield
        except OSError as error:
            if what == "read" and isinstance(error, FileNotFoundError):
                raise
            raise _failure(error, self._folder, what) from error


class _NewFile:
    """A file under a temporary name beside its place; gone when closed, unless renamed before.

    Every mail comes by here, so places are plain strings: a `Path` costs more than some of the system calls.
    """

    def __init__(self, place: str) -> None:
        folder, name = os.path.split(place)
        self._place = place
        self._temporary: str | None = os.path.join(folder, f".{name}.{secrets.token_hex(4)}")
        try:
            self._handle = _create(self._temporary)
        except FileNotFoundError:
            _make_folder(folder)
            self._handle = _create(self._temporary)

    def write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def flush(self) -> None:
        os.fsync(self._handle)

    def rename(self) -> None:
        if self._temporary:
            os.replace(self._temporary, self._place)
            self._temporary = None

    def close(self) -> None:
        try:
            os.close(self._handle)
        finally:
            if self._temporary:
                with suppress(FileNotFoundError):
                    os.unlink(self._temporary)


def _create(path: str) -> int:
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)


def _holds(place: str, size: int) -> bool:
    """Whether the content is there; a file of another size is damaged and is written anew."""
    try:
        return os.stat(place).st_size == size
    except FileNotFoundError:
        return False


def _make_folder(folder: str) -> None:
    """The folder and those above it, each on the disk before the next."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    _make_folder(above)
    with suppress(FileExistsError):
        os.mkdir(folder, mode=0o700)
    _flush_folder(above)


def _flush_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _failure(error: OSError, folder: Path, what: str) -> DeskError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFailed(f"The disk that holds {folder} is full.", hint="Free some space and try again.")
    return StorageFailed(f"{error.filename or folder} cannot be {what}: {os.strerror(error.errno or 0)}.")
