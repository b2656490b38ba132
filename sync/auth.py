"""Google's permission to work in a mailbox, kept with the other secrets of this machine (core/vault.py)."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

from core.errors import Invalid, StorageFailed
from core.vault import Vault, open_vault


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


class TokenStore:
    """One grant for each address. All of it blocks, and raises StorageFailed."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @property
    def place(self) -> str:
        """Where the tokens lie, for a sentence."""
        return self._vault.place

    def load(self, address: str) -> Grant | None:
        written = self._vault.load(address)
        if written is None:
            return None
        try:
            return Grant.model_validate_json(written)
        except ValidationError:  # its text would show what was written
            raise StorageFailed(
                f"What {self.place} holds is not a token.", hint="Get a new one with: ttydesk gmail connect"
            ) from None

    def save(self, grant: Grant) -> None:
        self._vault.save(grant.address, grant.model_dump_json())

    def delete(self, address: str) -> None:
        self._vault.delete(address)


def token_store(home: Path, kind: str = "auto") -> TokenStore:
    """`kind` as in `core.vault.open_vault`."""
    return TokenStore(open_vault(home, kind))


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
