"""The demo: its samples are sound, its mails look as people send them, its desk fills as any desk does."""

import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from core.config import Mailbox, Settings
from core.connect import open_desk
from core.desk import Desk
from core.errors import Conflict
from core.files import LocalFiles
from core.models import Delivery, Direction, Outcome, Priority, Status
from sync import demo, letter, sample
from sync.customers import Customers, deliver
from sync.letter import Letter
from sync.parse import parse_mail
from sync.sample import Person, Step, Thread
from tests.conftest import desk_as

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ANSWER = b"""\
From: "Ada Lindqvist (Pedalglow Support)" <support@pedalglow.example>\r
To: Mira Okafor <mira.okafor@postbox.example>\r
Subject: Re: Lamp [#1042]\r
Date: Wed, 04 Mar 2026 11:59:00 +0000\r
Message-ID: <t-0.1@pedalglow.example>\r
\r
Hold the button.\r
"""


def written(step: Step, sender: Person | None = None, parent: bytes | None = None) -> bytes:
    sender = sender or sample.people()[step.mail]
    return letter.write(Letter(sender, [sample.SUPPORT], [], "Lamp", NOW, step, parent))


def test_samples_name_only_people_and_files_that_exist() -> None:
    people = sample.people()
    agents = {key for key, person in people.items() if person.agent}
    for thread in [*sample.threads(), *sample.arrivals()]:
        assert {thread.assignee, thread.by} - {""} <= agents, thread.subject
        for step in thread.steps:
            assert [bool(step.mail), bool(step.reply), bool(step.note), bool(step.eml)].count(True) == 1
            assert {step.reply, step.note} - {""} <= agents
            assert {step.mail, *step.cc, *step.to} - {""} <= people.keys()
            for name in (*step.attach, step.html, step.eml):
                assert not name or sample.content(name)


def test_every_thread_begins_with_a_mail_of_its_own_time() -> None:
    for thread in sample.threads():
        first = thread.steps[0]
        assert (first.mail or first.eml) and first.ago is not None and first.ago < timedelta(days=42)
        times = [step.ago for step in thread.steps if step.ago is not None]
        assert times == sorted(times, reverse=True)
    assert all(len(thread.steps) == 1 and thread.steps[0].mail for thread in sample.arrivals())


def test_nobody_in_it_can_be_written_to() -> None:
    for person in sample.people().values():
        assert person.email.endswith(".example")
    for name in ("attack.eml", "newsletter.html", "dispute.html"):
        assert b".com" not in sample.content(name)


def test_a_key_nobody_knows_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "arrivals.toml").write_text('[[thread]]\nsubject = "x"\n[[thread.step]]\nfrom = "mira"\n')
    monkeypatch.setattr(sample, "FOLDER", tmp_path)
    with pytest.raises(TypeError, match="from"):
        sample.arrivals()


def test_every_sample_mail_says_what_was_meant() -> None:
    for thread in [*sample.threads(), *sample.arrivals()]:
        parent: bytes | None = None
        for step in thread.steps:
            if not step.mail or step.html or step.bounce:
                continue
            parsed = parse_mail(raw := written(step, parent=parent))
            assert parsed.sender and parsed.sender.email == sample.people()[step.mail].email
            assert parsed.sender.name == sample.people()[step.mail].name
            assert sorted(one.filename for one in parsed.attachments) == sorted(step.attach)
            assert {one.content for one in parsed.attachments} == set(map(sample.content, step.attach))
            assert " ".join(step.text.split())[:40] in " ".join(parsed.text.split())
            parent = raw


@pytest.mark.parametrize("client", ["gmail", "outlook", "apple", "phone", "thunderbird", "plain"])
def test_what_a_program_quotes_is_told_from_what_is_new(client: str) -> None:
    person = Person("x", "Mira Okafor", "mira@postbox.example", client, signature="Mira\nHannover")
    raw = written(Step(mail="x", text="It works now, thank you."), person, ANSWER)
    parsed = parse_mail(raw)
    assert raw == written(Step(mail="x", text="It works now, thank you."), person, ANSWER)
    assert parsed.in_reply_to == ("<t-0.1@pedalglow.example>",)
    assert "It works now, thank you." in parsed.reply_text
    assert "Hold the button." not in parsed.reply_text
    assert "Hold the button." in parsed.quoted_text


def test_a_mail_without_a_trace_of_its_thread() -> None:
    raw = written(Step(mail="mira", text="Again.", loose=True), parent=ANSWER)
    assert parse_mail(raw).in_reply_to == parse_mail(raw).references == ()


