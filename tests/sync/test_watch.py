"""sync.watch against our own Gmail server."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from core.errors import Invalid
from sync.auth import Grant
from sync.google import Access, Google
from sync.quota import Quota
from sync.watch import begin_watch, end_watch
from tests.gmail import MODIFY, GmailServer
from tests.gmail.sample import written

TOPIC = "projects/desk/topics/mail"


@pytest.fixture
def server() -> Iterator[GmailServer]:
    with GmailServer("support@example.com") as server:
        yield server


@pytest.fixture
def google(server: GmailServer) -> Iterator[Google]:
    inner = server.client_config["installed"]
    grant = Grant(
        address="support@example.com",
        client_id=inner["client_id"],
        client_secret=inner["client_secret"],
        refresh_token=SecretStr(server.grant().refresh_token),
        token_uri=inner["token_uri"],
        scopes=(MODIFY,),
        granted_at=datetime.now(UTC),
    )
    with closing(Google(Access(grant), Quota(), root=server.url)) as google:
        yield google


def test_gmail_tells_of_new_mail_for_a_week_and_until_it_is_stopped(
    google: Google, server: GmailServer
) -> None:
    until = begin_watch(google, TOPIC)
    assert abs(until - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    server.mailbox().deliver(written("one", to="support@example.com"), ["SPAM"])
    (notice,) = server.notices.published
    assert (notice.topic, notice.address) == (TOPIC, "support@example.com")
    end_watch(google)
    server.mailbox().deliver(written("two", to="support@example.com"))
    assert len(server.notices.published) == 1
    end_watch(google)


def test_a_topic_that_gmail_does_not_take_is_said_with_what_to_do(google: Google) -> None:
    with pytest.raises(Invalid, match="Google does not take it") as caught:
        begin_watch(google, "mail")
    assert caught.value.hint and "gmail-api-push@system.gserviceaccount.com" in caught.value.hint
