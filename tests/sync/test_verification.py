"""Gmail held against the ledger: every difference by mailbox, what is missing taken in, once a day."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.desk import Desk
from core.models import Outcome
from sync.verification import DailyVerification
from sync.verify import compare, repair, verify
from tests.gmail import GmailServer
from tests.sync.account import ADDRESS, Account, account, now, written


@pytest.fixture
def google() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as google:
        yield google


@pytest.fixture
async def gmail(google: GmailServer, service: Desk, tmp_path: Path) -> AsyncIterator[Account]:
    async with account(google, service, tmp_path, since=now() - timedelta(days=60)) as gmail:
        await gmail.take_in()
        yield gmail


async def overlooked(gmail: Account, name: str, age: timedelta = timedelta(hours=1)) -> str:
    """A mail that the ledger lacks although the cursor is behind it, as after a fault of ours."""
    at = int((now() - age).timestamp() * 1000)
    id = gmail.box.deliver(written(name, to=ADDRESS), internal_date=at).id
    news = await gmail.gmail.news(gmail.arrivals.cursor)
    gmail.arrivals.cursor = news.cursor
    await gmail.desk.save_cursor(gmail.known.id, news.cursor)
    return id


async def known(gmail: Account) -> None:
    """What the database says of the mailbox by now."""
    (gmail.known,) = (one for one in await gmail.desk.list_mailboxes() if one.id == gmail.known.id)


async def test_where_all_is_well_nothing_differs(gmail: Account, desk: Desk) -> None:
    for labels in (("INBOX",), ("SPAM",), ("DRAFT",), ("TRASH",)):
        gmail.deliver(labels[0], *labels)
    await gmail.take_in()
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    await gmail.send()
    await known(gmail)
    found = await compare(gmail.desk, gmail.known, gmail.gmail)
    assert (found.checked, found.waiting, found.missing, found.gone) == (5, [], [], [])
    assert found.is_complete


async def test_each_difference_is_named(gmail: Account) -> None:
    kept, lost = gmail.deliver("kept"), gmail.deliver("lost")
    spam = gmail.deliver("spam", "SPAM")
    await gmail.take_in()
    missing = await overlooked(gmail, "missing")
    waiting = gmail.deliver("waiting")
    gmail.box.delete([lost, spam])
    await known(gmail)
    found = await verify(gmail.desk, gmail.arrivals.intake, [(gmail.known, gmail.gmail)])
    (one,) = found.mailboxes
    assert (one.name, one.checked) == ("gmail support", 3)
    assert (one.waiting, one.missing, one.gone) == ([waiting], [missing], [lost])
    assert not found.is_complete
    assert kept not in {*one.waiting, *one.missing, *one.gone}


async def test_only_mail_of_the_asked_span_is_compared(gmail: Account) -> None:
    old = await overlooked(gmail, "old", timedelta(days=20))
    new = await overlooked(gmail, "new")
    await known(gmail)
    found = await compare(gmail.desk, gmail.known, gmail.gmail, now() - timedelta(days=10))
    assert (found.missing, found.checked) == ([new], 1)
    assert set((await compare(gmail.desk, gmail.known, gmail.gmail)).missing) == {old, new}
    await overlooked(gmail, "before-the-connection", timedelta(days=90))
    long_ago = now() - timedelta(days=365)
    assert set((await compare(gmail.desk, gmail.known, gmail.gmail, long_ago)).missing) == {old, new}


async def test_what_is_missing_is_taken_in_by_hand(gmail: Account) -> None:
    await overlooked(gmail, "missing")
    await known(gmail)
    boxes = [(gmail.known, gmail.gmail)]
    found = await verify(gmail.desk, gmail.arrivals.intake, boxes)
    (received,) = await repair(gmail.desk, gmail.arrivals.intake, found, boxes)
    assert received.outcome is Outcome.CREATED
    assert found.is_complete
    assert (await verify(gmail.desk, gmail.arrivals.intake, boxes)).is_complete


async def test_the_daemon_does_it_once_a_day_and_keeps_what_it_found(
    gmail: Account, service: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [now()]
    await known(gmail)
    daily = DailyVerification(service, gmail.known, gmail.arrivals, lambda: clock[0])
    await overlooked(gmail, "missing")
    assert (await daily.look()).pause > 0
    await known(gmail)
    first = gmail.known.verified
    assert first and gmail.known.verified_at
    assert (first.checked, first.missing, first.gone) == (1, 1, 0)
    assert first.sentence == "1 mail, 1 missing and taken in"
    assert "1 missing and taken in" in caplog.text
    assert await gmail.take_in() == {Outcome.CREATED: 1}

    await overlooked(gmail, "another")
    clock[0] += timedelta(hours=23)
    await daily.look()
    await known(gmail)
    assert gmail.known.verified == first, "a day has not passed"
    clock[0] += timedelta(hours=2)
    await daily.look()
    await known(gmail)
    assert gmail.known.verified and gmail.known.verified.missing == 1
    assert gmail.known.verified.since > first.since, "mail of the last weeks, after the first time"
    assert await gmail.take_in() == {Outcome.CREATED: 1}


async def test_a_daemon_that_starts_again_keeps_to_the_day(gmail: Account, service: Desk) -> None:
    await known(gmail)
    await DailyVerification(service, gmail.known, gmail.arrivals, now).look()
    await known(gmail)
    at = gmail.known.verified_at
    await DailyVerification(service, gmail.known, gmail.arrivals, now).look()
    await known(gmail)
    assert gmail.known.verified_at == at


async def test_nothing_is_compared_before_the_mailbox_was_read(gmail: Account, service: Desk) -> None:
    gmail.arrivals.was_read = False
    await DailyVerification(service, gmail.known, gmail.arrivals, now).look()
    await known(gmail)
    assert gmail.known.verified_at is None


async def test_mail_that_comes_in_meanwhile_is_no_difference(
    gmail: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known(gmail)
    listed = gmail.gmail.listed

    async def late(since: datetime | None = None) -> object:
        gmail.deliver("late")
        found = await listed(since)
        await gmail.take_in()
        return found

    monkeypatch.setattr(gmail.gmail, "listed", late)
    found = await compare(gmail.desk, gmail.known, gmail.gmail)
    assert (found.checked, found.is_complete, found.gone) == (1, True, [])
