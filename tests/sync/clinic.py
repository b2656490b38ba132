"""A desk with a mailbox at Gmail that is well in every respect, for tests that make it ill in one."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.config import Settings
from core.desk import Desk
from core.models import Mailbox
from core.vault import SecretFiles
from core.verified import Verified
from sync.auth import Grant, TokenStore
from sync.consent import MODIFY, PUBSUB
from sync.doctor import diagnose
from sync.doctor_finding import Finding, Result
from sync.gmail import Cursor
from sync.heartbeat import Heartbeat, write_heartbeat
from tests.gmail import GmailServer, Tokens

ADDRESS = "help@example.com"
PROJECT = "projects/example-desk"
TOPIC, SUBSCRIPTION = f"{PROJECT}/topics/gmail", f"{PROJECT}/subscriptions/desk"
ELSEWHERE = "mars 0123456789ab"
"""The name under which a daemon on another machine holds what it holds."""
PUBLISHER = {
    "role": "roles/pubsub.publisher",
    "members": ["serviceAccount:gmail-api-push@system.gserviceaccount.com"],
}


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Clinic:
    settings: Settings
    service: Desk
    server: GmailServer
    known: Mailbox

    async def diagnose(self, **more: Any) -> list[Finding]:
        found = await diagnose(self.settings, **more)
        at_a_loss = [one for one in found if one.result in (Result.WARNING, Result.FAILED) and not one.advice]
        assert not at_a_loss  # whatever is wrong, something can be done
        return found

    async def finding(self, check: str, about: str = ADDRESS, **more: Any) -> Finding:
        (found,) = [one for one in await self.diagnose(**more) if (one.check, one.about) == (check, about)]
        return found

    def set(self, **changes: Any) -> None:
        """Settings of Google's part."""
        google = self.settings.google.model_copy(update=changes)
        self.settings = self.settings.model_copy(update={"google": google})

    def allow(self, *scopes: str, **changes: Any) -> Tokens:
        """A new permission in the place of the one that is there."""
        tokens = self.server.grant(ADDRESS, *scopes)
        inner = self.server.client_config["installed"]
        grant = {
            "address": ADDRESS,
            "client_id": inner["client_id"],
            "client_secret": inner["client_secret"],
            "refresh_token": tokens.refresh_token,
            "token_uri": inner["token_uri"],
            "scopes": scopes,
            "granted_at": utc_now() - timedelta(days=30),
        }
        TokenStore(SecretFiles(self.settings.home / "tokens")).save(Grant.model_validate(grant | changes))
        return tokens

    def daemon_beats(self, ago: timedelta = timedelta(0), **more: Any) -> None:
        """As a daemon of this very process; the lock is the test's own affair."""
        at = utc_now() - ago
        write_heartbeat(self.settings.home, Heartbeat(pid=os.getpid(), started_at=at, beat_at=at, **more))

    async def state(self) -> object:
        """All that the doctor must leave as it is."""
        known = [one.model_copy(update={"lag_seconds": None}) for one in await self.service.list_mailboxes()]
        return known, sorted(map(str, self.settings.home.rglob("*")))

    async def daemon_elsewhere(self) -> None:
        await daemon_on_mars(self.service)

    async def have_read(self, history_id: int, at: datetime | None = None) -> None:
        cursor = str(Cursor(history_id, at or utc_now()))
        await self.service.save_cursor(self.known.id, cursor)

    async def have_verified(self, missing: int) -> None:
        since = utc_now() - timedelta(days=1)
        verified = Verified(since=since, checked=12, waiting=0, missing=missing, gone=0)
        await self.service.save_verification(self.known.id, verified)

    async def make_well(self) -> None:
        self.allow(MODIFY, PUBSUB)
        self.server.pubsub.subscriptions[SUBSCRIPTION] = {"name": SUBSCRIPTION, "topic": TOPIC}
        self.server.pubsub.policies[TOPIC] = [PUBLISHER]
        await self.have_read(self.server.mailbox(ADDRESS).history_id)
        await self.service.save_watch(self.known.id, utc_now() + timedelta(days=6))


async def daemon_on_mars(service: Desk) -> None:
    await service.beat(ELSEWHERE, "mars", "/home/desk", 17, "0.2.0", utc_now())
