"""Google's permission to work in a mailbox, and where it is kept.

A refresh token is as good as a password. It lies in the system's keyring, or, where there is none, in a file
that only its owner can read; never in the database, a log, an event or the text of an error.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

from core.errors import Invalid, StorageFailed

_SERVICE = "ttydesk"


class Grant(BaseModel):
    """What the holder of a mailbox allowed, and the key to it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    address: str
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    token_uri: str
    scopes: tuple[str, ...]
    granted_at: datetime
    expires_at: datetime | None = None
    """When Google ends it by itself; None where it named no end. An app in testing mode has seven days."""

    @field_serializer("client_secret", "refresh_token", when_used="json")
    def _shown_to_the_store(self, secret: SecretStr) -> str:
        return secret.get_secret_value()


class TokenStore(Protocol):
    """One grant for each address. All of it blocks, and raises StorageFailed."""

    @property
    def place(self) -> str:
        """Where the tokens lie, for a sentence."""
        ...

    def load(self, address: str) -> Grant | None: ...

    def save(self, grant: Grant) -> None: ...

    def delete(self, address: str) -> None: ...


class TokenFiles:
    """A file for each address, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        return f"the folder {self._folder}"

    def load(self, address: str) -> Grant | None:
        path = self._path(address)
        try:
            if path.stat().st_mode & 0o077:
                raise StorageFailed(
                    f"{path} may be read by others, so its token is not used.",
                    hint=f"If nobody did: chmod 600 {path}",
                )
            return _read(path.read_text("utf-8"), str(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(f"{path} cannot be read: {error.strerror}.") from error

    def save(self, grant: Grant) -> None:
        path = self._path(grant.address)
        temporary = path.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(grant.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise StorageFailed(f"{path} cannot be written: {error.strerror}.") from error

    def delete(self, address: str) -> None:
        try:
            self._path(address).unlink(missing_ok=True)
        except OSError as error:
            raise StorageFailed(f"{self._path(address)} cannot be deleted: {error.strerror}.") from error

    @property
    def holds_any(self) -> bool:
        return any(self._folder.glob("*.json"))

    def _path(self, address: str) -> Path:
        return self._folder / f"{address.replace('/', '_')}.json"


class Keyring:
    """The system's own place for secrets; entries carry the home folder, as two desks may share a user."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def place(self) -> str:
        return "the system's keyring"

    def load(self, address: str) -> Grant | None:
        import keyring
        from keyring.errors import KeyringError

        try:
            written = keyring.get_password(_SERVICE, self._name(address))
        except KeyringError as error:
            raise _locked(error) from None
        return None if written is None else _read(written, self.place)

    def save(self, grant: Grant) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(_SERVICE, self._name(grant.address), grant.model_dump_json())
        except KeyringError as error:
            raise _locked(error) from None

    def delete(self, address: str) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            if keyring.get_password(_SERVICE, self._name(address)) is not None:
                keyring.delete_password(_SERVICE, self._name(address))
        except KeyringError as error:
            raise _locked(error) from None

    def _name(self, address: str) -> str:
        return f"{address} {self._home}"


class Either:
    """The keyring, and the files for what was saved where it could not be reached, as over SSH.

    What is in a file is newer than what the keyring may hold besides: saving in the keyring deletes the file.
    """

    def __init__(self, keyring: Keyring, files: TokenFiles) -> None:
        self._keyring, self._files = keyring, files

    @property
    def place(self) -> str:
        return (
            f"{self._keyring.place} or {self._files.place}" if self._files.holds_any else self._keyring.place
        )

    def load(self, address: str) -> Grant | None:
        return self._files.load(address) or self._keyring.load(address)

    def save(self, grant: Grant) -> None:
        self._keyring.save(grant)
        self._files.delete(grant.address)

    def delete(self, address: str) -> None:
        self._files.delete(address)
        self._keyring.delete(address)


def token_store(home: Path, kind: str = "auto") -> TokenStore:
    """`kind`: auto, keyring or file. Auto takes the keyring where one can be reached."""
    files = TokenFiles(home / "tokens")
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
            "This system has no keyring.", hint="Without google.tokens = “keyring” a file is used."
        )
    return files


def client_of(written: Mapping[str, object], where: str) -> dict[str, dict[str, object]]:
    """Google's downloaded JSON, if it is one: for a desktop app ("installed") or a web application."""
    for kind in ("installed", "web"):
        inner = written.get(kind)
        if isinstance(inner, dict) and {"client_id", "client_secret"} <= inner.keys():
            return {kind: inner}
    raise Invalid(
        f"{where} is not the JSON of an OAuth client.",
        hint="Download it in the Google Cloud console under APIs & Services, Credentials.",
    )


def _read(written: str, where: str) -> Grant:
    try:
        return Grant.model_validate_json(written)
    except ValidationError:  # its text would show what was written
        raise StorageFailed(
            f"What {where} holds is not a token.", hint="Get a new one with: ttydesk gmail connect"
        ) from None


def _locked(error: Exception) -> StorageFailed:
    return StorageFailed(
        f"The system's keyring does not answer ({type(error).__name__}).",
        hint="Unlock it, or keep tokens in a file with google.tokens = “file”.",
    )
