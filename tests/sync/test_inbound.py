"""sync.inbound on a real desk: bytes in, a line in the ledger whatever happens, and nothing settled that is
not safe.
"""

import hashlib
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sync.reading
from core.desk import Desk
from core.errors import Conflict, Gone, StorageFailed, Unreachable
from core.files import LocalFiles
from core.models import Outcome, Received
from core.portal_link import Entrance, new_link
from sync.inbound import receive, retry
from sync.reading import Intake
from sync.receiving import Origin

RAW = b"""\
From: Kim <kim@example.com>
To: support@example.com
Subject: Broken lamp
Message-ID: <a@example.com>
Date: Sun, 1 Mar 2026 10:00:00 +0000

It is broken.
"""


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(LocalFiles(tmp_path / "files"), frozenset({"support@example.com"}), size_limit=100_000)


def named(name: str, **fields: str) -> bytes:
    """RAW as another mail; each field stands before those of RAW."""
    before = "".join(f"{field.replace('_', '-')}: {value}\n" for field, value in fields.items())
    return before.encode() + RAW.replace(b"<a@", f"<{name}@".encode())


async def test_a_mail_is_a_ticket_and_its_bytes_are_stored(service: Desk, intake: Intake) -> None:
    received = await receive(service, intake, RAW)
    assert received.outcome is Outcome.CREATED and received.number and received.raw_mail
    ledger = await service.show_raw_mail(received.raw_mail)
    assert ledger.sha256 == hashlib.sha256(RAW).hexdigest()
    assert intake.files.get("raw", ledger.sha256) == RAW


async def test_the_same_bytes_again_are_a_duplicate(service: Desk, intake: Intake) -> None:
    first = await receive(service, intake, RAW)
    again = await receive(service, intake, RAW)
    assert (again.outcome, again.number) == (Outcome.DUPLICATE, first.number)


async def test_a_copy_that_came_another_way_is_a_duplicate(service: Desk, intake: Intake) -> None:
    first = await receive(service, intake, named("a", Received="by one.example.com"))
    copy = await receive(service, intake, named("a", Received="by two.example.com"))
    assert (copy.outcome, copy.number) == (Outcome.DUPLICATE, first.number)


async def test_an_answer_joins_the_ticket(service: Desk, intake: Intake) -> None:
    first = await receive(service, intake, RAW)
    answer = await receive(service, intake, named("b", In_Reply_To="<a@example.com>"))
    assert (answer.outcome, answer.number, answer.rule) == (Outcome.APPENDED, first.number, "in_reply_to")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "The mail is empty."),
        (b"\r\n \n", "The mail is empty."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "This is not a mail: it does not begin with the fields of one."),
    ],
)
async def test_what_is_no_mail_is_held_with_a_sentence(
    service: Desk, intake: Intake, raw: bytes, reason: str
) -> None:
    received = await receive(service, intake, raw)
    assert (received.outcome, received.reason) == (Outcome.QUARANTINED, reason)
    assert intake.files.get("raw", hashlib.sha256(raw).hexdigest()) == raw


async def test_our_own_answer_that_comes_back_is_ignored(service: Desk, intake: Intake) -> None:
    ours = named("c", X_Ttydesk="1042").replace(b"kim@example.com", b"Support@example.com")
    received = await receive(service, intake, ours)
    assert (received.outcome, received.reason) == (Outcome.IGNORED, "An answer of this desk came back to it.")


async def test_our_own_answer_in_an_archive_is_no_loop(service: Desk, intake: Intake) -> None:
    ours = named("c", X_Ttydesk="1042").replace(b"kim@example.com", b"support@example.com")
    received = await receive(service, intake, ours, Origin(is_history=True))
    assert received.outcome is Outcome.CREATED


async def test_an_answer_of_another_desk_is_a_mail_like_any(service: Desk, intake: Intake) -> None:
    assert (await receive(service, intake, named("d", X_Ttydesk="7"))).outcome is Outcome.CREATED


