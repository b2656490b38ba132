"""Kill -9 at every step, start again: no mail is lost, no ticket doubled, no answer sent twice.

Each test goes on over all its deaths with one desk, so that traces of earlier ones are there too, and says
how often it has to kill at least: together more than 200 times.
"""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.desk import Desk
from core.files import LocalFiles
from core.models import Delivery, Outcome
from sync.maildir import Maildir
from sync.reading import Intake
from sync.verify import repair, verify
from tests.whole_way.lives import Lives


@dataclass
class House:
    """A desk with its home, and what should be in it."""

    home: Path
    database: str
    service: Desk
    desk: Desk
    lives: Lives
    subjects: dict[str, int] = field(default_factory=dict)
    """How many mails each ticket should have."""
    answers: list[str] = field(default_factory=list)
    deaths: int = 0
    _serial: int = 0

    @property
    def maildir(self) -> Path:
        return self.home / "mail"

    @property
    def intake(self) -> Intake:
        return Intake(LocalFiles(self.home / "files"))

    def mail(self, folder: Path, answers: int | None = None, file: bool = False) -> int:
        """Write a mail into the folder; returns its number. One that answers goes to that one's ticket."""
        self._serial += 1
        number = self._serial
        thread = f"In-Reply-To: <{answers}@example.com>\n" if answers else ""
        body = f"Content-Type: text/plain\n\nText {number}\n"
        if file:
            body = (
                "Content-Type: multipart/mixed; boundary=x\n\n--x\n" + body + "--x\nContent-Type: text/csv\n"
                f"Content-Disposition: attachment; filename=a.csv\n\n{number},1\n--x--\n"
            )
        ticket = answers or number
        (folder / f"{1_700_000_000 + number}.M1P1.host").write_text(
            f"From: kim{ticket}@example.com\nTo: support@example.com\nSubject: Mail {ticket}\n"
            f"Message-ID: <{number}@example.com>\nDate: 1 Mar 2026 10:00:00 +0000\n{thread}"
            f"MIME-Version: 1.0\n{body}"
        )
        self.subjects[f"Mail {ticket}"] = self.subjects.get(f"Mail {ticket}", 0) + 1
        return number

    async def answer(self, content: str) -> None:
        """Answer the newest ticket."""
        page = await self.desk.list_tickets(limit=1)
        await self.desk.reply(page.tickets[0].number, content, grace_seconds=0)
        self.answers.append(content)

    def live(
        self, kill_at: int | str = 0, work: str = "daemon", folder: Path | None = None
    ) -> dict[str, Any]:
        answer = self.lives.live(
            kill_at, home=str(self.home), database=self.database, work=work, folder=str(folder)
        )
        self.deaths += answer["killed"]
        return answer

    async def check(self) -> None:
        await self.check_tickets()
        self.check_sent()
        assert list((self.maildir / "new").iterdir()) == []
        mailbox, *_ = await self.service.list_mailboxes()
        await repair(self.service, self.intake, await verify(self.service, self.intake, []))
        found = await verify(self.service, self.intake, [(mailbox, Maildir(self.maildir))])
        assert found.is_complete, found
        ledger = await self.service.list_raw_mails(limit=100_000)
        assert {one.outcome for one in ledger} <= {Outcome.CREATED, Outcome.APPENDED}

    async def check_tickets(self) -> None:
        """One ticket for each conversation, with each of its mails once."""
        counts: dict[str, int] = {}
        after = None
        while True:
            page = await self.desk.list_tickets(limit=200, after=after)
            for ticket in page.tickets:
                assert ticket.subject not in counts, "a ticket was doubled"
                counts[ticket.subject] = ticket.message_count
            after = page.next
            if after is None:
                break
        sent = sum(counts.values()) - sum(self.subjects.values())
        assert counts.keys() == self.subjects.keys()
        assert sent == len(self.answers)

    def check_sent(self) -> None:
        folder = self.maildir / ".Sent" / "cur"
        sent = [message_from_bytes(file.read_bytes()) for file in folder.iterdir()] if folder.exists() else []
        texts = [next(part for part in mail.walk() if not part.is_multipart()) for mail in sent]
        assert sorted(str(text.get_payload(decode=True), "utf-8").strip() for text in texts) == sorted(
            self.answers
        )
        assert len({mail["Message-ID"] for mail in sent}) == len(sent)


@pytest.fixture
async def house(
    tmp_path: Path, database: str, service: Desk, desk: Desk, lives: Lives
) -> AsyncIterator[House]:
    house = House(tmp_path / "home", database, service, desk, lives)
    Settings(home=house.home)
    house.live()  # makes the Maildir
    yield house


async def test_the_daemon_is_killed_at_every_step(house: House) -> None:
    kill_at = 0
    while True:
        kill_at += 1
        new = house.maildir / "new"
        first = house.mail(new)
        house.mail(new, answers=first, file=True)
        if kill_at > 1:
            await house.answer(f"Answer {kill_at}")
        answer = house.live(kill_at)
        house.live()
        await house.check()
        if not answer["killed"]:
            break
    assert house.deaths > 50
    assert {"before mark_sent", "after receive_mail", "after link", "half a write"} <= set(answer["steps"])


async def test_the_daemon_is_killed_and_killed_again_while_it_recovers(house: House) -> None:
    dice = random.Random(1)
    while house.deaths < 130:
        first = house.mail(house.maildir / "new")
        house.mail(house.maildir / "new", answers=first)
        house.live(dice.randrange(20, 40))
        await house.answer(f"Answer {house._serial}") if (await house.desk.list_tickets()).tickets else None
        for _ in range(4):
            house.live(dice.randrange(1, 30))
        house.live()
        await house.check()


async def test_an_import_is_killed_at_every_step(house: House, tmp_path: Path) -> None:
    kill_at = 0
    while True:
        kill_at += 1
        folder = tmp_path / f"archive{kill_at}"
        folder.mkdir()
        first = house.mail(folder)
        house.mail(folder, answers=first, file=True)
        answer = house.live(kill_at, "import", folder)
        house.live(0, "import", folder)
        await house.check()
        if not answer["killed"]:
            break
    assert house.deaths > 25


async def test_a_mail_that_was_stored_and_never_entered_is_found_and_taken_in(
    house: House, tmp_path: Path
) -> None:
    """The file is gone that it came from, and the import is not repeated."""
    folder = tmp_path / "archive"
    folder.mkdir()
    house.mail(folder)
    assert house.live("before receive_mails", "import", folder)["killed"]
    found = await verify(house.service, house.intake, [])
    assert len(found.unentered) == 1
    (received,) = await repair(house.service, house.intake, found)
    assert received.outcome is Outcome.CREATED
    await house.check()


async def test_an_answer_that_was_sent_and_not_noted_is_noted(house: House) -> None:
    house.mail(house.maildir / "new")
    house.live()
    await house.answer("Hello.")
    assert house.live("before mark_sent")["killed"]
    (ticket,) = (await house.desk.list_tickets()).tickets
    (*_, message) = (await house.desk.show_ticket(ticket.number)).messages
    assert message.dispatch and message.dispatch.state is Delivery.SENDING
    house.live()
    (*_, message) = (await house.desk.show_ticket(ticket.number)).messages
    assert message.dispatch and message.dispatch.state is Delivery.SENT
    await house.check()
