"""core/config.py: which source wins, and one sentence for whatever is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from core.config import Mailbox, Settings, config_path, describe, load
from core.errors import DeskError, Invalid, StorageFailed

ROOT = Path(__file__).parents[2]
SECRETS = {
    *("database_url", "google.client_secret"),
    *("supabase.publishable_key", "supabase.secret_key", "supabase.access_token"),
    *("email_status.secret", "email_status.mailgun_key", "email_status.postmark_secret"),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, and none of the developer's variables."""
    for name in os.environ:
        if name.startswith(("TTYDESK_", "GOOGLE_", "SUPABASE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TTYDESK_HOME", str(tmp_path))
    return tmp_path


def write(home: Path, text: str) -> None:
    config_path(home).write_text(text, "utf-8")


def refusal(**typed: object) -> DeskError:
    with pytest.raises(DeskError) as raised:
        load(**typed)
    return raised.value


def test_the_defaults(home: Path) -> None:
    settings = load()
    assert settings.model_dump() == Settings(home=home).model_dump()
    assert settings.mailbox.maildir == home / "mail"
    assert settings.mailbox.address == "support@localhost"
    assert settings.database_url is None


def test_option_before_environment_before_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        home,
        'agent = "file@x"\ntheme = "light"\ngrace_seconds = 3\n[mailbox]\nname = "F"\nsize_limit_mb = 5\n',
    )
    monkeypatch.setenv("TTYDESK_AGENT", "env@x")
    monkeypatch.setenv("TTYDESK_THEME", "nord")
    monkeypatch.setenv("TTYDESK_MAILBOX_NAME", "E")
    settings = load(agent="Typed@X")
    assert (settings.agent, settings.theme, settings.grace_seconds) == ("typed@x", "nord", 3)
    assert (settings.mailbox.name, settings.mailbox.size_limit_mb) == ("E", 5)
    origins = {row.key: row.origin for row in describe(settings)}
    assert origins["home"] == "environment"
    assert origins["agent"] == "option"
    assert origins["theme"] == origins["mailbox.name"] == "environment"
    assert origins["grace_seconds"] == origins["mailbox.size_limit_mb"] == "file"
    assert origins["mailbox.address"] == "default"


