"""The way into the portal in mails that leave: who is shown what, and how often it works."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import psycopg
import pytest

from core.desk import Desk
from core.errors import Conflict, Invalid, Unreachable
from core.files import LocalFiles
from core.models import Mailto
from core.portal_link import Entrance, sha256_of
from sync.outbound import Outbox, send_due
from tests.sync.test_compose import outgoing, parts, read_back, written
from tests.sync.test_outbound import Post, answered, now

PORTAL = "https://help.example.com/portal"
ENTRANCE = Entrance(PORTAL, 60.0)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def outbox(post: Post, tmp_path: Path) -> Outbox:
    return Outbox(post, LocalFiles(tmp_path / "files"), worker="host:home")


def test_the_way_into_the_portal_is_shown_below_the_signature() -> None:
    plain, page = parts(written(outgoing(signature="Ada, Lumen", content="Hello."), portal=PORTAL))
    assert plain == f"Hello.\n\n-- \nAda, Lumen\n\nSee your requests and answer here: {PORTAL}\n"
    assert f'<a href="{PORTAL}">See your requests and answer here</a>' in page
    bare, _ = parts(written(outgoing(signature="", content="Hello."), portal=PORTAL))
    assert bare == f"Hello.\n\n-- \nSee your requests and answer here: {PORTAL}\n"
    assert PORTAL not in "".join(parts(written(outgoing())))


def test_a_letter_holds_its_link_in_the_text_and_names_no_ticket() -> None:
    letter = outgoing(number=None, automatic=True, subject="Your requests", reply_token="", in_reply_to=None,
                      references=[], content="Here:\n\n{{portal_link}}\n", signature="")  # fmt: skip
    raw = written(letter, token_address=True, portal=PORTAL)
    mail = read_back(raw)
    assert (mail["Subject"], mail["Reply-To"]) == ("Your requests", None)
    assert (mail["X-Ttydesk"], mail["Auto-Submitted"]) == ("letter", "auto-generated")
    plain, page = parts(raw)
    assert plain == f"Here:\n\n{PORTAL}\n"
    assert f'<a href="{PORTAL}">{PORTAL}</a>' in page
    with pytest.raises(Invalid, match="portal_link"):
        written(letter)


def test_in_an_answer_nothing_is_filled_in() -> None:
    with pytest.raises(Invalid, match="portal_link"):
        written(outgoing(content="Here: {{portal_link}}"), portal=PORTAL)


def link_in(raw: bytes) -> str:
    """The token of the link that the mail brings."""
    plain = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert plain
    (found,) = re.findall(r"https://help\.example\.com/portal/in/(\S+)", plain.get_content())
    return str(found)


async def test_an_answer_brings_a_link_of_which_the_desk_knows_the_hash(
    service: Desk, desk: Desk, outbox: Outbox, post: Post, database: str
) -> None:
    number = await answered(service, desk)
    assert await send_due(service, replace(outbox, entrance=ENTRANCE), now) == 1
    token = link_in(*post.sent.values())
    assert (await service.open_portal(sha256_of(token), "a" * 64, 60)).email == "kim@example.com"
    (link,) = await desk.list_portal_links()
    assert (link.number, link.made_by) == (number, None)
    assert (link.expires_at - link.created_at).total_seconds() == 60
    with psycopg.connect(database) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'desk'").fetchall()
        for (table,) in tables:
            rows = connection.execute(f"select t::text from desk.{table} t".encode()).fetchall()
            assert token not in str(rows), table


async def test_a_second_attempt_brings_a_link_that_works_too(
    service: Desk, desk: Desk, outbox: Outbox, post: Post, database: str
) -> None:
    await answered(service, desk)
    post.errors = [Unreachable("No line.")]
    await send_due(service, replace(outbox, entrance=ENTRANCE), now)
    assert post.sent == {}
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update desk.outbox set not_before = now()")
    assert await send_due(service, replace(outbox, entrance=ENTRANCE), now) == 1
    assert await service.open_portal(sha256_of(link_in(*post.sent.values())), "a" * 64, 60)
    assert len(await desk.list_portal_links()) == 2


async def test_an_answer_leaves_also_when_no_link_can_be_made(
    service: Desk, desk: Desk, outbox: Outbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise Conflict("Two at once.")

    await answered(service, desk)
    await service.request_portal_link("kim@example.com")
    monkeypatch.setattr(service, "create_portal_link", refuse)
    assert await send_due(service, replace(outbox, entrance=ENTRANCE), now) == 1
    assert b"answer here: https://help.example.com/portal\r\n" in next(iter(post.sent.values()))


async def test_who_gets_it_together_with_others_is_shown_the_door_alone(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    await answered(service, desk, cc=[Mailto(name="", email="lee@example.com")])
    await send_due(service, replace(outbox, entrance=ENTRANCE), now)
    (raw,) = post.sent.values()
    assert b"See your requests and answer here: https://help.example.com/portal\r\n" in raw
    assert await desk.list_portal_links() == []


async def test_links_can_be_left_out_of_answers_but_not_of_letters(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    quiet = replace(outbox, entrance=replace(ENTRANCE, in_answers=False))
    await answered(service, desk)
    await service.request_portal_link("kim@example.com")
    assert await send_due(service, quiet, now) == 2
    answer, letter = sorted(post.sent.values(), key=lambda raw: b"X-Ttydesk: letter" in raw)
    assert b"/portal" not in answer
    assert link_in(letter)
    (link,) = await desk.list_portal_links()
    assert (link.expires_at - link.created_at).total_seconds() == 86400


async def test_without_a_portal_a_letter_is_given_up_and_no_answer_shows_one(
    service: Desk, desk: Desk, outbox: Outbox, post: Post
) -> None:
    await answered(service, desk)
    await service.request_portal_link("kim@example.com")
    assert await send_due(service, outbox, now) == 1
    assert not any(b"/portal" in raw for raw in post.sent.values())
    assert await service.due_in() is None
