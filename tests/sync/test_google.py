"""sync.google, sync.wire and sync.gmail against our own Gmail server, with faults that the other has not."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from sync.auth import Grant
from sync.gmail import Gmail
from sync.google import Access, Busy, Google
from sync.quota import Quota
from tests.gmail import MODIFY, GmailServer
from tests.gmail.sample import written

ADDRESS = "support@example.com"


@pytest.fixture
def server() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as server:
        yield server
        server.faults.clear()


@pytest.fixture
def access(server: GmailServer) -> Access:
    inner = next(iter(server.client_config.values()))
    tokens = server.grant(ADDRESS, MODIFY)
    grant = Grant(
        address=ADDRESS,
        client_id=inner["client_id"],
        client_secret=inner["client_secret"],
        refresh_token=tokens.refresh_token,
        token_uri=inner["token_uri"],
        scopes=(MODIFY,),
        granted_at=datetime.now(UTC),
    )
    return Access(grant)


def google_of(access: Access, server: GmailServer) -> Google:
    return Google(access, Quota(1_000_000), root=server.url, sleep=lambda seconds: None)


@pytest.fixture
def google(access: Access, server: GmailServer) -> Iterator[Google]:
    with closing(google_of(access, server)) as google:
        yield google


@pytest.fixture
async def gmail(access: Access, server: GmailServer) -> AsyncIterator[Gmail]:
    gmail = Gmail(google_of(access, server), google_of(access, server), datetime(2026, 1, 1, tzinfo=UTC))
    yield gmail
    await gmail.close()


def mail(name: str) -> bytes:
    """Its Message-ID is <name@example.net>."""
    return written(name, to="kim@example.net", sender=ADDRESS)


async def test_a_line_that_is_cut_after_the_mail_left_is_told_and_it_leaves_once(
    gmail: Gmail, server: GmailServer
) -> None:
    server.faults.nth("messages.send", "cut_after")
    with pytest.raises(Busy):
        await gmail.send(mail("once"), "<once@example.net>")
    assert len(server.mailbox().sent) == 1
    found = await gmail.find_sent("<once@example.net>")
    assert found and found.provider_id == server.mailbox().sent[0].id
    assert (await gmail.send(mail("once"), "<once@example.net>")).provider_id == found.provider_id
    assert len(server.mailbox().sent) == 1


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut_before", "cut_during", "cut_after", "malformed"])
def test_a_passing_fault_is_tried_again(google: Google, server: GmailServer, fault: str) -> None:
    server.faults.nth("labels.list", fault)
    answer = google.call("labels.list", google.service.users().labels().list(userId="me"))
    assert any(label["id"] == "INBOX" for label in answer["labels"])
    assert server.calls["labels.list"] >= 1


@pytest.mark.parametrize("fault", ["cut_before", "cut_during", "malformed"])
def test_one_try_is_one_try_and_the_next_call_has_a_new_line(
    google: Google, server: GmailServer, fault: str
) -> None:
    server.faults.nth("labels.list", fault)
    labels = google.service.users().labels()
    with pytest.raises(Busy):
        google.call("labels.list", labels.list(userId="me"), tries=1)
    assert google.call("labels.list", labels.list(userId="me"), tries=1)["labels"]


@pytest.mark.parametrize("habit", ["kept", "rewritten"])
async def test_an_answer_is_found_under_the_id_that_we_gave_it(
    gmail: Gmail, server: GmailServer, habit: str
) -> None:
    server.habits.message_ids = habit
    sent = await gmail.send(mail("ours"), "<ours@example.net>")
    assert (sent.message_id is None) == (habit == "kept")
    found = await gmail.find_sent("<ours@example.net>")
    assert found == sent
    assert await gmail.find_sent("<never@example.net>") is None


async def test_mails_come_in_batches_whatever_single_parts_do(gmail: Gmail, server: GmailServer) -> None:
    raws = {server.mailbox().deliver(mail(str(number))).id: mail(str(number)) for number in range(120)}
    server.faults.share("429", 0.2, ["messages.get"])
    server.faults.share("503", 0.1, ["messages.get"])
    gmail.expect(list(raws))
    for id, raw in raws.items():
        arrival = await gmail.fetch(id)
        assert arrival and arrival.raw == raw


async def test_a_history_that_is_too_old_leads_to_a_listing(gmail: Gmail, server: GmailServer) -> None:
    first = await gmail.news()
    assert first.cursor
    new = [server.mailbox().deliver(mail(str(number))).id for number in range(3)]
    server.mailbox().expire_history()
    again = await gmail.news(first.cursor)
    assert set(new) <= set(again.perhaps)
    assert again.cursor and again.cursor != first.cursor
    assert list((await gmail.news(again.cursor)).perhaps) == []