def test_a_typed_home_decides_which_file(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(home, 'theme = "one"')
    write(other, 'theme = "two"')
    settings = load(home=other)
    assert (settings.home, settings.theme) == (other, "two")


VALUES = {
    "database_url": "postgresql://u:p@h/d",
    "agent": "a@b",
    "mailbox.address": "help@example.org",
    "mailbox.name": "Help",
    "mailbox.maildir": "/var/mail/help",
    "mailbox.sent_folder": ".Out",
    "mailbox.signature": "Bye",
    "mailbox.size_limit_mb": "7",
    "mailbox.reply_address_tokens": "true",
    "google.client_id": "1.apps.googleusercontent.com",
    "google.client_secret": "shh",
    "google.client_file": "/etc/client.json",
    "google.redirect_uri": "http://localhost:8765/cb",
    "tokens": "file",
    "google.topic": "projects/p/topics/t",
    "google.subscription": "projects/p/subscriptions/s",
    "google.poll_seconds": "9.0",
    "google.timeout_seconds": "30.0",
    "google.settling_seconds": "60.0",
    "google.label": "desk",
    "google.push_audience": "https://help.example.com/api/webhooks/gmail",
    "google.push_account": "push@p.iam.gserviceaccount.com",
    "google.push_certificates": "http://127.0.0.1:3",
    "google.units_a_minute": "15000",
    "google.api_root": "http://127.0.0.1:1",
    "google.pubsub_root": "http://127.0.0.1:2",
    "supabase.url": "https://name.supabase.co",
    "supabase.publishable_key": "sb_publishable_1",
    "supabase.secret_key": "sb_secret_1",
    "supabase.access_token": "eyJ",
    "web.host": "0.0.0.0",
    "web.port": "8443",
    "web.address": "https://help.example.com",
    "web.api_rate": "60/minute",
    "web.trusted_proxies": "10.0.0.1",
    "webhooks.allow_private": "true",
    "webhooks.timeout_seconds": "5.0",
    "web.portal_links": "false",
    "web.portal_link_days": "3.5",
    "web.departments": "billing, sales",
    "web.embed_in": "https://www.example.com, http://localhost:8000",
    "web.upload_count": "1",
    "web.upload_size_mb": "2",
    "web.upload_total_mb": "3",
    "web.receipt": "Thank you: {number}.",
    "web.receipts_an_hour": "0",
    "email_status.secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "email_status.ses_topic": "arn:aws:sns:eu-west-1:1:mail",
    "email_status.sendgrid_key": "MFkw",
    "email_status.mailgun_key": "key",
    "email_status.postmark_secret": "shh",
    "grace_seconds": "1.5",
    "theme": "light",
    "editor": "vi",
    "poll_seconds": "2.0",
}


def test_every_setting_but_two_can_come_from_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in VALUES.items():
        monkeypatch.setenv("TTYDESK_" + key.upper().replace(".", "_"), value)
    rows = {row.key: row for row in describe(load())}
    assert set(rows) == {"home", "keys", *VALUES}
    for key, value in VALUES.items():
        assert rows[key].origin == "environment"
        assert rows[key].value == ("**********" if key in SECRETS else value)


def test_the_names_of_googles_own_examples_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLIENT_ID", "theirs")
    monkeypatch.setenv("GOOGLE_CLIENT_SECRET", "secret")
    monkeypatch.setenv("GOOGLE_REDIRECT_URI", "http://localhost:8765/cb")
    google = load().google
    assert (google.client_id, google.redirect_uri) == ("theirs", "http://localhost:8765/cb")
    assert google.client_secret and google.client_secret.get_secret_value() == "secret"
    monkeypatch.setenv("TTYDESK_GOOGLE_CLIENT_ID", "ours")
    assert load().google.client_id == "ours"


def test_the_names_of_supabases_own_examples_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", "https://theirs.supabase.co/")
    monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_1")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_1")
    hosted = load().supabase
    assert hosted.url == "https://theirs.supabase.co/"
    assert hosted.publishable_key and hosted.publishable_key.get_secret_value() == "sb_publishable_1"
    assert hosted.secret_key and hosted.secret_key.get_secret_value() == "sb_secret_1"
    monkeypatch.setenv("TTYDESK_SUPABASE_URL", "https://ours.supabase.co")
    assert load().supabase.url == "https://ours.supabase.co"


