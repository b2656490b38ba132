"""Raw mails and attachments of a hosted desk: in a bucket at Supabase, with a cache on this machine.

The same promises as `core.files.LocalFiles`: a file has the SHA-256 of what is in it for its name, `put` has
returned before a row may name it, and what is damaged is not handed out. Nothing is changed in place, so what
the cache has is as good as what the bucket has, and is there without a network too.
"""

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Invalid, NotFound, StorageFailed
from core.files import Kind, LocalFiles

if TYPE_CHECKING:
    from core.bucket import Bucket

CACHE_BYTES = 500_000_000
"""What the cache may hold at most."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 8
"""Uploads at a time; each waits for its answer half the way round the world."""
_BATCH = 64


class HostedFiles:
    """`core.files.Files` in a bucket, as `<kind>/<sha256>`."""

    def __init__(self, open_bucket: "Callable[[], Bucket]", cache: Path, most: int = CACHE_BYTES) -> None:
        """The bucket is opened when it is first needed: that takes a second. `most`: bytes in the cache."""
        self._open_bucket = open_bucket
        self._opening = threading.Lock()
        self._opened: dict[int, Bucket] = {}
        self._cache = _Cache(cache, most)

    @property
    def _bucket(self) -> "Bucket":
        """One for each process: a connection cannot be shared with one that was forked."""
        with self._opening:
            process = os.getpid()
            if process not in self._opened:
                self._opened[process] = self._open_bucket()
            return self._opened[process]

    def put(self, kind: Kind, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        if self._cache.path(kind, sha256) is None:
            self._bucket.upload(_place(kind, sha256), content)
            self._cache.put(kind, content)
        return sha256

    def put_many(self, kind: Kind, contents: Iterable[bytes]) -> list[str]:
        remaining = iter(contents)
        hashes: list[str] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while batch := list(islice(remaining, _BATCH)):
                hashes += pool.map(lambda content: self.put(kind, content), batch)
        return hashes

    def get(self, kind: Kind, sha256: str) -> bytes:
        place = _place(kind, sha256)
        cached = self._cache.get(kind, sha256)
        if cached is not None:
            return cached
        content = self._bucket.download(place)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StorageFailed(
                f"The file {place} at Supabase is damaged: its content is not what its name says.",
                hint="Restore it from a backup.",
            )
        self._cache.put(kind, content)
        return content

    def exists(self, kind: Kind, sha256: str) -> bool:
        place = _place(kind, sha256)
        return self._cache.path(kind, sha256) is not None or self._bucket.has(place)

    def path(self, kind: Kind, sha256: str) -> Path | None:
        """In the cache, from which it may vanish at any time."""
        _place(kind, sha256)
        return self._cache.path(kind, sha256)

    def listing(self, kind: Kind) -> Iterator[str]:
        offset = 0
        while names := self._bucket.page(kind, offset):
            yield from filter(_SHA256.fullmatch, names)
            offset += len(names)


def _place(kind: Kind, sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise Invalid(f"{sha256!r} is not a SHA-256 in hex.")
    return f"{kind}/{sha256}"


class _Cache:
    """Files that were used lately, no more than so many bytes of them; those used longest ago go first."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._files = LocalFiles(folder)
        self._held: int | None = None
        self._counting = threading.Lock()

    def put(self, kind: Kind, content: bytes) -> None:
        if len(content) > self._most:
            return
        self._files.put(kind, content)
        with self._counting:
            if self._held is not None:
                self._held += len(content)
            if self._held is None or self._held > self._most:
                self._held = self._make_room()

    def get(self, kind: Kind, sha256: str) -> bytes | None:
        try:
            content = self._files.get(kind, sha256)
        except NotFound:
            return None
        except StorageFailed:  # it is damaged, and the original is elsewhere
            self._drop(self._files.path(kind, sha256))
            return None
        with suppress(FileNotFoundError):
            os.utime(self._files.path(kind, sha256) or self._folder)
        return content

    def path(self, kind: Kind, sha256: str) -> Path | None:
        return self._files.path(kind, sha256)

    def _make_room(self) -> int:
        """Down to nine tenths, so that this is seldom; returns what is held then."""
        found = []
        for file in self._folder.glob("*/*/[!.]*"):
            with suppress(FileNotFoundError):
                status = file.stat()
                found.append((status.st_mtime_ns, status.st_size, file))
        held = sum(size for _, size, _ in found)
        if held > self._most:
            for _, size, file in sorted(found):
                if held <= self._most * 0.9:
                    break
                self._drop(file)
                held -= size
        return held

    def _drop(self, file: Path | None) -> None:
        if file is not None:
            file.unlink(missing_ok=True)
