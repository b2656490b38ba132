"""A desk with very many tickets, made once and kept.

The one place where rows are put into the tables without the operations: a million tickets
through `receive_mail` would take an hour, and reading them is what is measured.
"""

import asyncio
import hashlib
import time
from pathlib import Path

import psycopg

from core.config import Settings
from core.connect import open_desk
from core.embedded import Embedded
from core.models import Role
from core.version import SQL

AGENT = "ada@example.com"

_IN_A_HURRY = {
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "fsync": "off",
    "gin_pending_list_limit": "1GB",
    "maintenance_work_mem": "1GB",
    "work_mem": "512MB",
}
"""For the server that fills; the one that is measured has its own settings."""

_USERS = """
insert into desk.users (email, name)
select 'customer' || i || '@example.org',
  (array['Customer Ada', 'Kim', 'José', '山田', 'Olga'])[1 + i %% 5] || ' ' || i
from generate_series(1, greatest(%(count)s / 10, 1)) i
"""
_TICKETS = """
insert into desk.tickets
  (user_id, subject, status, priority, created_at, updated_at, last_message_at, assigned_to, waiting_since,
   message_count, attachment_count, words)
select u.id, subject,
  (case when i %% 10 < 4 then 'open' when i %% 10 < 6 then 'pending' when i %% 10 < 9 then 'resolved'
    else 'closed' end)::ticket_status,
  (array['low', 'medium', 'medium', 'high'])[1 + i %% 4]::ticket_priority,
  at - interval '2 days', at, at, case when i %% 3 = 0 then a.id end,
  case when i %% 10 < 4 then at else 'infinity' end, 2, i %% 7 / 5, to_tsvector('simple', subject)
from generate_series(1, %(count)s) i
  cross join lateral (select now() - make_interval(secs => (%(count)s - i) * 20 + 60) as at,
    'Question ' || i || ' about ' || (array['an invoice', 'the delivery', 'a password', 'a refund',
      'the printer', 'die Rechnung', '注文について'])[1 + i %% 7]
      || ' of order ' || (i * 7919::bigint %% 100003) as subject
    ) x
  join desk.users u on u.email = 'customer' || (1 + i %% greatest(%(count)s / 10, 1)) || '@example.org'
  cross join (select id from desk.support_agents limit 1) a
order by i
"""
_MESSAGES = """
insert into desk.messages (ticket_id, sender_email, sender_name, content, direction, created_at, sent_at,
  message_id, fingerprint, joined_by)
select t.id, u.email, u.name,
  case when part = 1 then 'Good morning,' || e'\n\n' || 'I wrote about ' || t.subject || ' before.'
  else 'This is the text of ticket ' || t.number || '.' || e'\n\n'
    || repeat('Please have a look at it, it has not worked since last week. ', 8) end,
  'incoming', t.created_at + part * interval '1 hour', t.created_at + part * interval '1 hour',
  '<' || t.number || '.' || part || '@example.org>', md5(t.number || '.' || part),
  case when part = 1 then 'new' else 'in_reply_to' end
from desk.tickets t join desk.users u on u.id = t.user_id cross join generate_series(1, 2) part
order by t.number, part
"""
_EVENTS = """
insert into desk.events (ticket_id, kind, created_at)
select id, 'created', created_at from desk.tickets order by number
"""


def filled(cache: Path, count: int) -> Path:
    """The home of a desk with `count` tickets, its server stopped; made if it is not there.

    Another version of the tables has folders of its own.
    """
    tables = "".join(file.read_text("utf-8") for file in sorted((SQL / "migrations").glob("*.sql")))
    home = cache / f"{count}-{hashlib.sha256(tables.encode()).hexdigest()[:8]}"
    done = home / "filled"
    if not done.exists():
        begin = time.perf_counter()
        print(f"filling a desk with {count:,} tickets ...", flush=True)
        asyncio.run(_begin(Settings(home=home, agent=AGENT)))
        embedded = Embedded(home, _IN_A_HURRY)
        fill_database(embedded.start(), count)
        embedded.stop()
        done.touch()
        print(f"... in {time.perf_counter() - begin:.0f} s", flush=True)
    return home


def fill_database(database: str, count: int) -> None:
    """Unless it is filled; there must be an agent."""
    with psycopg.connect(database, autocommit=True) as connection:
        if _count(connection) == 0:
            with connection.transaction():
                connection.execute("set local search_path = desk, public")
                connection.execute("set local session_replication_role = replica")  # no foreign key checks
                for statement in (_USERS, _TICKETS, _MESSAGES, _EVENTS):
                    connection.execute(statement, {"count": count})
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


async def _begin(settings: Settings) -> None:
    """Make the database, its first agent among it."""
    async with open_desk(settings, service=True) as desk:
        if AGENT not in [agent.email for agent in await desk.list_agents()]:
            await desk.add_agent(AGENT, "Ada", Role.ADMIN)


def _count(connection: psycopg.Connection[tuple[int]]) -> int:
    row = connection.execute("select count(*) from desk.tickets").fetchone()
    return int(row[0]) if row else 0
