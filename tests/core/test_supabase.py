"""The gateway to a hosted desk, on Supabase's own server: lost answers, tokens, secrets."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import cycle, repeat

import pytest
from tenacity import RetryCallState

from core.desk import Desk
from core.errors import DeskError, Forbidden, Invalid, NotFound, SignedOut, Unreachable
from core.models import Agent, Role
from core.supabase import SupabaseGateway, Token, backing_off
from tests.conftest import desk_as
from tests.core.wire import Wire, answer, wire_to
from tests.mails import mail
from tests.peers.hosted import PUBLISHABLE, SECRET, Project, sign

SUBJECT = "Größe 漢字 \"quoted\" {a,b} 'x' \\n"


def at_once(state: RetryCallState) -> float:
    return 0


@asynccontextmanager
async def opened(
    url: str,
    key: str = SECRET,
    token: Token | None = None,
    pause: Callable[[RetryCallState], float] = at_once,
    poll_seconds: float = 0.02,
) -> AsyncIterator[Desk]:
    gateway = SupabaseGateway(url, key, token, pause=pause, poll_seconds=poll_seconds)
    try:
        await gateway.open()
        await gateway.require_fit()
        yield Desk(gateway)
    finally:
        await gateway.close()


def giving(*tokens: str) -> Token:
    """These one after the other, each once the one before was refused."""
    left = list(tokens)

    async def token(refused: str | None = None) -> str:
        if refused == left[0]:
            left.pop(0)
        if not left:
            raise SignedOut
        return left[0]

    return token


@pytest.fixture
async def ada(hosted: Project) -> Agent:
    async with desk_as(hosted.database, "service_role") as service:
        await service.connect_mailbox("support", "maildir", "support@example.com", "Support")
        return await service.add_agent("ada@example.com", "Ada", Role.ADMIN)


@pytest.fixture
async def wire(hosted: Project) -> AsyncIterator[Wire]:
    async with wire_to(hosted.url) as wire:
        yield wire


@pytest.fixture
async def desk(wire: Wire, ada: Agent) -> AsyncIterator[Desk]:
    """The desk as Ada has it, over a line that can be cut."""
    async with opened(wire.url, PUBLISHABLE, giving(sign(str(ada.id)))) as desk:
        wire.asked.clear()
        yield desk


async def test_an_answer_that_is_lost_makes_nothing_happen_twice(desk: Desk, wire: Wire) -> None:
    (ticket,) = (await desk.create_ticket("kim@example.com", SUBJECT, "Hello")).tickets
    wire.lose = cycle([True, True, False])
    for text in ("one", "two"):
        await desk.note(ticket.number, text)
    wire.lose = repeat(False)
    assert len([call for call in wire.asked if "/note " in call]) == 6
    shown = await desk.show_ticket(ticket.number)
    assert [note.content for note in shown.notes] == ["one", "two"]
    assert shown.ticket.subject == SUBJECT


@pytest.mark.parametrize("status", [429, 502, 503, 504, 522])
async def test_a_server_that_is_away_for_a_moment_is_asked_again(desk: Desk, wire: Wire, status: int) -> None:
    wire.instead.extend([answer(status, "<html>"), b"", answer(status)])
    assert (await desk.whoami()).name == "Ada"
    assert len(wire.asked) == 4


async def test_it_gives_up_with_one_sentence(desk: Desk, wire: Wire) -> None:
    wire.instead.extend([answer(503)] * 9)
    with pytest.raises(Unreachable, match=r"its server is not there \(status 503\)"):
        await desk.whoami()
    assert len(wire.asked) == 5
    wire.instead.clear()
    wire.instead.extend([b""] * 5)
    with pytest.raises(Unreachable, match="The database cannot be reached: Server disconnected"):
        await desk.whoami()


async def test_what_was_refused_for_good_is_asked_once(desk: Desk, wire: Wire) -> None:
    with pytest.raises(NotFound, match="no ticket #99"):
        await desk.show_ticket(99)
    with pytest.raises(Forbidden):
        await desk.claim_outgoing("me")
    assert len(wire.asked) == 2


async def test_it_comes_back_when_it_was_told_to_and_later_each_time(ada: Agent, wire: Wire) -> None:
    pauses: list[float] = []

    def noted(state: RetryCallState) -> float:
        pauses.append(backing_off(state))
        return 0

    async with opened(wire.url, PUBLISHABLE, giving(sign(str(ada.id))), noted) as desk:
        wire.instead.extend([answer(429, Retry_After="2"), answer(503), answer(503)])
        await desk.whoami()
        assert 2 <= pauses[0] <= 2.2
        assert all(0 <= pause <= 3 for pause in pauses[1:])
        wire.asked.clear()
        wire.instead.append(answer(429, Retry_After="3600"))
        with pytest.raises(Unreachable) as raised:
            await desk.whoami()
        assert raised.value.hint == "Try again in 3600 seconds."
        assert len(wire.asked) == 1


async def test_no_server_at_all(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable, match=r"^The database cannot be reached: [^()]+\.$"):
        async with opened(f"http://127.0.0.1:{unused_tcp_port}"):
            pass


async def test_a_page_that_another_server_gave_is_no_answer(desk: Desk, wire: Wire) -> None:
    wire.instead.append(answer(200, "<html>Sign in to the hotel's network</html>"))
    with pytest.raises(Unreachable, match="something on the way answered in its place"):
        await desk.whoami()


async def test_a_token_that_ran_out_is_renewed(hosted: Project, ada: Agent) -> None:
    old, new = sign(str(ada.id), seconds=-1), sign(str(ada.id))
    async with opened(hosted.url, PUBLISHABLE, giving(old, new)) as desk:
        assert (await desk.whoami()).id == ada.id


@pytest.mark.parametrize("wrong", ["expired", "forged", "unsigned", "no token"])
async def test_a_token_that_does_not_hold_lets_nobody_in(hosted: Project, ada: Agent, wrong: str) -> None:
    good = sign(str(ada.id))
    token = {
        "expired": sign(str(ada.id), seconds=-1),
        "forged": sign(str(ada.id), secret="another-secret-of-more-than-32-bytes"),
        "unsigned": "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + good.split(".")[1] + ".x",
        "no token": "x.y.z",
    }[wrong]
    with pytest.raises(SignedOut) as raised:
        async with opened(hosted.url, PUBLISHABLE, giving(token, token + "x")):
            pass
    assert raised.value.hint == "Sign in with: ttydesk login"


async def test_a_key_that_is_not_accepted_asks_nobody_to_sign_in(hosted: Project) -> None:
    for key in ("sb_secret_other", sign("x", seconds=-1)):
        with pytest.raises(Forbidden, match="does not accept the key"):
            async with opened(hosted.url, key):
                pass


async def test_without_a_token_the_key_that_everybody_has_is_good_for_nothing(hosted: Project) -> None:
    async with opened(hosted.url, PUBLISHABLE) as desk:
        for call in (desk.whoami(), desk.list_tickets(), desk.receive_mail(mail("a"))):
            with pytest.raises(Forbidden):
                await call


async def test_secrets_are_in_no_log_and_in_no_error(
    hosted: Project, ada: Agent, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = sign(str(ada.id))
    letter = mail("a", content="a private" + " letter")
    told = []
    async with opened(wire.url, SECRET) as service, opened(wire.url, PUBLISHABLE, giving(token)) as desk:
        wire.instead.append(b"")
        await service.receive_mail(letter)
        for answers in ([answer(500, token)], [b""] * 5, []):
            wire.instead.extend(answers)
            with pytest.raises(DeskError) as raised:
                await desk.receive_mail(letter)
            told.append("".join(traceback.format_exception(raised.value)) + repr(raised.value.hint))
    for text in (caplog.text, *told):
        for secret in (token, token.split(".")[2], SECRET, PUBLISHABLE, "private letter"):
            assert secret not in text


async def test_text_stands_in_no_address(desk: Desk, wire: Wire) -> None:
    """Addresses are kept in logs, and PostgREST would read `eq.1` and `limit` in them as its own."""
    for call in (desk.why("is.null"), desk.show_raw_mail(3)):
        with pytest.raises((NotFound, Forbidden)):
            await call
    await desk.list_agents()
    assert [call.removesuffix(" HTTP/1.1") for call in wire.asked] == [
        "POST /rest/v1/rpc/why",
        "GET /rest/v1/rpc/show_raw_mail?id=3",
        "GET /rest/v1/rpc/list_agents",
    ]


async def test_large_numbers_keep_every_digit(desk: Desk, wire: Wire) -> None:
    """The test's server is JavaScript and would round them; so its place is taken here."""
    wire.instead.append(answer(200, '{"id": 9223372036854775807}', kind="application/json"))
    assert await desk._gateway.read("show_raw_mail", id=2**63 - 1) == {"id": 2**63 - 1}
    assert wire.asked == ["GET /rest/v1/rpc/show_raw_mail?id=9223372036854775807 HTTP/1.1"]
    wire.instead.append(answer(200, "[18446744073709551615]", kind="application/json; charset=utf-8"))
    assert await desk._gateway.write("mark_labelled", changes=[2**63 - 1]) == [2**64 - 1]
    assert b'{"changes":[9223372036854775807]}' in wire.bodies


