"""The demo's customers while somebody looks on: they answer what the desk sends, and new ones write.

`Customers.write` is asked every second or so and returns the mails that are to be delivered now; it has no
clock of its own.
"""

import mailbox
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.utils import getaddresses
from pathlib import Path
from random import Random

from sync import letter, sample
from sync.letter import Letter
from sync.sample import Person, Step

ANSWER_SECONDS = (8, 25)
"""How soon a customer answers; people of the demo have nothing else to do."""
ARRIVAL_SECONDS = (25, 90)
_ANSWERS_PER_PERSON = 3
SILENT = 0.15
"""This share of what is sent gets no answer."""


@dataclass(frozen=True)
class _Planned:
    due: datetime
    sender: Person
    answer: sample.Answer
    sent: bytes


class Customers:
    def __init__(self, maildir: Path, sent: Path, random: Random) -> None:
        """`sent` is the folder whose files are the mails that left."""
        self.maildir = maildir
        self._sent = sent
        self._random = random
        self._seen = {name.partition(":")[0] for name in self._listing()}
        self._planned: list[_Planned] = []
        self._counts: dict[str, int] = {}
        self._arrivals = sample.arrivals()
        self._random.shuffle(self._arrivals)
        self._next_arrival: datetime | None = None
        self._by_email = {person.email: person for person in sample.people().values() if not person.agent}

    def write(self, now: datetime) -> list[bytes]:
        """What customers write at this moment."""
        for name in self._listing():
            # Flags may change behind the colon.
            if name.partition(":")[0] not in self._seen:
                self._seen.add(name.partition(":")[0])
                self._plan((self._sent / name).read_bytes(), now)
        due = [planned for planned in self._planned if planned.due <= now]
        self._planned = [planned for planned in self._planned if planned.due > now]
        return [self._answer(planned, now) for planned in due] + self._arrive(now)

    def _listing(self) -> list[str]:
        return sorted(path.name for path in self._sent.iterdir()) if self._sent.is_dir() else []

    def _plan(self, sent: bytes, now: datetime) -> None:
        mail = message_from_bytes(sent, policy=policy.default)
        to = [email for _, email in getaddresses([str(mail.get("To", ""))])]
        person = next((self._by_email[email] for email in to if email in self._by_email), None)
        if person is None or self._counts.get(person.key, 0) >= _ANSWERS_PER_PERSON:
            return
        if self._random.random() < SILENT:
            return
        answers = [one for one in sample.answers() if one.language == person.language]
        answers = answers or [one for one in sample.answers() if one.language == "en"]
        wait = timedelta(seconds=self._random.uniform(*ANSWER_SECONDS))
        self._counts[person.key] = self._counts.get(person.key, 0) + 1
        self._planned.append(_Planned(now + wait, person, self._random.choice(answers), sent))

    def _answer(self, planned: _Planned, now: datetime) -> bytes:
        mail = message_from_bytes(planned.sent, policy=policy.default)
        name, email = getaddresses([str(mail.get("Reply-To") or mail["From"])])[0]
        # "Ada Lindqvist (Pedalglow Support)"
        first = getaddresses([str(mail["From"])])[0][0].partition(" ")[0] or name
        return letter.write(
            Letter(
                sender=planned.sender,
                to=[(name, email)],
                cc=[],
                subject=f"Re: {str(mail['Subject']).removeprefix('Re: ')}",
                date=now.astimezone(),
                step=Step(mail=planned.sender.key, text=planned.answer.text.replace("@NAME@", first)),
                parent=planned.sent,
            )
        )

    def _arrive(self, now: datetime) -> list[bytes]:
        """A new customer's mail, when it is time for one."""
        if self._next_arrival is not None and now < self._next_arrival:
            return []
        first = self._next_arrival is None
        self._next_arrival = now + timedelta(seconds=self._random.uniform(*ARRIVAL_SECONDS))
        if first or not self._arrivals:
            return []
        thread = self._arrivals.pop()
        step = thread.steps[0]
        return [
            letter.write(
                Letter(
                    sample.people()[step.mail], [sample.SUPPORT], [], thread.subject, now.astimezone(), step
                )
            )
        ]


def deliver(maildir: Path, raw: bytes) -> None:
    """Into `new/`, as a mail server does it."""
    mailbox.Maildir(maildir, create=False).add(raw.replace(b"\r\n", b"\n"))
