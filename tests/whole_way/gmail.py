"""Mailboxes at our own Gmail server for the real programs, without a browser in between."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from core.config import Settings
from core.connect import open_desk
from core.vault import SecretFiles
from sync.auth import Grant, TokenStore
from sync.consent import PUBSUB
from tests.gmail import MODIFY, GmailServer
from tests.whole_way.programs import Programs


def allowed(programs: Programs, server: GmailServer, address: str, api_root: str | None = None) -> None:
    """The permission lies in the home, and Google is where the server is, or at `api_root`."""
    inner = server.client_config["installed"]
    programs.variables |= {"TTYDESK_GOOGLE_API_ROOT": api_root or server.url, "TTYDESK_TOKENS": "file"}
    grant = Grant(
        address=address,
        client_id=inner["client_id"],
        client_secret=SecretStr(inner["client_secret"]),
        refresh_token=SecretStr(server.grant(address, MODIFY, PUBSUB).refresh_token),
        token_uri=inner["token_uri"],
        scopes=(MODIFY, PUBSUB),
        granted_at=datetime.now(UTC),
    )
    TokenStore(SecretFiles(programs.home / "tokens")).save(grant)


def make_known(home: Path, *addresses: str) -> None:
    """Each a mailbox of the desk, named by its address; its mail is wanted from long ago on."""

    async def ask() -> None:
        async with open_desk(Settings(home=home, agent="ada@lamps.example"), service=True) as desk:
            for one in addresses:
                since = datetime(2026, 1, 1, tzinfo=UTC)
                await desk.connect_mailbox(one, "gmail", one, since=since)

    asyncio.run(ask())
