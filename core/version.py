"""Which sql/ this ttydesk came with, and whether a database has the same.

`core.migrate` asks the database itself, a hosted desk asks the operation `desk_version`; both say the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import Conflict, DeskError, NotFound

SQL = Path(__file__).resolve().parent.parent / "sql"

_MIGRATE = "Bring it up to date with: ttydesk db migrate"


@dataclass(frozen=True)
class SqlFiles:
    """sql/ as it lies on the disk; names are relative to it."""

    migrations: dict[str, str]
    definitions: dict[str, str]
    """Functions, then policies."""
    frame: dict[str, str]
    """What runs before them."""

    @classmethod
    def read(cls) -> "SqlFiles":
        def texts(pattern: str) -> dict[str, str]:
            return {str(file.relative_to(SQL)): file.read_text("utf-8") for file in sorted(SQL.glob(pattern))}

        definitions = texts("functions/*.sql") | texts("policies.sql")
        return cls(texts("migrations/*.sql"), definitions, texts("foundation.sql") | texts("withdraw.sql"))

    def digest(self) -> str:
        everything = self.frame | self.migrations | self.definitions
        return checksum("\0".join(f"{name}\0{text}" for name, text in everything.items()))

    def missing(self, done: Mapping[str, str]) -> dict[str, str]:
        """The migrations still to run, of those that did (name and checksum); a Conflict when what did run
        is not what we have."""
        ours = {Path(name).name: checksum(text) for name, text in self.migrations.items()}
        if unknown := [name for name in done if name not in ours]:
            raise Conflict(
                f"The database was made by a newer ttydesk: this one does not know {', '.join(unknown)}.",
                hint="Update ttydesk on this machine.",
            )
        if changed := [name for name, applied in done.items() if ours[name] != applied]:
            raise Conflict(
                f"{', '.join(changed)} changed after having been applied to this database.",
                hint="A change to the tables is a new migration; this ttydesk and this database do not fit.",
            )
        return {name: text for name, text in self.migrations.items() if Path(name).name not in done}


def checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def misfit(files: SqlFiles, done: Mapping[str, str] | None) -> DeskError:
    """Why a database of another digest cannot be used; `done` is None where ttydesk never was."""
    if done is None:
        return NotFound("The database holds no desk.", hint="Begin one in it with: ttydesk db migrate")
    try:
        missing = files.missing(done)
    except Conflict as conflict:
        return conflict
    older = f"The database is of an older ttydesk: it lacks {', '.join(Path(name).stem for name in missing)}."
    other = "The operations in the database are those of another ttydesk."
    return Conflict(older if missing else other, hint=_MIGRATE)