async def test_mail_from_our_own_address_that_we_did_not_send_is_a_ticket(
    service: Desk, intake: Intake
) -> None:
    """As web forms send it."""
    raw = RAW.replace(b"kim@example.com", b"support@example.com")
    assert (await receive(service, intake, raw)).outcome is Outcome.CREATED


async def test_a_mail_over_the_limit_is_taken_in_and_its_files_are_named(
    service: Desk, desk: Desk, intake: Intake
) -> None:
    file = (
        b"Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n"
        b"Content-Transfer-Encoding: base64\n\n" + b"QUJD" * 30_000 + b"\n"
    )
    raw = RAW.replace(
        b"\n\nIt is", b"\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\nIt is"
    )
    raw += b"--x\nContent-Type: text/plain\n\nHi\n--x\n" + file + b"--x--\n"
    received = await receive(service, intake, raw)
    assert received.number
    (message,) = (await desk.show_ticket(received.number)).messages
    (attachment,) = message.attachments
    assert (attachment.filename, attachment.size, attachment.sha256) == ("a.pdf", 90_000, None)
    assert list(intake.files.listing("attachments")) == []


async def test_a_mail_of_50_megabytes_is_taken_in(service: Desk, desk: Desk, intake: Intake) -> None:
    raw = RAW + b"A line of words that somebody wrote.\n" * 1_400_000
    received = await receive(service, intake, raw)
    assert received.outcome is Outcome.CREATED and received.number
    (message,) = (await desk.show_ticket(received.number)).messages
    assert message.content.startswith("It is broken.\nA line of words")
    (rest,) = message.attachments
    assert rest.size > 50_000_000
    assert intake.files.get("raw", hashlib.sha256(raw).hexdigest()) == raw


