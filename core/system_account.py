"""The account Postgres runs under when ttydesk is started by root, because Postgres refuses to be root.

Nothing of the user's is opened to everyone for it: a folder it must pass through (and only such a
folder) gets one entry in its access list, "this account may enter", and keeps its mode for all others.
"""

import errno
import logging
import os
import stat
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from core.errors import Unreachable

NAME = "ttydesk"

_log = logging.getLogger(__name__)

_ACCESS_LIST = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
"""Tags of the entries of a POSIX access list, as Linux keeps it in the extended attribute above."""

_ENTER = 1
_NOBODY_NAMED = 0xFFFFFFFF


@dataclass(frozen=True)
class SystemAccount:
    """Whom the server's processes belong to."""

    name: str
    user: int
    group: int

    def own(self, path: Path) -> None:
        os.chown(path, self.user, self.group)

    def may_reach(self, path: Path) -> None:
        """See to it that the account can pass through every folder above `path`."""
        for folder in reversed(path.resolve().parents):
            if not _lets_in(folder.stat(), self):
                _let_in(folder, self)


def for_server(data: Path) -> SystemAccount | None:
    """Whom the server for `data` must run as; None when that is simply who we are."""
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        entry = pwd.getpwuid(data.stat().st_uid)
    except (FileNotFoundError, KeyError):
        return _dedicated()
    return SystemAccount(entry.pw_name, entry.pw_uid, entry.pw_gid) if entry.pw_uid else _dedicated()


def _dedicated() -> SystemAccount:
    import pwd

    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _create()
        entry = pwd.getpwnam(NAME)
    return SystemAccount(NAME, entry.pw_uid, entry.pw_gid)


def _create() -> None:
    import pwd
    import subprocess

    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    refused = "Postgres does not run as root, and no system account could be made for it"
    try:
        done = subprocess.run([*command, "--home-dir", "/nonexistent", NAME], capture_output=True, text=True)
    except FileNotFoundError:
        raise Unreachable(f"{refused}: there is no useradd.", hint=_AS_USER) from None
    try:
        pwd.getpwnam(NAME)  # another ttydesk may have made it in the same moment
    except KeyError:
        raise Unreachable(f"{refused}: {done.stderr.strip()}", hint=_AS_USER) from None
    _log.warning(
        "Postgres does not run as root: it runs as the system account %r, made just now. "
        "Better run ttydesk as an ordinary user.",
        NAME,
    )


_AS_USER = "Run ttydesk as an ordinary user."


def _lets_in(folder: os.stat_result, account: SystemAccount) -> bool:
    if folder.st_uid == account.user:
        return bool(folder.st_mode & stat.S_IXUSR)
    return bool(folder.st_mode & stat.S_IXOTH)


def _let_in(folder: Path, account: SystemAccount) -> None:
    refused = f"Postgres does not run as root, and the account {account.name!r} may not enter {folder}"
    if sys.platform != "linux":
        raise Unreachable(f"{refused}.", hint=_AS_USER)
    try:
        _write_entry(folder, account)
    except OSError as error:
        raise Unreachable(f"{refused} ({error.strerror}).", hint=_AS_USER) from error


def _write_entry(folder: Path, account: SystemAccount) -> None:
    entries = _entries(folder)
    ours, mask = (_USER, account.user), (_MASK, _NOBODY_NAMED)
    if entries.get(ours, 0) & entries.get(mask, 0) & _ENTER:
        return
    entries[ours] = entries.get(ours, 0) | _ENTER
    entries[mask] = entries.get(mask, entries[_GROUP, _NOBODY_NAMED]) | _ENTER
    packed = (_ENTRY.pack(tag, rights, who) for (tag, who), rights in sorted(entries.items()))
    os.setxattr(folder, _ACCESS_LIST, _VERSION + b"".join(packed))


def _entries(folder: Path) -> dict[tuple[int, int], int]:
    """(tag, id) -> rights; made from the mode where the folder has no list yet."""
    try:
        packed = os.getxattr(folder, _ACCESS_LIST)[len(_VERSION) :]
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        mode = folder.stat().st_mode
        return {
            (_OWNER, _NOBODY_NAMED): mode >> 6 & 7,
            (_GROUP, _NOBODY_NAMED): mode >> 3 & 7,
            (_OTHERS, _NOBODY_NAMED): mode & 7,
        }
    return {(tag, who): rights for tag, rights, who in _ENTRY.iter_unpack(packed)}
