"""What the tests of the doctor begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.config import Google, Mailbox, Settings
from core.desk import Desk
from tests.gmail import GmailServer
from tests.sync.clinic import ADDRESS, SUBSCRIPTION, TOPIC, Clinic


@pytest.fixture
async def clinic(service: Desk, database: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    """Nothing is wrong with it but that no daemon works."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with GmailServer(ADDRESS, quota=None) as server:
        settings = Settings(
            home=home,
            database_url=SecretStr(database),
            mailbox=Mailbox(address="support@example.com"),
            tokens="file",
            google=Google(
                client_id=server.authority.client_id,
                client_secret=SecretStr(server.authority.client_secret),
                topic=TOPIC,
                subscription=SUBSCRIPTION,
                api_root=server.url,
            ),
        )
        known = await service.connect_mailbox("help", "gmail", ADDRESS, "Help")
        clinic = Clinic(settings, service, server, known)
        await clinic.make_well()
        yield clinic
