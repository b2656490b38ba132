"""Where tokens are kept, and who may read them."""

from datetime import UTC, datetime
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked
from pydantic import SecretStr

from core.errors import Invalid, StorageFailed
from core.vault import SecretFiles
from sync.auth import Grant, TokenStore, client_of, token_store

GRANT = Grant(
    address="support@example.com",
    client_id="id",
    client_secret=SecretStr("hunter1"),
    refresh_token=SecretStr("hunter2"),
    token_uri="https://oauth2.googleapis.com/token",
    scopes=("a", "b"),
    granted_at=datetime(2026, 3, 1, tzinfo=UTC),
)


class Memory(KeyringBackend):
    """A keyring as a desktop has it."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: memory)
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(memory, name))
    return memory


@pytest.mark.parametrize("kind", ["file", "keyring"])
def test_a_grant_comes_back_as_it_was(tmp_path: Path, memory: Memory, kind: str) -> None:
    store = token_store(tmp_path, kind)
    assert store.load(GRANT.address) is None
    store.save(GRANT)
    store.save(GRANT)
    assert store.load(GRANT.address) == GRANT
    assert store.load("sales@example.com") is None
    store.delete(GRANT.address)
    store.delete(GRANT.address)
    assert store.load(GRANT.address) is None


def test_two_desks_of_one_user_have_a_keyring_each(tmp_path: Path, memory: Memory) -> None:
    token_store(tmp_path / "a").save(GRANT)
    assert token_store(tmp_path / "b").load(GRANT.address) is None


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    store = TokenStore(SecretFiles(tmp_path / "tokens"))
    store.save(GRANT)
    (path,) = (tmp_path / "tokens").iterdir()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.chmod(0o644)
    with pytest.raises(StorageFailed, match="may be read by others") as caught:
        store.load(GRANT.address)
    assert caught.value.hint == f"If nobody did: chmod 600 {path}"


def test_without_a_keyring_there_is_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import fail

    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)
    assert isinstance(token_store(tmp_path), TokenStore)
    with pytest.raises(StorageFailed, match="has no keyring"):
        token_store(tmp_path, "keyring")


def test_what_was_saved_without_a_keyring_is_found_with_one(tmp_path: Path, memory: Memory) -> None:
    """Connected over SSH, where the keyring cannot be reached, and at work in a session that has it."""
    old = GRANT.model_copy(update={"refresh_token": SecretStr("old")})
    token_store(tmp_path).save(old)
    assert token_store(tmp_path).place == "the system's keyring"
    token_store(tmp_path, "file").save(GRANT)
    store = token_store(tmp_path)
    assert store.load(GRANT.address) == GRANT, "the file is newer"
    assert store.place == f"the system's keyring or the folder {tmp_path / 'tokens'}"
    store.save(old)
    assert store.load(GRANT.address) == old and not list((tmp_path / "tokens").iterdir())
    token_store(tmp_path, "file").save(GRANT)
    store.delete(GRANT.address)
    assert store.load(GRANT.address) is None and memory.kept == {}


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    assert "hunter" not in f"{GRANT!r} {GRANT} {GRANT.model_dump()}"
    store = TokenStore(SecretFiles(tmp_path))
    store.save(GRANT)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text().replace("granted_at", "granted"))
    with pytest.raises(StorageFailed, match="is not a token") as caught:
        store.load(GRANT.address)
    assert "hunter" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_a_locked_keyring_is_said(tmp_path: Path, memory: Memory) -> None:
    store: TokenStore = token_store(tmp_path)
    memory.is_locked = True
    with pytest.raises(StorageFailed, match="does not answer") as caught:
        store.load(GRANT.address)
    assert caught.value.hint and "Unlock it" in caught.value.hint


def test_googles_file_is_known_by_what_it_holds() -> None:
    inner = {"client_id": "i", "client_secret": "s", "auth_uri": "a", "token_uri": "t"}
    assert client_of({"installed": inner}, "x.json") == {"installed": inner}
    with pytest.raises(Invalid, match=r"x\.json is not the JSON of an OAuth client"):
        client_of({"type": "service_account"}, "x.json")
