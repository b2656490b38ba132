"""Drafts as files under the home folder, for as long as the database has not got them.

One file for each ticket and kind: `1042-reply.md`. What is in a file is newer than what the
database has, for a file goes as soon as the database took its text.
"""

import os
from pathlib import Path

KINDS = ("reply", "note")


class DraftFolder:
    """Its methods block; call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, number: int, kind: str, content: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(number, kind)
        half = path.with_suffix(".part")
        with open(half, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)

    def find(self, number: int, kind: str) -> str | None:
        try:
            with open(self._path(number, kind), encoding="utf-8", errors="replace", newline="") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def drop(self, number: int, kind: str, content: str | None = None) -> None:
        """With `content` only if that is what the file holds, and nothing newer."""
        if content is None or self.find(number, kind) == content:
            self._path(number, kind).unlink(missing_ok=True)

    def waiting(self) -> list[tuple[int, str]]:
        """Ticket and kind of every draft that lies here."""
        found = []
        for path in sorted(self._folder.glob("*.md")):
            number, _, kind = path.stem.partition("-")
            if number.isdecimal() and kind in KINDS:
                found.append((int(number), kind))
        return found

    def _path(self, number: int, kind: str) -> Path:
        return self._folder / f"{number}-{kind}.md"
