"""A follower and a server that is killed: its memory of transactions is shorter than the follower's."""

from pathlib import Path

import psycopg

from core.embedded import Embedded
from core.migrate import migrate
from tests.conftest import desk_as
from tests.core.servers import kill_server
from tests.mails import mail


async def test_a_cursor_from_before_a_crash_skips_nothing_after_it(empty: Path) -> None:
    """Transactions that never reached the disk are forgotten, and their numbers given out again."""
    with Embedded(empty) as embedded:
        conninfo = embedded.start()
        migrate(conninfo)
        async with desk_as(conninfo, "service_role") as service:
            await service.connect_mailbox("support", "maildir", "support@example.com")
            await service.receive_mail(mail("before"))
            with psycopg.connect(conninfo) as connection:
                for _ in range(50):
                    connection.execute("select pg_current_xact_id()")
                    connection.rollback()
            cursor = (await service.events_since()).cursor
            kill_server(empty)
        conninfo = embedded.revive()
        async with desk_as(conninfo, "service_role") as service:
            received = await service.receive_mail(mail("after"))
            page = await service.events_since(cursor)
            assert [(event.kind, event.number) for event in page.events] == [("created", received.number)]
            assert (await service.events_since(page.cursor)).events == []
