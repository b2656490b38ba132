"""Mail as it is taken in, and its ledger, through every door."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.errors import Invalid, NotFound
from core.models import Outcome
from tests.core.contract.door import AWKWARD, Door
from tests.mails import mail, sender

TAKEN_IN = {Outcome.CREATED, Outcome.DUPLICATE}
"""Who did not hear the first answer hears that the mail was there already."""
LATER = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)


async def test_receive_mail(door: Door) -> None:
    line = AWKWARD.replace("\n", " ")
    lamp = {"filename": line, "content_type": "image/png", "size": 3, "sha256": "0" * 64,
            "content_id": None, "inline": False}  # fmt: skip
    one = mail("a", subject=line, content=AWKWARD, sender=sender("kim@example.com", "Łucja, {x}"),
               references=['<a,"b"@{c}>'], attachments=[lamp])  # fmt: skip
    received = await door.service.receive_mail(one)
    assert received.outcome in TAKEN_IN
    assert received.number == 1001
    assert (await door.service.receive_mail(one)).number == 1001
    shown = await door.ada.show_ticket(1001)
    assert (shown.ticket.subject, shown.ticket.requester_name) == (line, "Łucja, {x}")
    assert [message.content for message in shown.messages] == [AWKWARD]
    assert shown.messages[0].attachments[0].filename == line
    with pytest.raises(Invalid):
        await door.service.receive_mail(mail("b", content="a\0b"))


async def test_receive_mails(door: Door) -> None:
    good, broken = mail("a"), mail("b", received_at="never")
    first, second = await door.service.receive_mails([good, broken])
    assert (first.number, second.number) == (1001, None)
    (kept,) = await door.service.list_raw_mails(quarantined=True)
    assert kept.id == second.raw_mail
    assert await door.service.receive_mails([]) == []


async def test_settled_mails(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    known = mail("a")["raw"]["sha256"]
    (found,) = await door.service.settled_mails([known, "f" * 64, 'a,"b"', "{}", "", "null"])
    assert (found.sha256, found.number) == (known, 1001)
    assert await door.service.settled_mails([]) == []


async def test_named_attachments(door: Door) -> None:
    file = {"filename": "a.txt", "content_type": "text/plain", "size": 1, "sha256": "a" * 64,
            "content_id": None, "inline": False}  # fmt: skip
    await door.service.receive_mail(mail("a", attachments=[file, file | {"sha256": None}]))
    assert await door.service.named_attachments(["a" * 64, "b" * 64, 'a,"b"', ""]) == ["a" * 64]
    assert await door.service.named_attachments([]) == []


async def test_settled_deliveries(door: Door) -> None:
    ids = ['one,"two"', "{three}", "null", "", "漢字", "back\\slash", "18446744073709551615"]
    for id in ids:
        await door.service.receive_mail(mail(id, mailbox_id=str(door.box.id), provider_id=id))
    found = await door.service.settled_deliveries(door.box.id, [*ids, "other"])
    assert sorted(found) == sorted(ids)
    assert await door.service.settled_deliveries(uuid4(), ids) == []


async def test_list_deliveries(door: Door) -> None:
    for id, at in (("a", LATER), ("b", LATER + timedelta(microseconds=1))):
        await door.service.receive_mail(
            mail(id, mailbox_id=str(door.box.id), provider_id=id, arrived_at=at.isoformat())
        )
    assert await door.service.list_deliveries(door.box.id, LATER) == ["a", "b"]
    assert await door.service.list_deliveries(door.box.id, LATER + timedelta(microseconds=1)) == ["b"]
    assert await door.service.list_deliveries(door.box.id, LATER, after="a", limit=1) == ["b"]


async def test_list_raw_mails(door: Door) -> None:
    await door.service.receive_mail(mail("a", mailbox_id=str(door.box.id), provider_id=AWKWARD))
    await door.service.receive_mail(mail("b", quarantine={"reason": AWKWARD, "detail": "x"}))
    every = await door.ada.list_raw_mails()
    assert every[0].sources == [f"support: {AWKWARD}"]
    (kept,) = await door.ada.list_raw_mails(quarantined=True)
    assert (kept.outcome, kept.reason) == (Outcome.QUARANTINED, AWKWARD)
    assert await door.ada.list_raw_mails(after=every[0].id, limit=1) == [every[1]]
    assert await door.ada.list_raw_mails(after=2**53 - 1) == []


async def test_count_quarantine(door: Door) -> None:
    assert (await door.ada.count_quarantine()).count == 0
    await door.service.receive_mail(mail("b", quarantine={"reason": "Odd.", "detail": ""}))
    found = await door.ada.count_quarantine()
    assert found.count == 1
    assert found.oldest is not None


async def test_show_raw_mail(door: Door) -> None:
    received = await door.service.receive_mail(mail("a"))
    assert received.raw_mail
    assert (await door.ada.show_raw_mail(received.raw_mail)).number == 1001
    with pytest.raises(NotFound):
        await door.ada.show_raw_mail(2**53 - 1)


async def test_why(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    found = await door.ada.why("<a@example.com>")
    assert (found.number, found.rule) == (1001, "new")
    for word in ("<nobody@example.com>", "is.null", "eq.1", "null", "", AWKWARD):
        with pytest.raises(NotFound) as raised:
            await door.ada.why(word)
        assert str(raised.value) == f'No mail is known by "{word}".'
        assert raised.value.hint and raised.value.hint.startswith("Give a Message-ID")
