"""Where secrets of this machine are kept: tokens of mailboxes, an agent's sign-in.

A token is as good as a password. It lies in the system's keyring, or, where there is none, in a file that
only its owner can read; never in the database, a log, an event or the text of an error.
"""

import os
from pathlib import Path
from typing import Protocol

from core.errors import DeskError, StorageFailed

_SERVICE = "ttydesk"


class Vault(Protocol):
    """One secret for each name. All of it blocks, and raises StorageFailed."""

    @property
    def place(self) -> str:
        """Where the secrets lie, for a sentence."""
        ...

    def load(self, name: str) -> str | None: ...

    def save(self, name: str, secret: str) -> None: ...

    def delete(self, name: str) -> None: ...


class SecretFiles:
    """A file for each name, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        return f"the folder {self._folder}"

    def load(self, name: str) -> str | None:
        path = self._path(name)
        try:
            if path.stat().st_mode & 0o077:
                raise StorageFailed(
                    f"{path} may be read by others, so its token is not used.",
                    hint=f"If nobody did: chmod 600 {path}",
                )
            return path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(f"{path} cannot be read: {error.strerror}.") from error

    def save(self, name: str, secret: str) -> None:
        path = self._path(name)
        temporary = path.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secret)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise StorageFailed(f"{path} cannot be written: {error.strerror}.") from error

    def delete(self, name: str) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageFailed(f"{self._path(name)} cannot be deleted: {error.strerror}.") from error

    @property
    def holds_any(self) -> bool:
        return any(self._folder.glob("*.json"))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name.replace('/', '_')}.json"


class Keyring:
    """The system's own place for secrets; entries carry the home folder, as two desks may share a user."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def place(self) -> str:
        return "the system's keyring"

    def load(self, name: str) -> str | None:
        import keyring
        from keyring.errors import KeyringError

        try:
            return keyring.get_password(_SERVICE, self._entry(name))
        except KeyringError as error:
            raise _locked(error) from None

    def save(self, name: str, secret: str) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(_SERVICE, self._entry(name), secret)
        except KeyringError as error:
            raise _locked(error) from None

    def delete(self, name: str) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            if keyring.get_password(_SERVICE, self._entry(name)) is not None:
                keyring.delete_password(_SERVICE, self._entry(name))
        except KeyringError as error:
            raise _locked(error) from None

    def _entry(self, name: str) -> str:
        return f"{name} {self._home}"


class Either:
    """The keyring, and the files for what was saved where it could not be reached, as over SSH.

    What is in a file is newer than what the keyring may hold besides: saving in the keyring deletes the file.
    """

    def __init__(self, keyring: Keyring, files: SecretFiles) -> None:
        self._keyring, self._files = keyring, files

    @property
    def place(self) -> str:
        if self._files.holds_any:
            return f"{self._keyring.place} or {self._files.place}"
        return self._keyring.place

    def load(self, name: str) -> str | None:
        return self._files.load(name) or self._keyring.load(name)

    def save(self, name: str, secret: str) -> None:
        self._keyring.save(name, secret)
        self._files.delete(name)

    def delete(self, name: str) -> None:
        self._files.delete(name)
        self._keyring.delete(name)


def open_vault(home: Path, kind: str = "auto") -> Vault:
    """`kind`: auto, keyring or file. Auto takes the keyring where one can be reached."""
    files = SecretFiles(home / "tokens")
    if kind == "file":
        return files
    import keyring
    from keyring.backends import chainer, fail, null

    found = keyring.get_keyring()
    is_real = not isinstance(found, fail.Keyring | null.Keyring) and not (
        isinstance(found, chainer.ChainerBackend) and not found.backends
    )
    if is_real:
        return Keyring(home) if kind == "keyring" else Either(Keyring(home), files)
    if kind == "keyring":
        raise StorageFailed(
            "This system has no keyring.", hint="Without “keyring” in the settings a file is used."
        )
    return files


def _locked(error: Exception) -> DeskError:
    return StorageFailed(
        f"The system's keyring does not answer ({type(error).__name__}).",
        hint="Unlock it, or keep tokens in a file with tokens = “file”.",
    )