@pytest.mark.parametrize(
    "url",
    ["http://name.supabase.co", "name.supabase.co", "https://", "https://u:p@h", "https://h/rest/v1",
     "http://localhost.example.com"],
)  # fmt: skip
def test_keys_travel_encrypted_or_not_at_all(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", url)
    assert "supabase.url should be an address that begins with https://" in str(refusal())


@pytest.mark.parametrize(
    "url", ["https://h.example:8443", "http://127.0.0.1:54321", "http://localhost:8000/"]
)
def test_a_project_of_ones_own_is_one_too(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", url)
    assert load().supabase.url == url


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTYDESK_AGENT", "")
    assert load().agent is None


def test_keys_are_read_from_the_file(home: Path) -> None:
    write(home, '[keys]\nreply = "R,ctrl+r"\n')
    assert load().keys == {"reply": "R,ctrl+r"}


@pytest.mark.parametrize(
    ("written", "meant"), [("/srv/mail", "/srv/mail"), ("in", "{home}/in"), ("~/mail", "{user}/mail")]
)
def test_where_the_maildir_is(home: Path, written: str, meant: str) -> None:
    write(home, f'[mailbox]\nmaildir = "{written}"')
    assert str(load().mailbox.maildir) == meant.format(home=home, user=Path.home())


def test_secrets_are_masked_everywhere(home: Path) -> None:
    settings = load(database_url="postgresql://u:hunter2@h/d")
    assert isinstance(settings.database_url, SecretStr)
    assert settings.database_url.get_secret_value().endswith("hunter2@h/d")
    assert "hunter2" not in f"{settings!r} {settings} {describe(settings)}"
    write(home, 'database_url = ["postgresql://u:hunter2@h/d"]')
    assert "hunter2" not in str(refusal())


def test_every_setting_is_explained() -> None:
    rows = describe(load())
    assert {row.key for row in rows} >= {"home", "mailbox.address", "poll_seconds"}
    assert all(row.meaning.endswith(".") and len(row.meaning) > 20 for row in rows)


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ('agnet = "a@b"', "there is no setting 'agnet'", "Did you mean agent?"),
        ('adress = "a@b"', "there is no setting 'adress'", "Did you mean mailbox.address?"),
        (
            '[mailbox]\nadress = "a@b"',
            "there is no setting 'mailbox.adress'",
            "Did you mean mailbox.address?",
        ),
        ('[mailbx]\nname = "x"', "there is no setting 'mailbx'", "Did you mean mailbox?"),
        ("zzzzzz = 1", "there is no setting 'zzzzzz'", None),
        ("mailbox = 3", "mailbox should be a section with settings of its own", None),
        ('[mailbox]\nsize_limit_mb = "big"', "mailbox.size_limit_mb should be a valid integer", None),
        ("[mailbox]\nsize_limit_mb = 0", "mailbox.size_limit_mb should be greater than 0", None),
        ("grace_seconds = -1", "grace_seconds should be greater than or equal to 0", None),
        ('[email_status]\nsecret = "shh"', "email_status.secret should be whsec_ and base64", None),
        ("[keys]\nreply = 3", "keys.reply should be a valid string", None),
        ('agent = "nobody"', "agent should be an e-mail address", None),
        ("theme = = 3", "is not valid TOML: Invalid value (at line 1, column 9)", None),
        ('home = "/x"', "home cannot be set in a file that lies in it", "Set TTYDESK_HOME instead."),
    ],
)
def test_what_is_wrong_in_the_file(home: Path, text: str, sentence: str, hint: str | None) -> None:
    write(home, text)
    error = refusal()
    assert isinstance(error, Invalid)
    assert str(error).startswith(str(config_path(home)))
    assert sentence in str(error)
    assert error.hint == hint
    assert "\n" not in str(error)


def test_a_file_that_is_no_text(home: Path) -> None:
    config_path(home).write_bytes(b'theme = "\xff"')
    assert str(refusal()) == f"{config_path(home)} is not UTF-8 text: byte 9 does not belong there."


def test_a_file_that_is_a_folder(home: Path) -> None:
    config_path(home).mkdir()
    error = refusal()
    assert isinstance(error, StorageFailed)
    assert str(error) == f"{config_path(home)} cannot be read: Is a directory."


def test_what_is_wrong_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTYDESK_POLL_SECONDS", "often")
    assert str(refusal()) == "TTYDESK_POLL_SECONDS: poll_seconds should be a valid number."
    monkeypatch.delenv("TTYDESK_POLL_SECONDS")
    monkeypatch.setenv("TTYDESK_AGNET", "a@b")
    error = refusal()
    assert str(error) == "The environment sets TTYDESK_AGNET, but there is no such setting."
    assert error.hint == "Did you mean TTYDESK_AGENT?"


def test_what_is_wrong_in_the_options() -> None:
    assert str(refusal(agent="me")) == "The options: agent should be an e-mail address."


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = refusal(home=tmp_path / "file/home")
    assert isinstance(error, StorageFailed)
    assert str(error) == f"The home folder {tmp_path}/file/home cannot be used: Not a directory."
    assert error.hint == "Choose another with --home or TTYDESK_HOME."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_may_not_be_written(home: Path) -> None:
    home.chmod(0o500)
    assert "you may not write there" in str(refusal())


def test_a_new_home_is_private(tmp_path: Path) -> None:
    home = load(home=tmp_path / "new").home
    assert home.stat().st_mode & 0o777 == 0o700


def test_without_any_home_the_platform_says_where(tmp_path: Path) -> None:
    program = "from core.config import load; print(load().home)"
    ours = ("TTYDESK_HOME", "XDG_DATA_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment["HOME"] = str(tmp_path)
    command = [sys.executable, "-c", program]
    said = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert Path(said.strip()).is_relative_to(tmp_path)
    assert said.strip().endswith("ttydesk")


def test_settings_do_not_change(home: Path) -> None:
    with pytest.raises(ValidationError):
        Settings(home=home).theme = "light"  # type: ignore[misc]
    assert Mailbox().maildir == Path("mail")
