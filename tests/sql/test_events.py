"""The cursor over events never skips one, in whatever order transactions commit."""

import asyncio
import random

import psycopg
import pytest

from core.desk import Desk
from core.errors import NotFound
from tests.mails import mail


async def test_an_event_that_commits_late_is_not_skipped(service: Desk, desk: Desk, database: str) -> None:
    await service.receive_mail(mail("a"))
    await service.receive_mail(mail("b"))
    cursor = (await desk.events_since()).cursor
    async with await psycopg.AsyncConnection.connect(database) as slow:
        await slow.execute(
            "select desk.record_event((select id from desk.tickets where number = 1001), 'slow')"
        )
        await desk.note(1002, "Committed first, with the greater id.")
        page = await desk.events_since(cursor)
        assert [event.kind for event in page.events] == ["noted"]
        page = await desk.events_since(page.cursor)
        assert page.events == []
        await slow.commit()
    page = await desk.events_since(page.cursor)
    assert [event.kind for event in page.events] == ["slow"]
    assert (await desk.events_since(page.cursor)).events == []


async def test_followers_see_every_event_once_while_many_write(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    start = (await desk.events_since()).cursor
    dice = random.Random(1)
    seen: list[int] = []

    async def write() -> None:
        for _ in range(10):
            await asyncio.sleep(dice.random() / 500)
            await desk.note(1001, "x")

    async def follow() -> None:
        cursor = start
        while len(seen) < 60:
            page = await desk.events_since(cursor, limit=3)  # a small page, so that pages are cut as well
            cursor = page.cursor
            seen.extend(event.id for event in page.events)

    await asyncio.wait_for(asyncio.gather(follow(), *(write() for _ in range(6))), 120)
    everything = [event.id for event in await desk.list_events(1001) if event.kind == "noted"]
    assert sorted(seen) == everything
    assert len(set(seen)) == len(seen)


async def test_a_follower_is_nudged(service: Desk, desk: Desk) -> None:
    following = desk.follow()
    first = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)  # it asks for the cursor of now before anything happens
    while not first.done():
        await service.receive_mail(mail(str(random.random())))
        await asyncio.wait([first], timeout=0.2)
    assert first.result()[0].kind == "created"
    await following.aclose()


async def test_events_tell_who_what_and_why(service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.update_tickets([1001], {"assignee": "grace@example.com"}, reason="She knows lamps.")
    event = (await desk.list_events(1001))[-1]
    assert (event.kind, event.actor_email, event.reason) == ("updated", "ada@example.com", "She knows lamps.")
    assert (event.before, event.after) == ({"assignee": None}, {"assignee": "grace@example.com"})


async def test_the_events_of_a_ticket_that_does_not_exist(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no ticket #99"):
        await desk.list_events(99)


async def test_the_event_of_a_mail_names_the_message_that_came(service: Desk, desk: Desk) -> None:
    first = await service.receive_mail(mail("a"))
    (second,) = await service.receive_mails([mail("b", in_reply_to=["<a@example.com>"])])
    told = {event.kind: event.after.get("message") for event in await desk.list_events(1001)}
    assert told == {"created": str(first.message), "received": str(second.message)}