async def test_a_fault_in_reading_sets_the_mail_aside_and_a_retry_takes_it_in(
    service: Desk, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(raw: bytes) -> None:
        raise ZeroDivisionError("a fault nobody foresaw")

    with monkeypatch.context() as patch:
        patch.setattr(sync.reading, "parse_mail", broken)
        received = await receive(service, intake, RAW)
        assert received.outcome is Outcome.QUARANTINED and received.raw_mail
        held = await service.show_raw_mail(received.raw_mail)
        assert (await retry(service, intake, held)).outcome is Outcome.QUARANTINED
    assert held.reason == "Reading this mail failed."
    assert "ZeroDivisionError: a fault nobody foresaw" in held.detail
    assert (await retry(service, intake, held)).outcome is Outcome.CREATED
    assert (await service.show_raw_mail(held.id)).outcome is Outcome.CREATED


async def test_a_retry_remembers_how_the_mail_came(
    service: Desk, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that was written in the mailbox itself must not become a mail to us."""
    box = await service.connect_mailbox("gmail", "gmail", "help@example.com")
    came = datetime(2026, 3, 1, 12, tzinfo=UTC)
    way = Origin(box.id, "17", came, thread_id="t1", is_sent=True)
    with monkeypatch.context() as patch:
        patch.setattr(sync.reading, "parse_mail", lambda raw: 1 / 0)
        received = await receive(service, intake, RAW.replace(b"To: support", b"To: bo"), way)
    assert received.outcome is Outcome.QUARANTINED and received.raw_mail
    held = await service.show_raw_mail(received.raw_mail)
    again = await retry(service, intake, held)
    assert again.outcome is Outcome.CREATED and again.number
    conversation = await service.show_ticket(again.number)
    assert [one.direction for one in conversation.messages] == ["outgoing"]
    ticket = conversation.ticket
    assert (ticket.mailbox, ticket.gmail_thread_id, ticket.created_at) == ("gmail", "t1", came)


async def test_what_the_database_refuses_is_set_aside(
    service: Desk, intake: Intake, database: str, admin: Any
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("alter table desk.tickets add check (subject <> 'Broken lamp')")
    received = await receive(service, intake, RAW)
    assert received.outcome is Outcome.QUARANTINED
    assert received.reason.startswith("The database refused it: ")
    assert (await receive(service, intake, RAW.replace(b"Broken", b"Bright"))).outcome is Outcome.CREATED


class Failing(Desk):
    """A desk whose `receive_mail` fails some times before it works."""

    def __init__(self, desk: Desk, *errors: Exception) -> None:
        super().__init__(desk._gateway)
        self.errors = list(errors)

    async def receive_mail(self, mail: dict[str, Any]) -> Received:
        if self.errors:
            raise self.errors.pop(0)
        return await super().receive_mail(mail)


async def test_a_mail_that_collides_with_another_is_tried_again(service: Desk, intake: Intake) -> None:
    assert (await receive(Failing(service, Conflict("deadlock")), intake, RAW)).outcome is Outcome.CREATED


@pytest.mark.parametrize("error", [Unreachable, StorageFailed])
async def test_what_is_not_the_mails_fault_settles_nothing(
    service: Desk, intake: Intake, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await receive(Failing(service, error()), intake, RAW)
    assert await service.list_raw_mails() == []
    assert (await receive(service, intake, RAW)).outcome is Outcome.CREATED


async def test_a_full_disk_settles_nothing(
    service: Desk, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: LocalFiles, kind: str, contents: list[bytes]) -> list[str]:
        raise StorageFailed("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(LocalFiles, "put_many", full)
        with pytest.raises(StorageFailed, match="full"):
            await receive(service, intake, RAW)
    assert await service.list_raw_mails() == []


async def test_bytes_are_on_the_disk_before_the_ledger_has_them(service: Desk, intake: Intake) -> None:
    class Watching(Desk):
        async def receive_mail(self, mail: dict[str, Any]) -> Received:
            assert intake.files.get("raw", mail["raw"]["sha256"]) == RAW
            return await super().receive_mail(mail)

    assert (await receive(Watching(service._gateway), intake, RAW)).outcome is Outcome.CREATED


@pytest.mark.parametrize("is_attached", [False, True])
async def test_a_link_to_the_portal_that_comes_back_is_good_no_more(
    service: Desk, desk: Desk, intake: Intake, is_attached: bool
) -> None:
    await receive(service, intake, RAW)
    link = new_link(Entrance("https://help.example.com/portal", 60))
    await service.create_portal_link("kim@example.com", link.sha256, 60)
    ours = f"See your requests and answer here: {link.url}"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "kim@example.com", "support@example.com", f"Re: {link.url}"
    mail["Message-ID"], mail["In-Reply-To"] = "<b@example.com>", "<a@example.com>"
    mail.set_content("Thanks!" if is_attached else f"Thanks!\n\nOn Monday Support wrote:\n> {ours}\n")
    if is_attached:
        mail.replace_header("Subject", "Re: Broken lamp")
        inner = EmailMessage()
        inner["From"] = "support@example.com"
        inner.set_content(f"{'Hello. ' * 9}{ours}", cte="quoted-printable")
        mail.add_attachment(inner)
    received = await receive(service, intake, mail.as_bytes())
    assert received.number
    message = (await desk.show_ticket(received.number)).messages[-1]
    assert message.content == "Thanks!"
    assert is_attached or "here: https://help.example.com/portal" in message.quoted_text
    assert "ttp_" not in message.model_dump_json()
    with pytest.raises(Gone):
        await service.open_portal(link.sha256, "a" * 64, 60)


async def test_a_link_in_a_mail_that_cannot_be_read_is_good_no_more(
    service: Desk, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receive(service, intake, RAW)
    link = new_link(Entrance("https://help.example.com/portal", 60))
    await service.create_portal_link("kim@example.com", link.sha256, 60)

    def fail(raw: bytes) -> None:
        raise ValueError("A fault.")

    monkeypatch.setattr(sync.reading, "parse_mail", fail)
    folded = link.url[:60] + "=\n" + link.url[60:]
    received = await receive(service, intake, named("b") + folded.encode())
    assert received.outcome is Outcome.QUARANTINED
    with pytest.raises(Gone):
        await service.open_portal(link.sha256, "a" * 64, 60)
