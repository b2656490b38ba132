"""core.gathered: reads that come together go together, and none is the worse for the others."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.desk import Desk
from core.errors import Forbidden, NotFound, SignedOut, Unreachable
from core.gateway import Gateway
from core.gathered import GatheredGateway
from core.tokens import TokenGateway, sha256_of
from tests.mails import mail

WORK = 40


class Noted:
    """What goes to the database, on its way there."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.asked: list[tuple[str, int]] = []

    async def read(self, function: str, **arguments: Any) -> object:
        self.asked.append((function, len(arguments.get("calls", [None]))))
        return await self.gateway.read(function, **arguments)

    async def write(self, function: str, **arguments: Any) -> object:
        return await self.gateway.write(function, **arguments)

    def nudges(self) -> AsyncIterator[None]:
        return self.gateway.nudges()

    async def close(self) -> None:
        await self.gateway.close()


class Counting(GatheredGateway):
    def __init__(self, gateway: Gateway) -> None:
        self.noted = Noted(gateway)
        self.asked = self.noted.asked
        super().__init__(self.noted)


@pytest.fixture
async def gateway(service: Desk, desk: Desk) -> Counting:
    for number in range(WORK):
        await service.receive_mail(mail(f"ticket{number}"))
    await desk.create_token(sha256_of("good"), ["tickets:read"])
    await desk.create_token(sha256_of("narrow"), ["agents:read"])
    return Counting(service._gateway)


def opened(gateway: Gateway, secret: str) -> Desk:
    return Desk(TokenGateway(gateway, sha256_of(secret)))


async def test_reads_of_one_moment_are_one_call(gateway: Counting) -> None:
    desk = opened(gateway, "good")
    shown = await asyncio.gather(*(desk.show_ticket(1001 + number) for number in range(20)))
    assert [one.ticket.number for one in shown] == [1001 + number for number in range(20)]
    assert gateway.asked == [("use_tokens", 20)]


async def test_one_alone_is_sent_at_once(gateway: Counting) -> None:
    assert (await opened(gateway, "good").show_ticket(1001)).ticket.number == 1001
    assert gateway.asked == [("use_tokens", 1)]


async def test_who_asks_the_very_same_shares_the_answer_of_one_moment(gateway: Counting) -> None:
    desk = opened(gateway, "good")
    await asyncio.gather(*(desk.show_ticket(1001) for _ in range(20)))
    assert gateway.asked == [("use_tokens", 1)]
    await desk.show_ticket(1001)
    assert gateway.asked == [("use_tokens", 1)] * 2, "nothing is kept"


async def test_those_that_come_meanwhile_wait_for_the_next_call(gateway: Counting) -> None:
    desk = opened(gateway, "good")

    async def one_after_the_other() -> None:
        for number in range(WORK):
            assert (await desk.show_ticket(1001 + number)).ticket.number == 1001 + number

    await asyncio.gather(*(one_after_the_other() for _ in range(8)))
    assert len(gateway.asked) < 8 * WORK / 2
    assert all(count <= 32 for _, count in gateway.asked)


async def test_a_refusal_is_no_matter_of_the_others(gateway: Counting) -> None:
    answers = await asyncio.gather(
        opened(gateway, "good").show_ticket(1001),
        opened(gateway, "unknown").show_ticket(1001),
        opened(gateway, "narrow").show_ticket(1001),
        opened(gateway, "good").show_ticket(9999),
        opened(gateway, "good").show_ticket(1002),
        return_exceptions=True,
    )
    assert gateway.asked == [("use_tokens", 5)]
    assert [type(answer) for answer in answers[1:4]] == [SignedOut, Forbidden, NotFound]
    assert (
        isinstance(answers[2], Forbidden) and answers[2].hint == "It takes one with the scope tickets:read."
    )
    assert [answer.ticket.number for answer in answers if not isinstance(answer, BaseException)] == [
        1001,
        1002,
    ]


async def test_a_token_that_is_revoked_opens_nothing_from_its_next_call_on(
    gateway: Counting, desk: Desk
) -> None:
    program = opened(gateway, "good")
    assert await program.show_ticket(1001)
    (token,) = (one for one in await desk.list_tokens() if one.scopes == ["tickets:read"])
    await desk.revoke_token(token.id)
    with pytest.raises(SignedOut):
        await program.show_ticket(1001)


async def test_what_may_take_long_is_sent_by_itself(gateway: Counting) -> None:
    assert len((await opened(gateway, "good").list_tickets()).tickets) == WORK
    assert gateway.asked == [("use_token", 1)]


async def test_whoever_gives_up_is_no_matter_of_the_others(gateway: Counting) -> None:
    desk = opened(gateway, "good")
    asking = [asyncio.create_task(desk.show_ticket(1001 + number)) for number in range(3)]
    await asyncio.sleep(0)
    asking[1].cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert not isinstance(answers[0], BaseException) and not isinstance(answers[2], BaseException)


async def test_all_are_told_when_the_database_is_away(gateway: Counting) -> None:
    await gateway.close()
    desk = opened(gateway, "good")
    answers = await asyncio.gather(*(desk.show_ticket(1001 + n) for n in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unreachable] * 3
