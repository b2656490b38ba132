"""Kill -9 around the moment in which an answer leaves by Gmail, whatever Google calls the mail: it leaves
once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.desk import Desk
from core.models import Delivery
from core.vault import SecretFiles
from sync.auth import TokenStore
from tests.gmail import GmailServer
from tests.mails import mail
from tests.sync.account import grant_of
from tests.whole_way.lives import Lives

ADDRESS = "lamps@example.com"
STEPS = ["after hold_outgoing", "asked to send", "before mark_sent"]


@pytest.fixture
def gmail() -> Iterator[GmailServer]:
    with GmailServer(ADDRESS, quota=None) as server:
        yield server


@dataclass
class House:
    home: Path
    database: str
    gmail: GmailServer
    lives: Lives

    def live(self, kill_at: str = "") -> bool:
        """Whether it was killed."""
        google = {"api_root": self.gmail.url}
        order: dict[str, Any] = {"home": str(self.home), "database": self.database, "work": "daemon"}
        return bool(self.lives.live(kill_at or 0, google=google, **order)["killed"])

    def an_hour_later(self) -> None:
        """What may have left can no longer turn up, and what waits is due."""
        with psycopg.connect(self.database) as connection:
            connection.execute(
                "update desk.outbox set not_before = now(), unsure_since = unsure_since - interval '1 hour'"
            )


@pytest.fixture
def house(tmp_path: Path, database: str, gmail: GmailServer, lives: Lives) -> House:
    TokenStore(SecretFiles(tmp_path / "tokens")).save(grant_of(gmail, ADDRESS))
    return House(tmp_path, database, gmail, lives)


@pytest.mark.parametrize("habit", ["kept", "replaced"])
async def test_an_answer_leaves_once_whenever_the_daemon_is_killed(
    house: House, service: Desk, desk: Desk, habit: Any
) -> None:
    house.gmail.habits.message_ids = habit
    house.gmail.habits.search_lag = 3600
    for one in await service.list_mailboxes():
        await service.disconnect_mailbox(one.id)
    mailbox = await service.connect_mailbox("lamps", "gmail", ADDRESS)
    for count, step in enumerate(STEPS, 1):
        received = await service.receive_mail(mail(f"{habit}{count}", mailbox_id=str(mailbox.id)))
        assert received.number
        await desk.reply(received.number, f"Answer {count}.", grace_seconds=0)
        assert house.live(step), step
        house.live()
        house.an_hour_later()
        house.live()
        dispatch = (await desk.show_ticket(received.number)).messages[-1].dispatch
        assert dispatch and dispatch.state is Delivery.SENT, (step, dispatch)
        assert len(house.gmail.mailbox().sent) == count, step
