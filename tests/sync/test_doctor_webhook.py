"""The doctor on webhooks: each finding, by making it true."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.config import Mailbox, Settings
from core.desk import Desk
from core.webhooks import new_secret
from sync.doctor import diagnose
from sync.doctor_finding import Finding, Result
from tests.mails import mail
from tests.sync.clinic import utc_now


@pytest.fixture
def settings(service: Desk, database: str, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    address = Mailbox(address="support@example.com")
    return Settings(home=home, database_url=SecretStr(database), mailbox=address)


async def findings(settings: Settings, later: timedelta = timedelta(0)) -> list[Finding]:
    found = await diagnose(settings, now=lambda: utc_now() + later)
    return [one for one in found if one.check == "webhooks"]


async def test_a_webhook_that_fails_is_told_and_one_that_was_switched_off(
    settings: Settings, service: Desk
) -> None:
    assert await findings(settings) == [], "there is none"
    webhook = await service.add_webhook("https://hooks.example.com/secret-path", new_secret())
    (found,) = await findings(settings)
    assert (found.result, found.said) == (Result.OK, "1 webhook told of what happens; none is in trouble.")
    await service.receive_mail(mail("a"))
    await service.queue_webhook_deliveries()
    claimed = await service.claim_webhook_deliveries(webhook.id, "w")
    assert claimed
    (one,) = claimed.deliveries
    await service.settle_webhook_delivery(one.id, "w", 1, 502, "", "The receiver answered 502.", 0)
    (found,) = await findings(settings)
    assert found.result is Result.OK, "it may be over in a moment"
    (found,) = await findings(settings, timedelta(hours=5))
    name = f"The webhook {webhook.id.hex[:8]} at hooks.example.com"
    assert found.result is Result.WARNING
    assert found.said == f"{name} has taken nothing for 5 hours: The receiver answered 502."
    await service.claim_webhook_deliveries(webhook.id, "w")
    await service.settle_webhook_delivery(one.id, "w", 2, 410, "", "The receiver answered 410.", None, True)
    (found,) = await findings(settings)
    assert (found.result, found.said) == (
        Result.WARNING,
        f"{name} was switched off. The receiver says that it is gone (410).",
    )
    assert f"ttydesk webhook update {webhook.id.hex[:8]} --active" in found.advice
    await service.update_webhook(webhook.id, {"active": True})
    await service.update_webhook(webhook.id, {"active": False})
    assert await findings(settings) == [], "an admin wanted it so"
