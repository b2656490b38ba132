"""A mailbox at our Gmail server and a desk that works on it, as the daemon has them."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from pydantic import SecretStr

from core.desk import Desk
from core.files import LocalFiles
from core.models import Mailbox as Known
from core.models import Outcome
from sync.arrivals import Arrivals
from sync.auth import Grant
from sync.gmail import Gmail
from sync.google import Access, Google
from sync.outbound import Outbox, send_due
from sync.quota import Quota
from sync.reading import Intake
from tests.gmail import MODIFY, GmailServer, Mailbox

ADDRESS = "support@example.com"
KIM = "Kim <kim@example.net>"


def now() -> datetime:
    return datetime.now(UTC)


def grant_of(server: GmailServer, address: str) -> Grant:
    inner = next(iter(server.client_config.values()))
    return Grant(
        address=address,
        client_id=inner["client_id"],
        client_secret=inner["client_secret"],
        refresh_token=SecretStr(server.grant(address, MODIFY).refresh_token),
        token_uri=inner["token_uri"],
        scopes=(MODIFY,),
        granted_at=now(),
    )


def access_to(server: GmailServer, address: str) -> Access:
    return Access(grant_of(server, address))


@dataclass
class Account:
    server: GmailServer
    desk: Desk
    known: Known
    gmail: Gmail
    arrivals: Arrivals
    outbox: Outbox

    @property
    def box(self) -> Mailbox:
        """As its owner has it."""
        return self.server.mailbox(self.known.address)

    async def take_in(self) -> Counter[Outcome]:
        """What became of the mails of this round."""
        before = Counter(self.arrivals.counts)
        await self.arrivals.take_in()
        return self.arrivals.counts - before

    async def send(self) -> int:
        return await send_due(self.desk, self.outbox, now)

    def deliver(self, name: str, *labels: str, **more: str) -> str:
        """Mail to it from outside; returns Gmail's id of it."""
        raw = written(name, **({"to": self.known.address} | more))
        return self.box.deliver(raw, labels or ("INBOX", "UNREAD")).id

    def write(self, name: str, **more: str) -> str:
        """Its owner sends a mail from Gmail itself."""
        raw = written(name, **({"sender": self.known.address, "to": KIM} | more))
        return self.server.post.send(self.box, raw).id


def written(name: str, subject: str = "Lamp", to: str = "", sender: str = KIM, answers: str = "") -> bytes:
    """A mail whose Message-ID is <name@example.net>; `answers` is the whole Message-ID of another."""
    mail = EmailMessage(default.clone(max_line_length=998))  # it would encode long ids
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = f"<{name}@example.net>"
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    mail.set_content(f"This is {name}.")
    return mail.as_bytes()


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


@asynccontextmanager
async def account(
    server: GmailServer,
    desk: Desk,
    files: Path,
    address: str = ADDRESS,
    since: datetime | None = None,
    clock: Callable[[], datetime] = now,
    size_limit: int = 50_000_000,
) -> AsyncIterator[Account]:
    """Connected anew, as after a start of the daemon: it goes on from where it had come."""
    name = address.partition("@")[0]
    known = await desk.connect_mailbox(f"gmail {name}", "gmail", address, name.capitalize(), since=since)
    access, quota = access_to(server, address), Quota(1_000_000)
    google = [Google(access, quota, root=server.url, sleep=lambda seconds: None) for _ in range(3)]
    gmail = Gmail(google[0], google[1], known.since, clock, settling_seconds=0.0, beside=google[2])
    addresses = frozenset(one.address for one in await desk.list_mailboxes())
    intake = Intake(LocalFiles(files), addresses, size_limit)
    arrivals = Arrivals(desk, intake, gmail, known.id, clock, known.cursor)
    outbox = Outbox(gmail, intake.files, f"test {name}", mailbox_id=known.id)
    try:
        yield Account(server, desk, known, gmail, arrivals, outbox)
    finally:
        await gmail.close()
