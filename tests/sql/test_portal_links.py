"""Links into the portal: who gets one, how often it works, and what cannot be found out."""

import asyncio
import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from core.desk import Desk
from core.errors import Gone, Invalid, NotFound
from core.models import Mailto, Outgoing
from core.reports import Report
from tests.conftest import desk_as
from tests.mails import mail, sender

KIM = "kim@example.com"
HOUR = 3600.0


def new_hash() -> str:
    return hashlib.sha256(secrets.token_bytes()).hexdigest()


async def signed_in(service: Desk, email: str, number: int | None = None) -> str:
    """A session of theirs."""
    link, session = new_hash(), new_hash()
    await service.create_portal_link(email, link, HOUR)
    assert (await service.open_portal(link, session, HOUR)).email == email
    return session


@pytest.fixture
async def number(service: Desk) -> int:
    """A ticket of Kim's."""
    received = await service.receive_mail(mail("lamp"))
    assert received.number
    return received.number


async def test_a_link_works_once(service: Desk, number: int) -> None:
    link, first, second = new_hash(), new_hash(), new_hash()
    made = await service.create_portal_link("Kim@Example.com", link, HOUR)
    assert (made.email, made.used_at, made.made_by) == (KIM, None, None)
    assert made.expires_at > datetime.now(UTC) + timedelta(minutes=30)
    assert (await service.open_portal(link, first, HOUR)).name == "Kim"
    assert (await service.open_portal(link, first, HOUR)).name == "Kim", "the answer may have been lost"
    with pytest.raises(Gone, match="no longer good"):
        await service.open_portal(link, second, HOUR)
    with pytest.raises(Gone):
        await service.portal_tickets(second)
    assert len((await service.portal_tickets(first)).tickets) == 1


