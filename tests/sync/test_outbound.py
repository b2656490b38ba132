"""sync.outbound: an answer leaves once, in order, and what cannot leave is tried again or given up with a
sentence.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import psycopg
import pytest

from core.desk import Desk
from core.errors import DeskError, Forbidden, StorageFailed, Unreachable
from core.files import Kind, LocalFiles
from core.models import Delivery, Dispatch
from sync.mailbox import Arrival, News, Sent, Unsure
from sync.outbound import Outbox, send_due
from tests.mails import mail


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Post:
    """A mailbox that keeps what it sends, and fails when it is told to."""

    poll_seconds: float = 1.0
    settling_seconds: float = 0.0
    sent: dict[str, bytes] = field(default_factory=dict)
    errors: list[DeskError] = field(default_factory=list)
    """Raised by the next sends."""
    dies: list[bool] = field(default_factory=list)
    """Whether the next sends are followed by the death of the process."""
    hidden: bool = False
    """Whether what was sent cannot be found."""
    attempts: int = 0
    cuts: int = 0
    lasts: asyncio.Event | None = None
    """Sends go on until they are cut."""

    async def ready(self) -> None: ...

    async def close(self) -> None: ...

    def cut(self) -> None:
        self.cuts += 1
        if self.lasts:
            self.lasts.set()

    def break_off(self, sending: bool = False) -> None: ...

    async def news(self, cursor: str | None) -> News:
        return News()

    def expect(self, provider_ids: Sequence[str]) -> None: ...

    async def fetch(self, provider_id: str) -> Arrival | None:
        return None

    async def settle(self, provider_id: str) -> None: ...

    async def send(
        self,
        raw: bytes,
        message_id: str,
        thread_id: str | None = None,
        last_moment: Callable[[], None] = lambda: None,
    ) -> Sent:
        last_moment()
        self.attempts += 1
        if self.lasts:
            await self.lasts.wait()
            raise Unsure("The line was cut.")
        if self.errors:
            raise self.errors.pop(0)
        assert message_id not in self.sent
        self.sent[message_id] = raw
        if self.dies and self.dies.pop(0):
            raise KeyboardInterrupt
        return Sent(f"id{len(self.sent)}")

    async def label(self, wanted: Mapping[str, str | None], among: Sequence[str]) -> Sequence[str]:
        return list(wanted)

    async def listed(self, since: datetime | None = None) -> Sequence[str]:
        return []

    async def find_sent(self, message_id: str, since: datetime) -> Sent | None:
        return Sent("found") if message_id in self.sent and not self.hidden else None


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def outbox(post: Post, tmp_path: Path) -> Outbox:
    return Outbox(post, LocalFiles(tmp_path / "files"), worker="host:home")


async def answered(service: Desk, desk: Desk, content: str = "It is mended.", **more: object) -> int:
    received = await service.receive_mail(mail("lamp"))
    assert received.number
    await desk.reply(received.number, content, grace_seconds=0, **more)  # type: ignore[arg-type]
    return received.number


async def dispatch(desk: Desk, number: int) -> Dispatch:
    found = (await desk.show_ticket(number)).messages[-1].dispatch
    assert found
    return found


async def test_an_answer_leaves_as_a_threaded_mail(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    number = await answered(service, desk)
    assert await send_due(service, outbox, now) == 1
    (sent,) = map(message_from_bytes, post.sent.values())
    assert (sent["To"], sent["In-Reply-To"]) == ("Kim <kim@example.com>", "<lamp@example.com>")
    assert (await dispatch(desk, number)).state is Delivery.SENT
    assert await send_due(service, outbox, now) == 0


async def test_an_answer_is_not_sent_before_its_time(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    received = await service.receive_mail(mail("lamp"))
    assert received.number
    await desk.reply(received.number, "Soon.", grace_seconds=60)
    assert await send_due(service, outbox, now) == 0
    assert post.sent == {}


async def test_answers_on_a_ticket_leave_in_their_order(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    number = await answered(service, desk, "first")
    await desk.reply(number, "second", grace_seconds=0)
    post.errors.append(StorageFailed("The folder is away."))
    assert await send_due(service, outbox, now) == 0
    assert post.sent == {}


async def test_a_daemon_that_dies_after_sending_does_not_send_again(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    number = await answered(service, desk)
    post.dies.append(True)
    with pytest.raises(KeyboardInterrupt):
        await send_due(service, outbox, now)
    assert (await dispatch(desk, number)).state is Delivery.SENDING
    assert await send_due(service, outbox, now) == 0
    await service.release_outgoing(outbox.worker)
    assert await send_due(service, outbox, now) == 1
    assert (await dispatch(desk, number)).state is Delivery.SENT
    assert post.attempts == 1


@pytest.mark.parametrize("error", [StorageFailed("The disk is full."), Unreachable("No answer.")])
async def test_what_passes_by_is_tried_again(
    service: Desk, desk: Desk, outbox: Outbox, post: Post, error: DeskError
) -> None:
    number = await answered(service, desk)
    post.errors.append(error)
    begun = now()
    assert await send_due(service, outbox, now) == 0
    ended = now()
    waiting = await dispatch(desk, number)
    assert (waiting.state, waiting.attempts, waiting.error) == (Delivery.WAITING, 1, str(error))
    assert waiting.not_before - begun > timedelta(seconds=1)
    assert waiting.not_before - ended < timedelta(seconds=10)


@pytest.mark.parametrize("end", ["died", "was cut"])
async def test_what_may_still_turn_up_is_not_sent_again(
    service: Desk, desk: Desk, outbox: Outbox, post: Post, end: str
) -> None:
    post.settling_seconds, post.hidden = 300, True
    number = await answered(service, desk)
    if end == "died":
        post.dies.append(True)
        with pytest.raises(KeyboardInterrupt):
            await send_due(service, outbox, now)
        await service.release_outgoing(outbox.worker)
    else:
        post.errors.append(Unsure("The line was cut."))
    assert await send_due(service, outbox, now) == 0
    waiting = await dispatch(desk, number)
    assert (waiting.state, post.attempts) == (Delivery.WAITING, 1)
    assert waiting.not_before > now()


async def test_what_turned_up_late_is_noted_and_not_sent_again(
    service: Desk, desk: Desk, outbox: Outbox, post: Post, database: str
) -> None:
    post.settling_seconds, post.hidden = 300, True
    number = await answered(service, desk)
    post.dies.append(True)
    with pytest.raises(KeyboardInterrupt):
        await send_due(service, outbox, now)
    await service.release_outgoing(outbox.worker)
    assert await send_due(service, outbox, now) == 0
    post.hidden = False
    await due_at_once(database)
    assert await send_due(service, outbox, now) == 1
    assert ((await dispatch(desk, number)).state, post.attempts) == (Delivery.SENT, 1)


async def test_what_did_not_turn_up_is_sent_again_in_the_end(
    service: Desk, desk: Desk, outbox: Outbox, post: Post, database: str
) -> None:
    post.settling_seconds = 300
    number = await answered(service, desk)
    post.errors.append(Unsure("The line was cut."))
    assert await send_due(service, outbox, now) == 0
    for minutes, left in ((1, 0), (4, 1)):
        await due_at_once(database, minutes)
        assert await send_due(service, outbox, now) == left
    assert ((await dispatch(desk, number)).state, post.attempts) == (Delivery.SENT, 2)


async def due_at_once(database: str, minutes: float = 0) -> None:
    """As if that much time had gone by."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute(
            "update desk.outbox set not_before = now(), unsure_since = unsure_since - %s",
            [timedelta(minutes=minutes)],
        )


