"""The doctor on the desk as a whole: each finding, by making it true."""

import os
import shutil
from collections import namedtuple
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from pydantic import SecretStr

from core.config import Mailbox, Settings, Supabase
from core.desk import Desk
from core.errors import Invalid
from core.sections import EmailStatus, Google
from sync.doctor import diagnose
from sync.doctor_desk import settings_are_private, unread_settings
from sync.doctor_finding import Finding, Result, span
from sync.doctor_state import State
from sync.heartbeat import Heartbeat, write_heartbeat
from sync.lock import held
from sync.maildir import Maildir
from tests.mails import mail
from tests.sync.clinic import Clinic, daemon_on_mars, utc_now

OK, WARNING, FAILED, UNKNOWN = Result.OK, Result.WARNING, Result.FAILED, Result.UNKNOWN
SUPPORT = "support@example.com"


@pytest.fixture
def settings(service: Desk, database: str, tmp_path: Path) -> Settings:
    """A desk with a Maildir, on which no daemon has worked."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Settings(home=home, database_url=SecretStr(database), mailbox=Mailbox(address=SUPPORT))


async def finding(settings: Settings, check: str, about: str = "", **more: object) -> Finding:
    (found,) = [one for one in await diagnose(settings, **more) if (one.check, one.about) == (check, about)]  # type: ignore[arg-type]
    return found


async def test_a_new_desk_is_well_but_for_its_daemon(settings: Settings) -> None:
    found = await diagnose(settings)
    assert [one.check for one in found if one.result is FAILED] == []
    assert [one.check for one in found if one.result is WARNING] == ["daemon"]
    assert [(one.check, one.result) for one in found if one.about] == [("maildir", OK), ("reading", UNKNOWN)]
    assert list(settings.home.iterdir()) == []


async def test_others_can_read_what_is_secret(settings: Settings) -> None:
    """Not under tmp_path, where nobody else gets whatever the rights are."""
    assert "no config.toml" in (await finding(settings, "settings")).said
    with TemporaryDirectory(prefix="ttydesk-tests-") as folder:
        home = Path(folder)
        settings = settings.model_copy(update={"home": home})
        file = home / "config.toml"
        file.write_text("")
        os.chmod(file, 0o644)
        assert (await finding(settings, "settings")).result is OK  # nobody gets there
        os.chmod(home, 0o711)
        found = await finding(settings, "settings")
        assert (found.result, found.advice) == (WARNING, f"chmod 600 {file}")
        assert (await finding(settings, "home folder")).result is OK
        os.chmod(file, 0o600)
        assert (await finding(settings, "settings")).result is OK
        os.chmod(home, 0o755)
        found = await finding(settings, "home folder")
        assert (found.result, found.advice) == (WARNING, f"chmod o-rw {home}")


async def test_others_can_read_the_secret_of_a_mail_service(settings: Settings) -> None:
    with TemporaryDirectory(prefix="ttydesk-tests-") as folder:
        os.chmod(folder, 0o711)
        told = EmailStatus(mailgun_key=SecretStr("key"))
        settings = Settings(home=Path(folder), email_status=told)
        file = settings.home / "config.toml"
        file.write_text("")
        os.chmod(file, 0o644)
        verdict = settings_are_private(State(settings, utc_now(), None, None, Invalid("It is not asked.")))
        assert verdict and verdict.result is WARNING


@pytest.mark.parametrize(
    ("google", "result", "words"),
    [
        (Google(push_audience="https://x"), WARNING, "google.push_account is not set"),
        (Google(push_account="a@b"), WARNING, "google.push_audience is not set"),
        (Google(push_audience="https://x", push_account="a@b"), WARNING, "google.topic is not"),
        (Google(push_audience="https://x", push_account="a@b", topic="projects/p/topics/t"), OK, "https://x"),
    ],
)
async def test_google_s_push_is_set_up_whole(
    settings: Settings, google: Google, result: Result, words: str
) -> None:
    assert "push" not in [one.check for one in await diagnose(settings)]
    found = await finding(settings.model_copy(update={"google": google}), "push")
    assert found.result is result and words in found.said


def test_settings_that_cannot_be_read_are_all_there_is_to_say() -> None:
    verdict = unread_settings(Invalid("config.toml is not valid TOML."))
    assert verdict.result is FAILED and verdict.said.endswith("Nothing else was looked at.")


@pytest.mark.parametrize(
    ("free", "result", "words"),
    [
        (5_000_000_000, OK, "5.0 GB are free"),
        (700_000_000, WARNING, "Only 700 MB"),
        (3_000_000, FAILED, "Only 3 MB"),
    ],
)
async def test_the_disk(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, result: Result, words: str
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12 - free, free))
    found = await finding(settings, "disk")
    assert found.result is result and words in found.said


async def test_no_database_leaves_the_rest_unsaid(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    found = {one.check: one for one in await diagnose(Settings(home=home))}
    assert found["database"].result is FAILED and f"no desk in {home}" in found["database"].said
    assert found["agents"].result is found["outbox"].result is UNKNOWN
    assert list(home.iterdir()) == []
    url = SecretStr("postgresql://ada:secret@127.0.0.1:1/desk?connect_timeout=1")
    database = await finding(Settings(home=home, database_url=url), "database")
    assert database.result is FAILED and "cannot be reached" in database.said
    assert "secret" not in repr(database)


async def test_a_hosted_desk_is_looked_at_with_the_key_that_the_machine_has(tmp_path: Path) -> None:
    os.mkdir(home := tmp_path / "home", 0o700)
    for keys, missing in (
        ({}, "supabase.publishable_key is not set"),
        ({"publishable_key": SecretStr("sb_publishable_x")}, "signed in"),
        ({"secret_key": SecretStr("sb_secret_x")}, "cannot be reached"),
    ):
        hosted = Supabase(url="http://127.0.0.1:1", **keys)
        found = await finding(Settings(home=home, supabase=hosted), "database")
        assert found.result is FAILED and missing in found.said
        assert "sb_" not in repr(found)


async def test_a_database_of_another_version(settings: Settings, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("comment on schema desk is 'ttydesk another'")
    found = await finding(settings, "database")
    assert found.result is FAILED and "ttydesk db migrate" in found.advice


async def test_who_can_answer(settings: Settings, service: Desk) -> None:
    assert (await finding(settings, "agents")).said == "2 active agents."
    of_eve = settings.model_copy(update={"agent": "eve@example.com"})
    found = await finding(of_eve, "agents")
    assert found.result is FAILED and "you are eve@example.com" in found.said
    await service.update_agent("grace@example.com", {"active": False})
    assert (await finding(settings, "agents")).said == "1 active agent."


async def test_no_agent_at_all(settings: Settings, service: Desk, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update desk.support_agents set active = false")
    found = await finding(settings, "agents")
    assert (found.result, found.said) == (FAILED, "There is no active agent.")


async def test_an_address_that_nobody_can_write_to(settings: Settings, service: Desk) -> None:
    assert (await finding(settings, "address")).said == f"Customers write to {SUPPORT}."
    box = await service.connect_mailbox("support", "maildir", "support@localhost")
    found = await finding(settings, "address")
    assert (found.result, found.said) == (WARNING, "Customers cannot write to support@localhost.")
    await service.disconnect_mailbox(box.id)
    assert (await finding(settings, "address")).result is FAILED


async def test_gmail_is_set_up_halfway(clinic: Clinic) -> None:
    assert not [one for one in await clinic.diagnose() if one.check == "gmail" and not one.about]
    await clinic.service.disconnect_mailbox(clinic.known.id)
    found = await finding(clinic.settings, "gmail")
    assert found.result is WARNING and "no Gmail mailbox is connected" in found.said


async def test_the_maildir(settings: Settings, service: Desk) -> None:
    box = settings.mailbox
    assert "is made when the daemon begins" in (await finding(settings, "maildir", SUPPORT)).said
    (known,) = await service.list_mailboxes()
    await service.save_cursor(known.id, None)
    found = await finding(settings, "maildir", SUPPORT)
    assert found.result is FAILED and "lacks the folders new, cur, tmp" in found.said
    Maildir(box.maildir).create()
    assert (await finding(settings, "maildir", SUPPORT)).result is OK
    (box.maildir / "tmp").rmdir()
    assert "lacks the folder tmp" in (await finding(settings, "maildir", SUPPORT)).said


async def test_a_maildir_that_may_not_be_written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    Maildir(settings.mailbox.maildir).create()
    shut = settings.mailbox.maildir / "cur"
    monkeypatch.setattr("os.access", lambda path, mode: path != shut)  # root may do all, whatever the mode is
    found = await finding(settings, "maildir", SUPPORT)
    assert (found.result, found.said) == (FAILED, f"You may not read and write in {shut}.")


async def test_no_daemon(settings: Settings, service: Desk) -> None:
    assert "has worked here yet" in (await finding(settings, "daemon")).said
    (known,) = await service.list_mailboxes()
    await service.save_cursor(known.id, None)
    assert (await finding(settings, "daemon")).result is WARNING
    later = utc_now() + timedelta(minutes=15)
    found = await finding(settings, "daemon", now=lambda: later)
    assert found.result is FAILED and "ttydesk sync" in found.advice
    write_heartbeat(settings.home, Heartbeat(pid=1, started_at=utc_now(), beat_at=utc_now()))
    assert (await finding(settings, "daemon")).result is FAILED
    await daemon_on_mars(service)
    assert (await finding(settings, "daemon")).said == "A daemon works on mars."


async def test_a_daemon_that_hangs_or_has_a_problem(clinic: Clinic) -> None:
    with held(clinic.settings.home):
        assert (await clinic.finding("daemon", "")).result is UNKNOWN
        clinic.daemon_beats(timedelta(minutes=7))
        found = await clinic.finding("daemon", "")
        assert found.result is FAILED and "no sign of life for 7 minutes" in found.said
        clinic.daemon_beats()
        assert (await clinic.finding("daemon", "")).result is OK
        assert (await clinic.finding("difficulties", "")).result is OK
        clinic.daemon_beats(problems={"outbox": "The disk is full.", "intake": "It is too."})
        found = await clinic.finding("difficulties", "")
        assert (found.result, found.said) == (WARNING, "outbox: The disk is full. (1 more)")


async def test_a_daemon_that_works_on_another_mailbox_only(clinic: Clinic) -> None:
    with held(clinic.settings.home):
        later = utc_now() + timedelta(minutes=20)
        found = await clinic.finding("reading", now=lambda: later)
    assert found.result is FAILED and "last read 20 minutes ago" in found.said


async def test_answers_that_do_not_leave(settings: Settings, service: Desk, desk: Desk) -> None:
    await service.receive_mail(mail("a"))
    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
    assert (await finding(settings, "outbox")).said == "1 answer on the way."
    ours = await service.claim_outgoing("test")
    assert ours
    await service.mark_failed(ours.id, "The server is away.", 0)
    later = utc_now() + timedelta(hours=5, minutes=1)
    found = await finding(settings, "outbox", now=lambda: later)
    assert found.result is FAILED and "5 hours to leave: The server is away." in found.said
    ours = await service.claim_outgoing("test")
    assert ours
    await service.mark_failed(ours.id, "The address is refused.", None)
    assert (await finding(settings, "outbox")).said == "No answer waits to leave."
    found = await finding(settings, "failed answers")
    assert (found.result, found.said) == (WARNING, "The last answer on #1001 could not be sent.")


async def test_mail_in_quarantine(settings: Settings, service: Desk) -> None:
    assert (await finding(settings, "quarantine")).result is OK
    await service.receive_mail(mail("a", quarantine={"reason": "The mail is empty.", "detail": ""}))
    found = await finding(settings, "quarantine")
    assert (found.result, found.said) == (WARNING, "1 mail could not be read, and became no ticket.")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 seconds"), (1, "1 second"), (119, "119 seconds"), (3_600, "60 minutes"), (7_199, "119 minutes"),
     (-7_200, "2 hours"), (172_799, "47 hours"), (604_799, "6 days")],
)  # fmt: skip
def test_spans_of_time(seconds: int, said: str) -> None:
    assert span(timedelta(seconds=seconds)) == said
