"""sync.wake and sync.subscription: what is told wakes, and is acknowledged once it is stored.

Against Google's emulator where it is installed; the order of things also without.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from core.desk import Desk
from core.errors import NotFound, Unreachable
from core.models import Mailbox
from sync.auth import Grant
from sync.consent import PUBSUB
from sync.google import Access, Google
from sync.quota import Quota
from sync.subscription import Subscription, Told
from sync.wake import Listener
from tests.gmail import MODIFY, GmailServer
from tests.peers.pubsub import ACK_SECONDS, SUBSCRIPTION, TOPIC, pubsub, put

ADDRESS = "sales@example.com"


class Said:
    """A subscription that gives out what a test puts there."""

    def __init__(self) -> None:
        self.told: list[list[Told] | Exception] = []
        self.acknowledged: list[str] = []

    async def pull(self) -> list[Told]:
        found = self.told.pop(0) if self.told else []
        if isinstance(found, Exception):
            raise found
        return found

    async def acknowledge(self, tickets: Sequence[str]) -> None:
        self.acknowledged += tickets


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
async def sales(service: Desk) -> Mailbox:
    mailbox = await service.connect_mailbox("sales", "gmail", ADDRESS)
    await service.save_cursor(mailbox.id, "100 1790000000")
    return mailbox


@pytest.fixture
def rung() -> list[str]:
    return []


def listener(service: Desk, subscription: Any, rung: list[str], is_ours: bool = True) -> Listener:
    def ring(address: str) -> bool:
        rung.append(address)
        return is_ours

    return Listener(service, subscription, ring)


async def test_it_is_acknowledged_once_its_history_is_stored(
    service: Desk, sales: Mailbox, said: Said, rung: list[str]
) -> None:
    ear = listener(service, said, rung)
    said.told = [[Told("1", "ticket", ADDRESS, 150)]]
    await ear.listen()
    assert rung == [ADDRESS]
    await ear.acknowledge()
    assert said.acknowledged == []
    await service.save_cursor(sales.id, "149 1790000000")
    await ear.acknowledge()
    assert said.acknowledged == []
    await service.save_cursor(sales.id, "150 1790000000")
    await ear.acknowledge()
    assert said.acknowledged == ["ticket"]
    await ear.acknowledge()
    assert said.acknowledged == ["ticket"]


async def test_one_that_comes_again_is_acknowledged_by_its_newest_ticket(
    service: Desk, sales: Mailbox, said: Said, rung: list[str]
) -> None:
    ear = listener(service, said, rung)
    said.told = [[Told("1", "old", ADDRESS, 150)], [Told("1", "new", ADDRESS, 150)]]
    await ear.listen()
    await ear.listen()
    await service.save_cursor(sales.id, "200 1790000000")
    await ear.acknowledge()
    assert said.acknowledged == ["new"]


async def test_what_is_about_no_mailbox_of_ours_is_acknowledged(
    service: Desk, sales: Mailbox, said: Said, rung: list[str]
) -> None:
    ear = listener(service, said, rung, is_ours=False)
    said.told = [
        [Told("1", "stranger", "else@example.com", 5), Told("2", "noise"), Told("3", "ours", ADDRESS, 500)]
    ]
    await ear.listen()
    await ear.acknowledge()
    assert said.acknowledged == ["stranger", "noise"]
    await service.disconnect_mailbox(sales.id)
    await ear.acknowledge()
    assert said.acknowledged == ["stranger", "noise", "ours"]


async def test_the_mailbox_of_another_daemon_is_woken_by_the_database(
    service: Desk, sales: Mailbox, said: Said, rung: list[str]
) -> None:
    ear = listener(service, said, rung, is_ours=False)
    said.told = [[Told("1", "ticket", ADDRESS, 150)]]
    await ear.listen()
    woken = next(one for one in await service.list_mailboxes() if one.id == sales.id)
    assert woken.woken_at is not None
    assert not await service.wake_mailbox("nobody@example.com")


async def test_an_error_that_somebody_must_mend_is_told_and_not_repeated_at_once(
    service: Desk, said: Said, rung: list[str]
) -> None:
    ear = listener(service, said, rung)
    said.told = [NotFound("Google knows no subscription.", hint="Make it.")]
    round = await ear.listen()
    assert (round.problem, round.pause) == ("Google knows no subscription. Make it.", 60.0)
    assert not ear.hears
    said.told = [Unreachable("Google does not answer.")]
    with pytest.raises(Unreachable):
        await ear.listen()
    await ear.listen()
    assert ear.hears


async def test_nothing_more_is_pulled_while_too_much_waits(
    service: Desk, sales: Mailbox, said: Said, rung: list[str]
) -> None:
    ear = listener(service, said, rung)
    said.told = [[Told(str(n), str(n), ADDRESS, 500 + n) for n in range(1000)], [Told("x", "x", ADDRESS, 1)]]
    await ear.listen()
    assert (await ear.listen()).pause > 1
    assert len(said.told) == 1


# Against Google's emulator


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    with pubsub() as root:
        yield root


@pytest.fixture
def google() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as server:
        yield server


@pytest.fixture
async def subscription(root: str, google: GmailServer) -> AsyncIterator[Subscription]:
    inner = google.client_config["installed"]
    grant = Grant(
        address=ADDRESS,
        client_id=inner["client_id"],
        client_secret=SecretStr(inner["client_secret"]),
        refresh_token=SecretStr(google.grant(ADDRESS, MODIFY, PUBSUB).refresh_token),
        token_uri=inner["token_uri"],
        scopes=(MODIFY, PUBSUB),
        granted_at=datetime.now(UTC),
    )
    access = Access(grant)
    pulling, answering = (Google(access, Quota(), "pubsub", root) for _ in range(2))
    subscription = Subscription(pulling, answering, SUBSCRIPTION)
    yield subscription
    await subscription.close()


def publish(root: str, *contents: object) -> None:
    messages = [{"data": base64.b64encode(json.dumps(one).encode()).decode()} for one in contents]
    put(f"{root}/v1/{TOPIC}:publish", {"messages": messages}, "POST")


async def heard(subscription: Subscription, count: int) -> list[Told]:
    """So many messages; they may come in several answers."""
    found: dict[str, Told] = {}
    async with asyncio.timeout(6 * ACK_SECONDS):
        while len(found) < count:
            found |= {one.id: one for one in await subscription.pull()}
    return list(found.values())


async def test_only_what_is_not_stored_comes_again(
    service: Desk, sales: Mailbox, root: str, subscription: Subscription, rung: list[str]
) -> None:
    ear = listener(service, subscription, rung)
    told = [{"emailAddress": ADDRESS, "historyId": id} for id in (150, "250")]
    publish(root, *told, {"emailAddress": "else@example.com", "historyId": 7}, "no notification")
    async with asyncio.timeout(6 * ACK_SECONDS):
        while len(ear._open) < 4:
            await ear.listen()
    assert ADDRESS in rung
    await service.save_cursor(sales.id, "200 1790000000")
    await ear.acknowledge()
    assert [one.history_id for one in ear._open.values()] == [250]

    (again,) = await heard(subscription, 1)  # nothing else, after ten seconds
    assert (again.address, again.history_id) == (ADDRESS, 250)
    await service.save_cursor(sales.id, "250 1790000000")
    ear._open[again.id] = again
    await ear.acknowledge()
    assert ear._open == {}


async def test_a_subscription_that_does_not_exist_is_named(subscription: Subscription) -> None:
    subscription.name = "projects/desk/subscriptions/other"
    with pytest.raises(NotFound, match="projects/desk/subscriptions/other") as caught:
        await subscription.pull()
    assert caught.value.hint and "google.subscription" in caught.value.hint


async def test_a_pull_ends_when_it_is_broken_off(subscription: Subscription) -> None:
    pulling = asyncio.create_task(subscription.pull())
    await asyncio.sleep(0.5)
    assert not pulling.done()
    subscription.break_off()
    async with asyncio.timeout(30):
        with pytest.raises(Unreachable):
            await pulling
