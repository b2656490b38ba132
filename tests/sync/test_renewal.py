"""sync.renewal: a watch is made longer every day, and what hinders that is told long before it ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.config import Settings
from core.desk import Desk
from core.models import Mailbox
from sync.auth import Grant
from sync.gmail import Gmail
from sync.google import Access, Google
from sync.quota import Quota
from sync.renewal import renewal_of
from tests.gmail import MODIFY, GmailServer

ADDRESS = "sales@example.com"
TOPIC = "projects/desk/topics/mail"


@dataclass
class Post:
    """What a renewal needs of one."""

    settings: Settings
    desk: Desk
    known: Mailbox
    mailbox: Gmail
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    watched_until: datetime | None = None

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def google() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as server:
        yield server
        server.faults.clear()


@pytest.fixture
def quota() -> Quota:
    return Quota()


@pytest.fixture
async def post(service: Desk, google: GmailServer, quota: Quota, tmp_path: Path) -> AsyncIterator[Post]:
    inner = google.client_config["installed"]
    grant = Grant(
        address=ADDRESS,
        client_id=inner["client_id"],
        client_secret=SecretStr(inner["client_secret"]),
        refresh_token=SecretStr(google.grant(ADDRESS, MODIFY).refresh_token),
        token_uri=inner["token_uri"],
        scopes=(MODIFY,),
        granted_at=datetime.now(UTC),
    )
    access = Access(grant)
    ways = [Google(access, quota, root=google.url, sleep=lambda seconds: None) for _ in range(2)]
    mailbox = Gmail(*ways, datetime.now(UTC))
    known = await service.connect_mailbox("sales", "gmail", ADDRESS)
    settings = Settings(home=tmp_path, google={"topic": TOPIC})
    yield Post(settings, service, known, mailbox)
    await mailbox.close()


def renew(post: Post) -> Any:
    work = renewal_of(post)  # type: ignore[arg-type]
    assert work
    return work()


async def saved(post: Post) -> datetime | None:
    found = await post.desk.list_mailboxes()
    return next(one.watched_until for one in found if one.id == post.known.id)


async def test_it_is_begun_and_then_renewed_once_a_day(post: Post, google: GmailServer, quota: Quota) -> None:
    assert (await renew(post)).problem is None
    assert google.calls["watch"] == 1 and quota.spent == 100
    assert await saved(post) == post.watched_until
    for hours in (1, 12, 22):
        post.at = datetime.now(UTC) + timedelta(hours=hours)
        await renew(post)
    assert google.calls["watch"] == 1
    post.at = datetime.now(UTC) + timedelta(hours=25)
    await renew(post)
    assert google.calls["watch"] == 2


async def test_what_hinders_it_is_told_days_before_it_ends(post: Post, google: GmailServer) -> None:
    await renew(post)
    google.faults.share("503", 1.0, ["watch"])
    post.at += timedelta(hours=25)
    round = await renew(post)
    assert round.problem and round.problem.startswith("Gmail tells of new mail until ")
    assert round.pause >= 60, "an attempt costs a tenth of a minute's units"
    assert post.watched_until and post.watched_until - post.at > timedelta(days=5)
    google.faults.clear()
    assert (await renew(post)).problem is None


async def test_without_one_it_is_said_that_mail_is_asked_for(post: Post, google: GmailServer) -> None:
    google.faults.share("503", 1.0, ["watch"])
    round = await renew(post)
    assert round.problem and round.problem.startswith("Gmail does not tell of new mail, so it is asked")
    post.watched_until = post.at - timedelta(hours=1)
    assert (await renew(post)).problem.startswith("Gmail does not tell of new mail")


async def test_only_mailboxes_at_gmail_with_a_topic_have_one(post: Post) -> None:
    post.settings = Settings(home=post.settings.home)
    assert renewal_of(post) is None  # type: ignore[arg-type]
    post.settings = Settings(home=post.settings.home, google={"topic": TOPIC})
    post.known = post.known.model_copy(update={"kind": "maildir"})
    assert renewal_of(post) is None  # type: ignore[arg-type]
    await asyncio.sleep(0)