async def test_a_call_that_is_given_up_harms_no_other(desk: Desk) -> None:
    calls = [asyncio.create_task(desk.list_tickets()) for _ in range(8)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in done[::2])
    assert not any(isinstance(one, BaseException) for one in done[1::2])
    assert (await desk.whoami()).name == "Ada"


async def test_an_operation_that_the_database_does_not_have(desk: Desk) -> None:
    with pytest.raises(NotFound) as raised:
        await desk._gateway.read("fly", high=True)
    assert str(raised.value) == "The database has no operation fly."
    assert raised.value.hint == "Bring it up to date: ttydesk db migrate."


async def test_what_others_do_is_asked_for_every_two_seconds(
    desk: Desk, wire: Wire, ada: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is seen within three. `bench/live.py` measures it."""
    pauses, seen = list[float](), asyncio.Event()

    async def waited(event: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            seen.set()
        await asyncio.sleep(0)

    monkeypatch.setattr("core.supabase._wait", waited)
    gateway = SupabaseGateway(wire.url, PUBLISHABLE, giving(sign(str(ada.id))))
    following = Desk(gateway)
    follow = following.follow((await following.events_since()).cursor)
    first = asyncio.create_task(anext(follow))
    await seen.wait()
    await desk.create_ticket("kim@example.com", "s", "c")
    assert [event.kind for event in await first] == ["created"]
    assert all(1.8 <= pause <= 2.2 for pause in pauses) and len(set(pauses)) > 1
    await follow.aclose()
    await gateway.close()


async def test_what_we_do_ourselves_is_seen_at_once(hosted: Project, ada: Agent) -> None:
    async with opened(hosted.url, PUBLISHABLE, giving(sign(str(ada.id))), poll_seconds=3600) as following:
        follow = following.follow((await following.events_since()).cursor)
        own = asyncio.create_task(anext(follow))
        await following.create_ticket("kim@example.com", "s", "c")
        async with asyncio.timeout(60):
            assert [event.kind for event in await own] == ["created"]
        await follow.aclose()


async def test_whoever_follows_goes_on_when_the_network_is_back(desk: Desk, wire: Wire) -> None:
    nudges = desk._gateway.nudges()
    page = await desk.events_since()
    wire.instead.extend([b""] * 5)
    with pytest.raises(Unreachable):
        await desk.events_since(page.cursor)
    await desk.create_ticket("kim@example.com", "s", "c")
    for _ in range(3):
        await anext(nudges)
    assert [event.kind for event in (await desk.events_since(page.cursor)).events] == ["created"]
    await nudges.aclose()  # type: ignore[attr-defined]


async def test_a_nul_is_refused_as_it_is_by_postgres(hosted: Project) -> None:
    async with opened(hosted.url) as service:
        with pytest.raises(Invalid):
            await service.receive_mail(mail("a", content="a\0b"))
