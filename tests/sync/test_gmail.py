"""sync.gmail against our own Gmail server, whose search lags and whose history runs out; the clock stands."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sync.auth import Grant
from sync.gmail import Cursor, Gmail
from sync.google import Access, Google
from sync.quota import Quota
from tests.gmail import MODIFY, Clock, GmailServer
from tests.gmail.sample import written

ADDRESS = "support@example.com"
NOW = datetime(2026, 9, 21, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW.timestamp())


@pytest.fixture
def server(clock: Clock) -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, clock=clock, quota=None) as server:
        yield server


@pytest.fixture
async def gmail(server: GmailServer, clock: Clock) -> AsyncIterator[Gmail]:
    gmail = opened(server, clock)
    yield gmail
    await gmail.close()


def opened(
    server: GmailServer,
    clock: Clock,
    since: datetime = NOW - timedelta(days=1),
    sleep: Callable[[float], None] = lambda seconds: None,
) -> Gmail:
    inner = next(iter(server.client_config.values()))
    grant = Grant(
        address=ADDRESS,
        client_id=inner["client_id"],
        client_secret=inner["client_secret"],
        refresh_token=server.grant(ADDRESS, MODIFY).refresh_token,
        token_uri=inner["token_uri"],
        scopes=(MODIFY,),
        granted_at=NOW,
    )
    access, quota = Access(grant), Quota(1_000_000)
    inward, outward = (Google(access, quota, root=server.url, sleep=sleep) for _ in range(2))
    return Gmail(inward, outward, since, lambda: datetime.fromtimestamp(clock(), UTC))


@pytest.mark.parametrize("lag", [1, 20, 600])
async def test_what_a_search_does_not_find_yet_is_not_lost_with_the_history(
    gmail: Gmail, server: GmailServer, clock: Clock, lag: int
) -> None:
    """The new cursor is behind it, so only looking again brings it."""
    first = await gmail.news(None)
    clock.advance(60)
    server.habits.search_lag = lag
    missed = server.mailbox().deliver(written("missed")).id
    server.mailbox().expire_history()
    news = await gmail.news(first.cursor)
    assert list(news.perhaps) == []
    found: list[str] = []
    while clock() < NOW.timestamp() + 2 * lag + 120:
        clock.advance(5)
        news = await gmail.news(news.cursor)
        found += news.perhaps
    assert missed in found


async def test_a_daemon_that_is_started_again_looks_again(
    gmail: Gmail, server: GmailServer, clock: Clock
) -> None:
    server.habits.search_lag = 5
    missed = server.mailbox().deliver(written("missed")).id
    news = await gmail.news(None)
    assert list(news.perhaps) == []
    clock.advance(6)
    other = opened(server, clock)
    assert list((await other.news(news.cursor)).perhaps) == [missed]
    assert list((await other.news(news.cursor)).perhaps) == [], "it has looked a moment ago"
    await other.close()


async def test_a_mail_that_has_to_wait_holds_up_no_other(server: GmailServer, clock: Clock) -> None:
    waits: list[float] = []
    gmail = opened(server, clock, sleep=waits.append)
    ids = [server.mailbox().deliver(written(str(number))).id for number in range(5)]
    server.faults.nth("messages.get", "429", 3)
    gmail.expect(ids)
    for number, id in enumerate(ids):
        arrival = await gmail.fetch(id)
        assert arrival and arrival.raw == written(str(number))
    assert waits == [] and server.calls["messages.get"] == 6
    await gmail.close()


async def test_looking_again_has_an_end(gmail: Gmail, server: GmailServer, clock: Clock) -> None:
    news = await gmail.news(None)
    for _ in range(1000):
        clock.advance(5)
        news = await gmail.news(news.cursor)
    assert server.calls["messages.list"] == 9
    assert news.cursor and Cursor.parse(news.cursor).listed_at is None


async def test_a_mail_of_the_very_second_is_not_lost(server: GmailServer, clock: Clock) -> None:
    clock.advance(0.4)
    gmail = opened(server, clock, datetime.fromtimestamp(clock(), UTC))
    clock.advance(0.1)
    id = server.mailbox().deliver(written("lamp")).id
    assert list((await gmail.news(None)).perhaps) == [id]
    await gmail.close()


@pytest.mark.parametrize("since", [None, NOW - timedelta(days=1)])
@pytest.mark.parametrize("listed_at", [None, NOW])
def test_a_cursor_is_read_as_it_was_written(since: datetime | None, listed_at: datetime | None) -> None:
    cursor = Cursor(2**64 - 1, NOW, since, listed_at if since else None)
    assert Cursor.parse(str(cursor)) == cursor
