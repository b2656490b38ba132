"""Agents' own sign-ins that come with requests; tests/web/api/test_caller.py shows them at Supabase."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.account import AccountGateway, subject_of, token_of_the_request
from core.errors import SignedOut


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "a.e30.c", "a.eyJzdWIi.c", "a.\xff.c", "a.MQ.c"])
def test_what_names_no_account(token: str) -> None:
    assert subject_of(token) is None


def test_what_names_one() -> None:
    assert subject_of("e30.eyJzdWIiOiJrIn0.unsigned") == "k"


class Asked:
    """A gateway that tells by whose token it was asked."""

    async def read(self, function: str, **arguments: Any) -> object:
        await asyncio.sleep(0)  # the others ask meanwhile
        return await token_of_the_request()

    write = read

    def nudges(self) -> AsyncIterator[None]:
        raise NotImplementedError

    async def close(self) -> None:
        raise AssertionError("It is others' too.")


async def test_of_many_at_once_each_is_who_they_are() -> None:
    hosted = Asked()
    desks = [AccountGateway(hosted, f"token {n}") for n in range(20)]
    assert await asyncio.gather(*(desk.read("whoami") for desk in desks)) == [f"token {n}" for n in range(20)]
    assert await asyncio.gather(*(desk.write("note") for desk in desks)) == [f"token {n}" for n in range(20)]
    for desk in desks:
        await desk.close()
        assert desk.token not in repr(desk)


async def test_a_token_that_was_refused_is_not_shown_again() -> None:
    await AccountGateway(Asked(), "token").read("whoami")
    with pytest.raises(SignedOut, match="This sign-in has ended"):
        await token_of_the_request(refused="token")
