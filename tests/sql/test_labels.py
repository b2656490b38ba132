"""Which conversations at a provider do not show their ticket's status yet."""

from typing import Any

import psycopg
import pytest

from core.desk import Desk
from core.models import Mailbox
from tests.mails import mail


@pytest.fixture
async def gmail(service: Desk) -> Mailbox:
    return await service.connect_mailbox("gmail", "gmail", "help@example.com")


def at(name: str, box: Mailbox, thread: str = "t1", **fields: Any) -> dict[str, Any]:
    way = {"mailbox_id": str(box.id), "provider_id": name, "gmail_thread_id": thread}
    return mail(name, **(way | fields))


async def behind(service: Desk, box: Mailbox) -> dict[str, str | None]:
    return {one.thread_id: one.status for one in await service.list_unlabelled(box.id)}


async def shown(service: Desk, box: Mailbox) -> None:
    every = await service.list_unlabelled(box.id)
    await service.mark_labelled(box.id, [one.thread_id for one in every], [one.changes for one in every])


async def test_a_status_and_a_new_mail_are_to_be_shown(service: Desk, desk: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(at("a", gmail))
    assert await behind(service, gmail) == {"t1": "open"}
    await shown(service, gmail)
    assert await behind(service, gmail) == {}
    await desk.update_tickets([1001], {"priority": "high"})
    assert await behind(service, gmail) == {}
    await desk.update_tickets([1001], {"status": "resolved"})
    assert await behind(service, gmail) == {"t1": "resolved"}
    await shown(service, gmail)
    await service.receive_mail(at("b", gmail, automatic=True))
    assert await behind(service, gmail) == {"t1": "resolved"}, "the new mail has no label yet"


async def test_what_changes_while_it_is_shown_stays_behind(service: Desk, desk: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(at("a", gmail))
    (first,) = await service.list_unlabelled(gmail.id)
    await desk.update_tickets([1001], {"status": "closed"})
    for _ in range(2):
        await service.mark_labelled(gmail.id, [first.thread_id], [first.changes])
    assert await behind(service, gmail) == {"t1": "closed"}


async def test_an_answer_of_ours_gets_the_label_too(service: Desk, desk: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(at("a", gmail))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    ours = await service.claim_outgoing("test")
    assert ours
    await shown(service, gmail)
    await service.mark_sent(ours.id, "s", None, "t1")
    assert await behind(service, gmail) == {"t1": "pending"}


async def test_every_mailbox_shows_it_in_its_own_conversation(
    service: Desk, desk: Desk, gmail: Mailbox
) -> None:
    sales = await service.connect_mailbox("sales", "gmail", "sales@example.com")
    await service.receive_mail(at("a", gmail))
    copy = at("a", sales, "t9", provider_id="a9")
    await service.receive_mail(copy | {"raw": {"sha256": "b" * 64, "size": 120}})
    assert (await behind(service, gmail), await behind(service, sales)) == ({"t1": "open"}, {"t9": "open"})
    await desk.update_tickets([1001], {"status": "pending"})
    assert await behind(service, sales) == {"t9": "pending"}


async def test_spam_has_no_label_and_loses_the_one_it_had(service: Desk, desk: Desk, gmail: Mailbox) -> None:
    await service.receive_mail(at("a", gmail, spam=True))
    await service.receive_mail(at("b", gmail, "t2"))
    assert await behind(service, gmail) == {"t2": "open"}
    await shown(service, gmail)
    await desk.update_tickets([1001, 1002], {"spam": True})
    assert await behind(service, gmail) == {"t2": None}
    await desk.update_tickets([1001], {"spam": False})
    assert await behind(service, gmail) == {"t1": "open", "t2": None}


async def test_a_maildir_has_no_conversations(service: Desk) -> None:
    (box,) = await service.list_mailboxes()
    await service.receive_mail(mail("a", mailbox_id=str(box.id), provider_id="1.host"))
    assert await behind(service, box) == {}


async def test_asking_for_them_reads_the_few_that_are_behind(
    service: Desk, gmail: Mailbox, database: str
) -> None:
    """Among very many conversations there is an index of those alone."""
    await service.receive_mail(at("a", gmail))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "insert into desk.threads (mailbox_id, thread_id, ticket_id, shown)"
            " select %s, 'x' || i, id, 1 from desk.tickets, generate_series(1, 50000) i",
            [gmail.id],
        )
        connection.execute("analyze desk.threads")
        plan = connection.execute(
            "explain select * from desk.threads h where h.mailbox_id = %s and h.shown < h.changes"
            " order by h.thread_id limit 50",
            [gmail.id],
        ).fetchall()
    assert "threads_behind" in str(plan)
    assert await behind(service, gmail) == {"t1": "open"}