async def test_a_machine_that_slept_in_the_last_moment_does_not_send(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    """Another daemon may have taken the answer over; the clock that is asked went on meanwhile."""
    number = await answered(service, desk)
    times = iter([0.0, 3600.0])
    asleep = replace(outbox, clock=lambda: next(times))
    assert await send_due(service, asleep, now) == 0
    assert post.sent == {}
    assert (await dispatch(desk, number)).state is Delivery.WAITING


async def test_what_another_daemon_took_over_is_not_sent(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    """It happens while the answer is written: the claim has run out, and the other one has its own."""
    number = await answered(service, desk)

    class TakenOver(LocalFiles):
        def get(self, kind: Kind, sha256: str) -> bytes:
            asyncio.run_coroutine_threadsafe(take_over(), loop).result()
            return b"a lamp"

    async def take_over() -> None:
        await service.release_outgoing(outbox.worker)
        assert await service.claim_outgoing("another")

    loop = asyncio.get_running_loop()
    file = {"filename": "lamp.txt", "content_type": "text/plain", "size": 6, "sha256": "0" * 64}
    await desk.unsend(number)
    await desk.reply(number, "See the file.", grace_seconds=0, attachments=[file])
    late = replace(outbox, files=TakenOver(Path("nowhere")))
    assert await send_due(service, late, now) == 0
    assert post.sent == {}
    assert (await dispatch(desk, number)).state is Delivery.SENDING  # by the other one


async def test_nothing_is_claimed_from_a_mailbox_that_another_daemon_works_on(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    await answered(service, desk)
    (mailbox,) = await service.list_mailboxes()
    assert await service.lease_mailbox(mailbox.id, "another")
    assert await send_due(service, outbox, now) == 0
    await service.release_mailbox(mailbox.id, "another")
    assert await send_due(service, outbox, now) == 1


async def test_a_long_mail_is_cut_when_its_claim_cannot_be_renewed(
    service: Desk, desk: Desk, outbox: Outbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await answered(service, desk)
    monkeypatch.setattr("sync.outbound._RENEWED_EVERY", 0.01)
    holds = iter([True])

    async def hold(*arguments: object) -> bool:
        if next(holds, False):
            return True
        raise Unreachable("The database is away.")

    ages = itertools.count(step=30.0)
    monkeypatch.setattr(service, "hold_outgoing", hold)
    post.lasts = asyncio.Event()
    await send_due(service, replace(outbox, clock=lambda: next(ages)), now)
    assert post.cuts == 1 and post.sent == {}


async def test_after_five_days_it_is_given_up(service: Desk, desk: Desk, outbox: Outbox, post: Post) -> None:
    number = await answered(service, desk)
    post.errors.append(StorageFailed("The disk is full."))
    await send_due(service, outbox, lambda: now() + timedelta(days=5, minutes=1))
    assert (await dispatch(desk, number)).state is Delivery.FAILED


async def test_a_refused_answer_is_given_up_and_the_next_one_leaves(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    number = await answered(service, desk)
    post.errors.append(Forbidden("The provider refuses this.", hint="Ask them."))
    other = await service.receive_mail(mail("other", subject="Chair"))
    assert other.number
    await desk.reply(other.number, "Yes.", grace_seconds=0)
    assert await send_due(service, outbox, now) == 1
    failed = await dispatch(desk, number)
    assert (failed.state, failed.error) == (Delivery.FAILED, "The provider refuses this. Ask them.")


async def test_a_placeholder_that_was_not_filled_in_blocks_the_answer(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    """The database refuses one in the text; this one stands in the signature."""
    await service.connect_mailbox("support", "maildir", "support@example.com", signature="Your {{name}}")
    number = await answered(service, desk)
    await send_due(service, outbox, now)
    failed = await dispatch(desk, number)
    assert (failed.state, post.sent) == (Delivery.FAILED, {})
    assert "{{name}}" in (failed.error or "")


async def test_a_missing_attachment_is_given_up(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    file = {"filename": "a.pdf", "content_type": "application/pdf", "size": 3, "sha256": "a" * 64}
    number = await answered(service, desk, attachments=[file])
    await send_due(service, outbox, now)
    failed = await dispatch(desk, number)
    assert (failed.state, post.sent) == (Delivery.FAILED, {})
    assert "missing" in (failed.error or "")


async def test_a_stored_attachment_goes_with_the_answer(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    sha256 = outbox.files.put("attachments", b"%PDF")
    file = {"filename": "a.pdf", "content_type": "application/pdf", "size": 4, "sha256": sha256}
    await answered(service, desk, attachments=[file])
    assert await send_due(service, outbox, now) == 1
    (sent,) = map(message_from_bytes, post.sent.values())
    (part,) = [part for part in sent.walk() if part.get_filename() == "a.pdf"]
    assert part.get_payload(decode=True) == b"%PDF"


async def test_it_stops_between_two_answers_when_asked_to(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    await answered(service, desk)
    stop: Callable[[], bool] = lambda: False  # noqa: E731
    assert await send_due(service, outbox, now, stop) == 0
    assert post.attempts == 0