@pytest.mark.parametrize("key", ["yuki", "dmitri", "wei"])
def test_old_charsets(key: str) -> None:
    text = {"yuki": "充電ができません", "dmitri": "Здравствуйте", "wei": "此致 陈伟"}[key]
    raw = written(Step(mail=key, text=text))
    assert sample.people()[key].charset.encode() in raw and raw.isascii()
    assert text in parse_mail(raw).text


def test_a_bounce_reports_on_the_answer() -> None:
    parsed = parse_mail(letter.bounce(ANSWER, "550 5.1.1 no such person", NOW))
    assert parsed.is_bounce and parsed.bounce_is_permanent
    assert parsed.bounced_recipients == ("mira.okafor@postbox.example",)
    assert parsed.bounced_message_id == "<t-0.1@pedalglow.example>"


# The desk


@pytest.fixture
async def filled(database: str, tmp_path: Path) -> AsyncIterator[tuple[Desk, list[tuple[int, int, str]]]]:
    """The demo's desk as Ada has it, and what was told of the progress."""
    told: list[tuple[int, int, str]] = []
    settings = demo.settings_of(Settings(home=tmp_path))
    async with AsyncExitStack() as desks:
        service = await desks.enter_async_context(desk_as(database, "service_role"))

        async def desk_for(email: str) -> Desk:
            agent = next(agent for agent in await service.list_agents() if agent.email == email)
            return await desks.enter_async_context(desk_as(database, "authenticated", sub=str(agent.id)))

        files = LocalFiles(settings.home / "files")
        await demo.fill(desk_for, service, files, settings, lambda *step: told.append(step))
        yield await desk_for(demo.AGENT), told


async def test_the_desk_is_full_of_life(filled: tuple[Desk, list[tuple[int, int, str]]]) -> None:
    desk, told = filled
    tickets = (await desk.list_tickets(limit=100)).tickets
    assert 55 <= len(tickets) <= 65
    assert {ticket.status for ticket in tickets} == set(Status)
    assert {ticket.priority for ticket in tickets} == set(Priority)
    assert Counter(ticket.assignee_email for ticket in tickets).keys() == {
        None,
        *(person.email for person in sample.people().values() if person.agent),
    }
    assert max(ticket.message_count for ticket in tickets) > 30
    assert max(ticket.created_at for ticket in tickets) - min(
        ticket.created_at for ticket in tickets
    ) > timedelta(days=40)
    assert (await desk.count_views()).quarantine == 1
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][0] == told[-1][1]
    await check_conversations(desk, [ticket.number for ticket in tickets])


async def check_conversations(desk: Desk, numbers: list[int]) -> None:
    conversations = [await desk.show_ticket(number) for number in numbers]
    messages = [message for conversation in conversations for message in conversation.messages]
    outgoing = [message for message in messages if message.direction is Direction.OUTGOING]
    assert len([message for message in outgoing if message.raw_mail]) > 20  # answers out of the archive
    states = Counter(message.dispatch.state for message in outgoing if message.dispatch)
    assert states.keys() == {Delivery.SENT, Delivery.BOUNCED} and states[Delivery.SENT] >= 8
    assert any(message.automatic for message in messages)
    assert any(conversation.drafts for conversation in conversations)
    assert len({note.author_email for conversation in conversations for note in conversation.notes}) == 3
    rules = Counter(message.joined_by for message in messages)
    assert rules["new"] == len(numbers) and rules["in_reply_to"] > 50
    for conversation in conversations:
        times = [message.created_at for message in conversation.messages]
        assert times == sorted(times)
        if conversation.ticket.subject.startswith(("Where is my order", "Falsche Ware")):
            kinds = [message.direction for message in conversation.messages]
            assert kinds == [Direction.INCOMING, Direction.OUTGOING, Direction.INCOMING]


# Customers