async def test_of_two_who_use_it_at_once_one_comes_in(service: Desk, number: int) -> None:
    link = new_hash()
    await service.create_portal_link(KIM, link, HOUR)
    opened = await asyncio.gather(
        *(service.open_portal(link, new_hash(), HOUR) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in opened) == ["Gone"] * 3 + ["PortalPerson"]


async def test_a_link_ends_and_so_does_a_session(service: Desk, database: str, number: int) -> None:
    link, session = new_hash(), await signed_in(service, KIM)
    await service.create_portal_link(KIM, link, HOUR)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update desk.portal_links set expires_at = now()")
        connection.execute("update desk.portal_sessions set expires_at = now()")
    with pytest.raises(Gone, match="no longer good"):
        await service.open_portal(link, new_hash(), HOUR)
    with pytest.raises(Gone):
        await service.portal_tickets(session)


async def test_who_signs_out_is_out(service: Desk, number: int) -> None:
    session, other = await signed_in(service, KIM), await signed_in(service, KIM)
    await service.end_portal_session(session)
    with pytest.raises(Gone):
        await service.portal_tickets(session)
    await service.portal_tickets(other)


async def test_a_link_that_was_used_cannot_revive_its_session(service: Desk, number: int) -> None:
    link, session = new_hash(), new_hash()
    await service.create_portal_link(KIM, link, HOUR)
    await service.open_portal(link, session, HOUR)
    await service.end_portal_session(session)
    with pytest.raises(Gone):
        await service.open_portal(link, session, HOUR)


async def test_revoking_ends_links_and_sessions(service: Desk, number: int) -> None:
    link, session = new_hash(), await signed_in(service, KIM)
    await service.create_portal_link(KIM, link, HOUR)
    await service.revoke_portal_links(KIM.upper())
    with pytest.raises(Gone):
        await service.open_portal(link, new_hash(), HOUR)
    with pytest.raises(Gone):
        await service.portal_tickets(session)
    await signed_in(service, KIM)
    with pytest.raises(NotFound, match="Nobody has written to us as"):
        await service.revoke_portal_links("nobody@example.com")


async def test_links_are_listed_without_what_opens_them(service: Desk, desk: Desk, number: int) -> None:
    await service.receive_mail(mail("other", sender=sender("lee@example.com")))
    used = new_hash()
    await desk.create_portal_link(KIM, used, HOUR)
    await service.open_portal(used, new_hash(), HOUR)
    await service.create_portal_link("lee@example.com", new_hash(), HOUR)
    newest, oldest = await desk.list_portal_links()
    assert (newest.email, newest.made_by, newest.used_at) == ("lee@example.com", None, None)
    assert (oldest.email, oldest.made_by) == (KIM, "ada@example.com")
    assert oldest.used_at and oldest.signed_in_until
    assert used not in newest.model_dump_json() + oldest.model_dump_json()
    assert await desk.list_portal_links("KIM@example.com") == [oldest]
    assert await desk.list_portal_links(before=newest.created_at) == [oldest]
    assert await desk.list_portal_links(limit=1) == [newest]


async def test_there_is_no_link_for_whom_we_do_not_know(service: Desk, desk: Desk, number: int) -> None:
    for nobody in ("nobody@example.com", "ada@example.com", ""):
        with pytest.raises(NotFound):
            await service.create_portal_link(nobody, new_hash(), HOUR)
    await service.receive_mail(mail("own", sender=sender("support@example.com")))
    with pytest.raises(NotFound):
        await service.create_portal_link("support@example.com", new_hash(), HOUR)
    await desk.update_tickets([number], {"spam": True})
    with pytest.raises(NotFound):
        await service.create_portal_link(KIM, new_hash(), HOUR)


async def test_a_link_is_a_hash_and_ends_within_reason(service: Desk, number: int) -> None:
    for hash, seconds in (("ttp_secret", HOUR), ("A" * 64, HOUR), (new_hash(), 0), (new_hash(), 1e9)):
        with pytest.raises(Invalid):
            await service.create_portal_link(KIM, hash, seconds)


async def letters(service: Desk) -> list[Outgoing]:
    """All that leaves now."""
    left = []
    while outgoing := await service.claim_outgoing("test"):
        assert await service.hold_outgoing(outgoing.id, "test", outgoing.attempts)
        await service.mark_sent(outgoing.id, f"id{len(left)}", provider_thread_id="t")
        left.append(outgoing)
    return left


async def test_who_asks_for_a_link_gets_a_letter_on_no_ticket(service: Desk, desk: Desk, number: int) -> None:
    cursor = (await desk.events_since()).cursor
    before = await desk.show_ticket(number)
    await service.request_portal_link(" Kim@example.com ")
    (letter,) = await letters(service)
    assert (letter.number, letter.automatic, letter.portal_email) == (None, True, KIM)
    assert [one.email for one in letter.recipients.to] == [KIM]
    assert "{{portal_link}}" in letter.content
    assert await desk.show_ticket(number) == before
    assert (await desk.events_since(cursor)).events == []
    assert (await desk.count_outbox()).waiting == 0


async def test_whether_an_address_is_known_changes_nothing_that_is_done_at_once(
    service: Desk, database: str, number: int
) -> None:
    for email in (KIM, "nobody@example.com"):
        await service.request_portal_link(email)
    with psycopg.connect(database) as connection:
        asked = connection.execute(
            "select email, settled_at, letter_id from desk.portal_requests order by email"
        )
        assert asked.fetchall() == [(KIM, None, None), ("nobody@example.com", None, None)]
        assert connection.execute("select count(*) from desk.outbox").fetchone() == (0,)
    assert [one.portal_email for one in await letters(service)] == [KIM]


async def test_there_are_three_letters_an_hour_to_an_address(
    service: Desk, database: str, number: int
) -> None:
    for _ in range(5):
        await service.request_portal_link(KIM)
    assert len(await letters(service)) == 3
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update desk.messages set created_at = created_at - interval '61 minutes'")
    await service.request_portal_link(KIM)
    assert len(await letters(service)) == 1


async def test_a_request_that_gets_no_letter_says_why(service: Desk, database: str, number: int) -> None:
    await service.receive_mail(mail("own", sender=sender("support@example.com")))
    for email in ("nobody@example.com", "support@example.com", KIM):
        await service.request_portal_link(email)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """update desk.portal_requests set requested_at = requested_at - interval '61 minutes'
            where email = %s""",
            [KIM],
        )
        assert await letters(service) == []
        found = connection.execute("select email, refusal from desk.portal_requests order by email desc")
        assert found.fetchall() == [
            ("support@example.com", "Nobody has written to us from that address."),
            ("nobody@example.com", "Nobody has written to us from that address."),
            (KIM, "It could not be written within an hour."),
        ]


async def test_no_letter_leaves_where_no_mailbox_is(service: Desk, number: int) -> None:
    await service.disconnect_mailbox((await service.list_mailboxes())[0].id)
    await service.request_portal_link(KIM)
    assert await letters(service) == []


async def test_a_letter_that_cannot_leave_opens_no_ticket(service: Desk, desk: Desk, number: int) -> None:
    await service.request_portal_link(KIM)
    letter = await service.claim_outgoing("test")
    assert letter
    await service.release_outgoing("test")
    again = await service.claim_outgoing("test")
    assert again and (again.id, again.attempts) == (letter.id, 2)
    await service.mark_failed(letter.id, "Nobody there.", None, 2)
    assert (await desk.count_outbox()).failed == []
    assert await service.due_in() is None


