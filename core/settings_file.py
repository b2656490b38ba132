"""Writes config.toml. What else stands in it stays as it is, comments too.

It may hold secrets, so nobody but its owner may read it, and it is replaced as a whole: whoever reads it
meanwhile finds the old one or the new one.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import config_path
from core.errors import Invalid, StorageFailed


def write_settings(home: Path, changes: Mapping[str, str | None]) -> list[str]:
    """Put values under their keys (`agent`, `supabase.url`); None takes one out. Gives the keys that changed.

    Raises Invalid when the file is no TOML, StorageFailed when it cannot be written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path = config_path(home).resolve()  # where it is a link, what it leads to is written
    written = _read(path)
    try:
        document = tomlkit.parse(written)
        changed = [key for key, value in changes.items() if _put(document, key, value)]
    except TOMLKitError as error:
        raise Invalid(f"{path} is not valid TOML: {error}.") from None
    if changed:
        _replace(path, tomlkit.dumps(document))
    elif written:
        _close(path)
    return changed


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}.") from error


def _put(document: Any, key: str, value: str | None) -> bool:
    """Whether that changed anything."""
    import tomlkit

    section, _, name = key.rpartition(".")
    if section and value is not None and section not in document:
        document[section] = tomlkit.table()
    table = document.get(section, {}) if section else document
    if table.get(name) == value:
        return False
    if value is None:
        del table[name]
    else:
        table[name] = value
    return True


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        with open(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be written: {error.strerror}.") from error


def _close(path: Path) -> None:
    try:
        path.chmod(0o600)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be made private: {error.strerror}.") from error