@pytest.fixture
def maildir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One with sent mail, whose customers answer every time."""
    monkeypatch.setattr("sync.customers.SILENT", 0)
    for folder in ("mail/tmp", "mail/new", "mail/cur", "mail/.Sent/cur"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path / "mail"


def customers(maildir: Path, seed: int = 1) -> Customers:
    return Customers(maildir, maildir / ".Sent" / "cur", Random(seed))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_customer_answers_what_was_sent_to_them_once(maildir: Path) -> None:
    there = customers(maildir)
    assert there.write(NOW) == []
    (maildir / ".Sent/cur/a:2,S").write_bytes(ANSWER.replace(b"\r\n", b"\n"))
    assert there.write(after(1)) == []
    (maildir / ".Sent/cur/a:2,S").rename(maildir / ".Sent/cur/a:2,RS")
    (raw,) = [raw for raw in there.write(after(30)) if b"In-Reply-To" in raw]
    parsed = parse_mail(raw)
    assert parsed.sender and parsed.sender.email == "mira.okafor@postbox.example"
    assert parsed.to[0].email == "support@pedalglow.example"
    assert parsed.in_reply_to == ("<t-0.1@pedalglow.example>",)
    assert parsed.subject == "Re: Lamp [#1042]"
    assert "Hold the button." in parsed.quoted_text and parsed.reply_text
    assert "@NAME@" not in parsed.text
    assert not [raw for raw in there.write(after(1000)) if b"In-Reply-To" in raw]


def test_what_was_sent_before_is_not_answered(maildir: Path) -> None:
    (maildir / ".Sent/cur/a:2,S").write_bytes(ANSWER)
    there = customers(maildir)
    there.write(NOW)
    assert not [raw for raw in there.write(after(500)) if b"In-Reply-To" in raw]


def test_strangers_and_those_who_said_enough_stay_silent(maildir: Path) -> None:
    there = customers(maildir)
    there.write(NOW)
    for index in range(20):
        (maildir / f".Sent/cur/{index}:2,S").write_bytes(ANSWER)
    stranger = ANSWER.replace(b"mira.okafor@postbox.example", b"nobody@elsewhere.example")
    (maildir / ".Sent/cur/x:2,S").write_bytes(stranger)
    written_back = [raw for second in (1, 60) for raw in there.write(after(second)) if b"In-Reply-To" in raw]
    assert len(written_back) == 3
    assert all(b"mira.okafor@" in raw for raw in written_back)


def test_new_customers_write_now_and_then_until_all_have(maildir: Path) -> None:
    there = customers(maildir)
    arrived = [raw for second in range(0, 3600, 5) for raw in there.write(after(second))]
    assert len(arrived) == len(sample.arrivals())
    assert {parse_mail(raw).subject for raw in arrived} == {thread.subject for thread in sample.arrivals()}


def test_a_mail_is_delivered_as_a_mail_server_does_it(maildir: Path) -> None:
    deliver(maildir, ANSWER)
    (path,) = (maildir / "new").iterdir()
    assert path.read_bytes() == ANSWER.replace(b"\r\n", b"\n")


# The home


@pytest.fixture
def home() -> Iterator[Path]:
    """Not under tmp_path: as root, the account of the Postgres must get there."""
    with tempfile.TemporaryDirectory(prefix="ttydesk-demo-") as home:
        yield Path(home)


def test_the_demo_keeps_to_its_own_home_and_database(tmp_path: Path) -> None:
    mine = Settings(
        home=tmp_path,
        database_url="postgresql://somewhere.example/desk",  # type: ignore[arg-type]
        agent="me@company.example",
        mailbox=Mailbox(maildir=Path("/var/mail/support")),
        theme="light",
        keys={"reply": "R"},
    )
    settings = demo.settings_of(mine)
    assert settings.home == tmp_path / "demo" and settings.mailbox.maildir == tmp_path / "demo" / "mail"
    assert settings.database_url is None and settings.agent == demo.AGENT
    assert settings.theme == "light" and settings.keys == {"reply": "R"}


async def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.tex").write_text("years of work")
    with pytest.raises(Conflict, match="is not the folder of a demo"):
        await demo.prepare(Settings(home=tmp_path), fresh=True)
    assert (tmp_path / "demo" / "thesis.tex").read_text() == "years of work"


async def test_it_is_made_once_again_when_fresh_and_lives(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [thread for thread in sample.threads() if len(thread.steps) == 1][:2]
    monkeypatch.setattr(sample, "threads", lambda: few)
    settings = await demo.prepare(Settings(home=home))
    async with open_desk(settings) as desk, demo.live(settings):
        assert len((await desk.list_tickets()).tickets) == 2
        with pytest.raises(Conflict, match="open in another terminal"):
            await demo.prepare(Settings(home=home), fresh=True)
        deliver(settings.mailbox.maildir, ANSWER.replace(b"Re: ", b"New: "))
        async for _ in desk.follow():
            if len((await desk.list_tickets()).tickets) == 3:
                break
        raw = (await open_ledger(settings))[-1]
        assert raw.outcome is Outcome.CREATED
    monkeypatch.setattr(sample, "threads", lambda: pytest.fail("it was filled again"))
    assert await demo.prepare(Settings(home=home)) == settings
    monkeypatch.setattr(sample, "threads", lambda: list[Thread]())
    await demo.prepare(Settings(home=home), fresh=True)
    async with open_desk(settings) as desk:
        assert (await desk.list_tickets()).tickets == []


async def open_ledger(settings: Settings) -> list[sample.Any]:
    async with open_desk(settings, service=True) as service:
        return list(await service.list_raw_mails())
