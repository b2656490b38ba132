"""Mail between a Gmail account and the desk: what becomes a ticket, what an answer, and what nothing."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.desk import Desk
from core.models import Delivery, Direction, Outcome, Status, TicketFilter
from tests.gmail import GmailServer
from tests.sync.account import ADDRESS, KIM, Account, account, now, parsed, written

SALES = "sales@example.com"
DAY = timedelta(days=1)


@pytest.fixture
def google() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, SALES, quota=None) as google:
        yield google
        google.faults.clear()


@pytest.fixture
async def gmail(google: GmailServer, service: Desk, tmp_path: Path) -> AsyncIterator[Account]:
    async with account(google, service, tmp_path) as gmail:
        await gmail.take_in()
        yield gmail


def at(when: datetime) -> int:
    return int(when.timestamp() * 1000)


async def test_spam_drafts_and_the_bin(gmail: Account, service: Desk) -> None:
    gmail.deliver("spam", "SPAM")
    gmail.deliver("draft", "DRAFT")
    gmail.deliver("bin", "TRASH")
    gmail.deliver("chat", "CHAT")
    assert await gmail.take_in() == {Outcome.CREATED: 1, Outcome.IGNORED: 3}
    assert (await service.list_tickets()).tickets == []
    (spam,) = (await service.list_tickets(TicketFilter(spam=True))).tickets
    assert spam.spam
    reasons = {one.reason for one in await service.list_raw_mails() if one.outcome is Outcome.IGNORED}
    assert reasons == {"It is a draft in Gmail.", "It is a chat.", "It was in Gmail's bin."}
    assert gmail.box.sent == [], "nobody is answered automatically"


async def test_what_is_moved_out_of_spam_and_bin_is_looked_at_again(gmail: Account, service: Desk) -> None:
    spam, binned = gmail.deliver("spam", "SPAM"), gmail.deliver("bin", "TRASH")
    await gmail.take_in()
    gmail.box.modify([spam], add=["INBOX"], remove=["SPAM"])
    gmail.box.untrash(binned)
    await gmail.take_in()
    tickets = (await service.list_tickets()).tickets
    assert [one.spam for one in tickets] == [False, False]


async def test_an_answer_written_in_gmail_joins_its_ticket(gmail: Account, service: Desk) -> None:
    gmail.deliver("asked")
    await gmail.take_in()
    gmail.write("answered", subject="Re: Lamp", answers="<asked@example.net>")
    assert await gmail.take_in() == {Outcome.APPENDED: 1}
    conversation = await service.show_ticket(1001)
    assert [one.direction for one in conversation.messages] == [Direction.INCOMING, Direction.OUTGOING]
    assert (conversation.ticket.status, conversation.ticket.waiting_since) == (Status.PENDING, None)
    gmail.deliver("thanks", subject="Re: Lamp", answers="<answered@example.net>")
    await gmail.take_in()
    assert (await service.show_ticket(1001)).ticket.status is Status.OPEN


async def test_a_conversation_begun_in_gmail_is_its_recipients_ticket(gmail: Account, service: Desk) -> None:
    gmail.write("offer", subject="Our offer")
    await gmail.take_in()
    (ticket,) = (await service.list_tickets()).tickets
    assert (ticket.requester_email, ticket.status) == ("kim@example.net", Status.PENDING)


@pytest.mark.parametrize("habit", ["kept", "rewritten", "replaced"])
async def test_our_answer_comes_back_as_nothing_and_what_follows_it_finds_the_ticket(
    gmail: Account, service: Desk, desk: Desk, habit: str
) -> None:
    gmail.server.habits.message_ids = habit
    gmail.deliver("asked")
    await gmail.take_in()
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    assert await gmail.send() == 1
    (left,) = gmail.box.sent
    assert left.thread_id == gmail.box.messages[0].thread_id
    await gmail.take_in()
    assert [one.direction for one in (await service.show_ticket(1001)).messages] == ["incoming", "outgoing"]
    stranger = "Bo <bo@example.net>"  # only the id can tell where it belongs
    raw = written("reply", to=ADDRESS, sender=stranger, subject="Another", answers=left.message_id)
    gmail.box.deliver(raw)
    await gmail.take_in()
    assert (await service.show_ticket(1001)).ticket.message_count == 3


@pytest.mark.parametrize("habit", ["kept", "rewritten", "replaced"])
async def test_an_answer_whose_sender_died_is_known_by_its_copy_and_not_sent_again(
    gmail: Account, service: Desk, desk: Desk, habit: str
) -> None:
    gmail.server.habits.message_ids = habit
    gmail.deliver("asked")
    await gmail.take_in()
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    gmail.server.faults.nth("messages.send", "cut_after")
    assert await gmail.send() == 0
    assert await gmail.take_in() == {Outcome.IGNORED: 1}
    dispatch = (await service.show_ticket(1001)).messages[-1].dispatch
    assert dispatch and dispatch.state is Delivery.SENT
    assert await gmail.send() == 0
    assert len(gmail.box.sent) == 1


async def test_answers_stay_in_their_conversation_with_its_subject(
    gmail: Account, desk: Desk, service: Desk
) -> None:
    gmail.deliver("asked", subject="AW: Lamp [#77] is dark")
    await gmail.take_in()
    await desk.update_tickets([1001], {"subject": "Something else"})
    for text in ("One.", "Two."):
        await desk.reply(1001, text, grace_seconds=0)
    assert await gmail.send() == 2
    assert [parsed(one.raw)["Subject"] for one in gmail.box.sent] == ["Re: Lamp [#77] is dark"] * 2
    assert ["One." in str(parsed(one.raw).get_body(("plain",))) for one in gmail.box.sent] == [True, False]
    assert {one.thread_id for one in gmail.box.messages} == {gmail.box.messages[0].thread_id}
    assert {parsed(one.raw)["In-Reply-To"] for one in gmail.box.sent} == {"<asked@example.net>"}


@pytest.mark.parametrize("habit", ["kept", "rewritten"])
async def test_what_we_begin_stays_one_conversation_on_both_sides(
    gmail: Account, desk: Desk, service: Desk, habit: str
) -> None:
    gmail.server.habits.message_ids = habit
    (support, *_) = await service.list_mailboxes()
    await service.disconnect_mailbox(support.id)  # what came by no mailbox leaves from Gmail then
    await desk.create_ticket("kim@example.net", "Rang up", "Her lamp is broken.")
    for text in ("One.", "Two."):
        await desk.reply(1001, text, grace_seconds=0)
    assert await gmail.send() == 2
    first, second = gmail.box.sent
    assert second.thread_id == first.thread_id
    assert parsed(second.raw)["References"] == first.message_id
    assert parsed(second.raw)["Subject"] == f"Re: {parsed(first.raw)['Subject']}"


@pytest.mark.parametrize("habit", ["kept", "rewritten", "replaced"])
async def test_a_bounce_opens_the_ticket_for_whoever_wrote_the_answer(
    gmail: Account, desk: Desk, service: Desk, habit: str
) -> None:
    gmail.server.habits.message_ids = habit
    gmail.deliver("asked")
    await gmail.take_in()
    await desk.reply(1001, "Try another bulb.", status=Status.RESOLVED, grace_seconds=0)
    await gmail.send()
    await gmail.take_in()
    (left,) = gmail.box.sent
    gmail.box.deliver(BOUNCE.replace("ANSWER", left.message_id).encode())
    assert await gmail.take_in() == {Outcome.BOUNCED: 1}
    conversation = await service.show_ticket(1001)
    assert (conversation.ticket.status, conversation.ticket.assignee_email) == (
        Status.OPEN, "ada@example.com",
    )  # fmt: skip
    dispatch = next(one.dispatch for one in conversation.messages if one.dispatch)
    assert [(one.email, one.state) for one in dispatch.recipients] == [("kim@example.net", Delivery.BOUNCED)]


async def test_one_mail_in_two_mailboxes_is_one_message(
    gmail: Account, google: GmailServer, service: Desk, tmp_path: Path
) -> None:
    async with account(google, service, tmp_path, SALES) as sales:
        await sales.take_in()
        raw = written("both", to=f"{ADDRESS}, {SALES}")
        for box in (gmail.box, sales.box, gmail.box):  # and twice in one of them, as by an alias
            box.deliver(b"Received: by %d\n" % len(box.messages) + raw)
        outcomes = await gmail.take_in() + await sales.take_in()
        assert outcomes == {Outcome.CREATED: 1, Outcome.DUPLICATE: 2}
    (ticket,) = (await service.list_tickets()).tickets
    assert ticket.message_count == 1
    sources = [source.partition(":")[0] for one in await service.list_raw_mails() for source in one.sources]
    assert sorted(sources) == ["gmail sales", "gmail support", "gmail support"]


async def test_nothing_older_than_the_connection_becomes_a_ticket(
    google: GmailServer, service: Desk, desk: Desk, tmp_path: Path
) -> None:
    box = google.mailbox(ADDRESS)
    box.deliver(written("old", to=ADDRESS), internal_date=at(now() - 9 * DAY))
    async with account(google, service, tmp_path) as gmail:
        gmail.deliver("new")
        assert await gmail.take_in() == {Outcome.CREATED: 1}
        box.expire_history()
        assert await gmail.take_in() == {}
        # Its owner moves an old mailbox in, which the history tells of as of new mail.
        box.deliver(written("moved", to=ADDRESS), internal_date=at(now() - 5 * DAY))
        assert await gmail.take_in() == {}
    async with account(google, service, tmp_path, since=now() - 6 * DAY) as gmail:
        assert await gmail.take_in() == {Outcome.CREATED: 1}
        assert await gmail.take_in() == {}
        box.expire_history()
        assert await gmail.take_in() == {}
    async with account(google, service, tmp_path, since=now() - 30 * DAY) as gmail:
        assert await gmail.take_in() == {Outcome.CREATED: 1}
    assert len((await service.list_tickets()).tickets) == 3
    assert (await service.count_outbox()).waiting == 0, "nothing old is answered automatically"
    assert box.sent == []


async def test_an_expired_history_brings_each_mail_once(gmail: Account, service: Desk) -> None:
    gmail.deliver("one")
    await gmail.take_in()
    gmail.deliver("two")
    gmail.box.expire_history()
    gmail.deliver("three")
    assert await gmail.take_in() == {Outcome.CREATED: 2}
    assert len((await service.list_tickets()).tickets) == 3


async def test_a_mail_that_vanishes_before_it_is_fetched_is_no_trouble(
    gmail: Account, service: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [gmail.deliver(name) for name in ("one", "two", "three")]
    news = await gmail.gmail.news(gmail.arrivals.cursor)
    assert set(news.perhaps) == set(ids)
    gmail.box.delete([ids[1]])

    async def listed(cursor: str | None) -> object:
        return news

    monkeypatch.setattr(gmail.gmail, "news", listed)
    assert await gmail.take_in() == {Outcome.CREATED: 2}
    assert gmail.arrivals.problem is None
    assert gmail.arrivals.cursor == news.cursor


async def test_a_mail_over_the_limit_is_taken_in_and_its_files_are_named(
    google: GmailServer, service: Desk, tmp_path: Path
) -> None:
    async with account(google, service, tmp_path, size_limit=100_000) as gmail:
        await gmail.take_in()
        mail = parsed(written("large", to=ADDRESS))
        mail.add_attachment(bytes(200_000), "application", "pdf", filename="plan.pdf")
        gmail.box.deliver(mail.as_bytes())
        assert await gmail.take_in() == {Outcome.CREATED: 1}
    (message,) = (await service.show_ticket(1001)).messages
    assert [(one.filename, one.sha256) for one in message.attachments] == [("plan.pdf", None)]
    assert message.content == "This is large."


async def test_one_mail_that_gmail_refuses_does_not_stop_the_others(gmail: Account, service: Desk) -> None:
    gmail.deliver("one")
    gmail.server.faults.nth("messages.get", "400")
    assert await gmail.take_in() == {}
    assert gmail.arrivals.problem and "Gmail does not give a mail" in gmail.arrivals.problem
    gmail.deliver("two")
    assert await gmail.take_in() == {Outcome.CREATED: 1}


BOUNCE = f"""\
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: {ADDRESS}
Subject: Delivery Status Notification (Failure)
Message-ID: <1.bounce@mail.gmail.com>
In-Reply-To: ANSWER
References: ANSWER
X-Failed-Recipients: kim@example.net
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

** Address not found **
Your message wasn't delivered to kim@example.net because the address couldn't be found.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com

Final-Recipient: rfc822; kim@example.net
Action: failed
Status: 5.1.1
--b
Content-Type: message/rfc822

From: {ADDRESS}
To: {KIM}
Subject: Re: Lamp
Message-ID: ANSWER

Try another bulb.
--b--
"""