async def test_a_report_about_a_letter_and_an_answer_to_it_belong_to_no_ticket_of_it(
    service: Desk, desk: Desk, number: int
) -> None:
    await service.request_portal_link(KIM)
    (letter,) = await letters(service)
    bounce = {"recipients": [KIM], "status": "5.1.1", "permanent": True, "message_id": letter.message_id}
    report = await service.receive_mail(
        mail("report", sender=sender("mailer-daemon@example.com"), bounce=bounce)
    )
    assert (report.outcome, report.number) == ("bounced", None)
    delivered = Report(
        provider="test",
        message_id=letter.message_id,
        email=KIM,
        state="complained",
        happened_at=datetime.now(UTC),
    )
    cursor = (await desk.events_since()).cursor
    assert (await service.report_delivery([delivered])).changed == 1
    assert (await desk.events_since(cursor)).events == []
    answer = await service.receive_mail(mail("thanks", in_reply_to=[letter.message_id]))
    assert (answer.outcome, answer.number) == ("created", number + 1)
    box = (await service.list_mailboxes())[0]
    ours = {"sent": True, "provider_id": "9", "mailbox_id": str(box.id), "gmail_thread_id": "t"}
    copy = mail("copy", own_ids=[letter.message_id], sender=sender(box.address), to=[sender(KIM)], **ours)
    assert (await service.receive_mail(copy)).outcome == "ignored"


@pytest.mark.parametrize(
    ("to", "cc", "email"),
    [
        ([KIM], [], KIM),
        (["Kim@Example.com"], [], KIM),
        ([KIM], ["lee@example.com"], None),
        ([KIM, "lee@example.com"], [], None),
        (["lee@example.com"], [], None),
    ],
)
async def test_a_link_goes_to_nobody_but_whose_ticket_it_is(
    service: Desk, desk: Desk, number: int, to: list[str], cc: list[str], email: str | None
) -> None:
    await service.receive_mail(mail("lee", sender=sender("lee@example.com")))
    people = [[Mailto(name="", email=one) for one in each] for each in (to, cc)]
    await desk.reply(number, "Hello.", to=people[0], cc=people[1], grace_seconds=0)
    outgoing = await service.claim_outgoing("test")
    assert outgoing and outgoing.portal_email == email


async def test_a_link_that_comes_back_in_a_mail_is_good_no_more(service: Desk, number: int) -> None:
    quoted, other = new_hash(), new_hash()
    for link in (quoted, other):
        await service.create_portal_link(KIM, link, HOUR)
    await service.receive_mail(
        mail("answer", in_reply_to=["<lamp@example.com>"], portal_links=[quoted, new_hash()])
    )
    with pytest.raises(Gone):
        await service.open_portal(quoted, new_hash(), HOUR)
    await service.open_portal(other, new_hash(), HOUR)


async def test_what_a_link_would_do_can_be_asked_without_using_it(service: Desk, number: int) -> None:
    link, session = new_hash(), new_hash()
    assert (await service.show_portal_link(link)).email is None
    await service.create_portal_link(KIM, link, HOUR)
    state = await service.show_portal_link(link, session)
    assert (state.email, state.is_signed_in) == (KIM, False)
    await service.open_portal(link, session, HOUR)
    state = await service.show_portal_link(link, session)
    assert (state.email, state.is_signed_in) == (None, True)
    await service.receive_mail(mail("lee", sender=sender("lee@example.com")))
    assert not (
        await service.show_portal_link(link, await signed_in(service, "lee@example.com"))
    ).is_signed_in


async def test_what_is_over_for_a_year_is_forgotten(service: Desk, database: str, number: int) -> None:
    await signed_in(service, KIM)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update desk.portal_links set created_at = now() - interval '366 days'")
        connection.execute("update desk.portal_sessions set expires_at = now() - interval '366 days'")
        await service.create_portal_link(KIM, new_hash(), HOUR)
        assert len(await service.list_portal_links()) == 2, "it can still be used"
        connection.execute("update desk.portal_links set expires_at = now() where used_at is not null")
        await service.create_portal_link(KIM, new_hash(), HOUR)
        assert len(await service.list_portal_links()) == 2
        assert connection.execute("select count(*) from desk.portal_sessions").fetchone() == (0,)


async def test_our_own_mail_that_comes_back_is_read_by_nobody_who_is_bound(
    service: Desk, database: str, number: int
) -> None:
    """There is a link in it, which shows tickets of all departments."""
    box = (await service.list_mailboxes())[0]
    own = mail("own", sent=True, ignore="A draft.", provider_id="9", mailbox_id=str(box.id))
    assert (await service.receive_mail(own)).outcome == "ignored"
    bound = await service.add_agent("bill@example.com", departments=["billing"])
    free = await service.add_agent("may@example.com")
    names = [f"raw/{mail(name)['raw']['sha256']}" for name in ("own", "lamp")]
    for agent, may in ((bound, [False, True]), (free, [True, True])):
        async with desk_as(database, "authenticated", sub=str(agent.id)) as desk:
            read = [await desk._gateway.read("may_read_file", name=name, owner_id="") for name in names]
        assert read == may, agent.email
