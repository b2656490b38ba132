"""sync.overview and how commands.overview prints it: who works where, how far, and what waits."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from commands.overview import print_overview
from core.config import Settings
from core.desk import Desk
from core.errors import Unreachable
from core.vault import SecretFiles
from sync.auth import Grant, TokenStore
from sync.lock import held
from sync.overview import look
from sync.worker import worker_name
from tests.mails import mail

SALES = "sales@example.com"
STARTED = datetime.now(UTC) - timedelta(hours=3)


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    return Settings(home=tmp_path, database_url=database, tokens="file")


async def lives(service: Desk, worker: str, **more: Any) -> None:
    await service.beat(worker, "other", "/home", 4711, "1.0", STARTED, **more)


def shown(capsys: pytest.CaptureFixture[str], overview: Any) -> str:
    print_overview(overview)
    return capsys.readouterr().out


async def test_nobody_works(settings: Settings, service: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    overview = await look(settings)
    assert not overview.works and overview.trouble is None
    (box,) = overview.mailboxes
    assert (box.name, box.held_by, box.last_success, box.token) == ("support", None, None, None)
    assert "nobody: mail is neither fetched nor sent" in shown(capsys, overview)


async def test_a_daemon_on_another_machine(
    settings: Settings, service: Desk, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (mailbox,) = await service.list_mailboxes()
    await lives(service, "other 1234", received=12, problems={"intake": "The \x1b[31mfolder is away."})
    await service.lease_mailbox(mailbox.id, "other 1234")
    await service.save_cursor(mailbox.id, None)
    overview = await look(settings)
    assert overview.works and overview.process is None
    assert (overview.mailboxes[0].held_by, overview.mailboxes[0].is_ours) == ("other", False)
    text = shown(capsys, overview)
    assert "process 4711, for 3 hours: 12 in, 0 out" in text and "a daemon on other" in text
    assert "intake: The ␛[31mfolder is away." in text and "\x1b" not in text
    assert "up to date" in text
    with psycopg.connect(database) as connection:
        connection.execute("update desk.daemons set beat_at = now() - interval '5 minutes'")
    overview = await look(settings)
    assert not overview.works
    assert "ended without a word 5 minutes ago" in shown(capsys, overview)


async def test_the_daemon_of_this_home(
    settings: Settings, service: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    import os

    ours = worker_name(settings.home)
    await service.beat(ours, "here", str(settings.home), os.getpid(), "1.0", STARTED)
    assert not (await look(settings)).works, "the lock says that it was killed a moment ago"
    with held(settings.home):
        overview = await look(settings)
        assert (overview.works, overview.process, overview.daemons[0].is_here) == (True, os.getpid(), True)
        assert f"here        process {os.getpid()}" in shown(capsys, overview)


async def test_how_the_token_of_a_mailbox_is(
    settings: Settings, service: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    sales = await service.connect_mailbox("sales", "gmail", SALES)

    async def token() -> Any:
        return next(box.token for box in (await look(settings)).mailboxes if box.name == "sales")

    assert (await token()).state == "missing"
    tokens = settings.home / "tokens"
    grant = Grant(
        address=SALES,
        client_id="c",
        client_secret=SecretStr("GOCSPX-1"),
        refresh_token=SecretStr("1//secret"),
        token_uri="http://127.0.0.1:1/token",
        scopes=(),
        granted_at=STARTED,
        expires_at=STARTED + timedelta(days=7),
    )
    TokenStore(SecretFiles(tokens)).save(grant)
    assert (await token()).state == "kept" and (await token()).expires_at == grant.expires_at
    await service.save_cursor(
        sales.id, None, "Google no longer lets ttydesk into the mailbox: the permission was taken back."
    )
    overview = await look(settings)
    assert "it does not hold any more" in shown(capsys, overview)
    assert "secret" not in overview.model_dump_json()
    next(tokens.iterdir()).chmod(0o644)
    assert (await token()).state == "unreadable"


async def test_what_waits(
    settings: Settings, service: Desk, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(capsys, await look(settings)).count("empty") == 2
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    await service.receive_mail(mail("b", quarantine={"reason": "It is no mail.", "detail": ""}))
    text = shown(capsys, await look(settings))
    assert "1 answer waits, the oldest for " in text and "1 mail, the oldest for " in text


async def test_a_database_that_is_away(settings: Settings, tmp_path: Path) -> None:
    away = settings.model_copy(update={"database_url": SecretStr(f"host={tmp_path} dbname=x")})
    overview = await look(away)
    assert isinstance(overview.trouble, Unreachable) and not overview.works
    assert "trouble" not in overview.model_dump()
