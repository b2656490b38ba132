"""sync.post: a daemon works on a mailbox only while its lease runs, by a clock of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.config import Settings
from core.desk import Desk
from core.files import LocalFiles
from sync.arrivals import Arrivals
from sync.maildir import Maildir
from sync.outbound import Outbox
from sync.post import Post
from sync.reading import Intake
from tests.mails import mail


@dataclass
class Clock:
    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def opened(service: Desk, home: Path, worker: str, clock: Clock) -> Post:
    (known,) = await service.list_mailboxes()
    maildir = Maildir(home / "mail")
    maildir.create()
    files = LocalFiles(home / "files")
    arrivals = Arrivals(service, Intake(files), maildir, known.id, now)
    outbox = Outbox(maildir, files, worker, mailbox_id=known.id, clock=clock)
    post = Post(Settings(home=home), service, known, maildir, arrivals, outbox, now, clock=clock)
    arrivals.goes_on = post.goes_on
    return post


@pytest.fixture
async def post(service: Desk, tmp_path: Path, clock: Clock) -> AsyncIterator[Post]:
    post = await opened(service, tmp_path / "one", "one", clock)
    yield post
    await post.close()


def deliver(post: Post, name: str) -> None:
    raw = f"From: kim@example.com\nMessage-ID: <{name}@example.com>\nSubject: {name}\n\nIt is dark.\n"
    (post.settings.home / "mail/new" / name).write_text(raw)


async def subjects(service: Desk) -> list[str]:
    return [ticket.subject for ticket in (await service.list_tickets()).tickets]


async def work(post: Post, name: str) -> None:
    await {part: work for part, work, _ in post.parts()}[name]()


async def test_without_a_lease_nothing_is_done(post: Post, service: Desk, desk: Desk) -> None:
    deliver(post, "lamp")
    await work(post, "intake")
    assert await subjects(service) == []
    await work(post, "lease")
    await work(post, "intake")
    assert await subjects(service) == ["lamp"]
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    await work(post, "outbox")
    assert post.sent == 1


async def test_a_lease_that_was_not_renewed_is_over_before_another_may_have_it(
    post: Post, service: Desk, clock: Clock
) -> None:
    """Cut off from the database, or asleep: nobody tells us, and the clock does."""
    await work(post, "lease")
    clock.at += 54
    assert post.is_ours
    clock.at += 2
    assert not post.is_ours and not post.goes_on()
    deliver(post, "lamp")
    await work(post, "intake")
    assert await subjects(service) == []


async def test_whoever_takes_over_goes_on_where_the_other_has_read(
    post: Post, service: Desk, tmp_path: Path, clock: Clock
) -> None:
    other = await opened(service, tmp_path / "two", "two", clock)
    await work(post, "lease")
    await work(other, "lease")
    assert post.is_ours and not other.is_ours
    await service.save_cursor(post.known.id, "far")
    await post.close()
    await work(other, "lease")
    assert other.is_ours and other.arrivals.cursor == "far"
    other.arrivals.cursor = "farther"
    await work(other, "lease")
    assert other.arrivals.cursor == "farther", "what is kept is not read again"
    await other.close()


async def test_a_lease_that_is_lost_stops_the_work_between_two_mails(
    post: Post, service: Desk, clock: Clock
) -> None:
    await work(post, "lease")
    for name in ("a", "b", "c"):
        deliver(post, name)
    receive = service.receive_mail

    async def slowly(mail: dict[str, object]) -> object:
        clock.at += 60
        return await receive(mail)

    service.receive_mail = slowly  # type: ignore[method-assign, assignment]
    await work(post, "intake")
    service.receive_mail = receive  # type: ignore[method-assign]
    assert len(await subjects(service)) == 1
    (mailbox,) = await service.list_mailboxes()
    assert mailbox.synced_at is None, "there is more to take in"


async def test_it_looks_seldom_only_while_it_is_told(post: Post, service: Desk) -> None:
    await service.receive_mail(mail("a"))
    await work(post, "lease")
    post.mailbox.poll_seconds = 5.0
    assert (await post.take_in()).pause == 5.0
    post.is_told = lambda: True
    assert (await post.take_in()).pause == 5.0
    post.watched_until = now() + timedelta(days=3)
    assert (await post.take_in()).pause == 60.0
    post.watched_until = now() - timedelta(days=3)
    assert (await post.take_in()).pause == 5.0
