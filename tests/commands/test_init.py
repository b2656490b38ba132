"""`ttydesk init` as it is typed: from nothing to a desk that works, and once more to repair it."""

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core.config import load
from tests.commands.conftest import Ran, Ttydesk
from tests.peers.hosted import PUBLISHABLE, SECRET, Project, supabase

CODE = "A code was mailed: ttydesk login ada@example.com --code CODE"


@pytest.fixture
def empty_project(empty_database: str) -> Iterator[Project]:
    """As Supabase gives one: without a desk."""
    with (
        tempfile.TemporaryDirectory() as storage,
        supabase(empty_database, Path(storage), migrated=False) as project,
    ):
        yield project


@pytest.fixture(autouse=True)
def only_these_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "PUBLISHABLE_KEY", "SECRET_KEY"):
        monkeypatch.delenv(f"SUPABASE_{name}", raising=False)
        monkeypatch.delenv(f"TTYDESK_SUPABASE_{name}", raising=False)
    monkeypatch.setenv("TTYDESK_TOKENS", "file")


def steps(ran: Ran) -> dict[str, str]:
    assert ran.code == 0, ran.out + ran.err
    return {line.split()[0]: line[9:] for line in ran.out.splitlines()}


def test_the_one_that_comes_along(typed: Ttydesk, home: Path) -> None:
    said = steps(typed("init", "embedded", "--email", "Ada@example.com", "--mailbox", "help@example.com"))
    assert said["settings"] == f"agent, mailbox.address written to {home}/config.toml."
    assert said["database"].startswith("Applied ")
    assert said["agent"] == "You are ada@example.com, admin of this desk."
    again = steps(typed("init", "embedded", "--email", "ada@example.com"))
    assert (again["settings"], again["database"]) == ("Nothing to do.", "Nothing to do.")
    assert steps(typed("init", "embedded"))["agent"] == "You are ada@example.com, admin of this desk."
    added = steps(typed("init", "embedded", "--email", "kim@example.com"))
    assert added["agent"] == "You are kim@example.com, admin of this desk from now on."
    assert typed("whoami").out.startswith("kim@example.com")


def test_ones_own(typed: Ttydesk, home: Path, empty_database: str) -> None:
    said = steps(typed("init", "postgres", "--database-url", "-", "--email", "a@example.com",
                       stdin=f"{empty_database}\n".encode()))  # fmt: skip
    assert said["server"].startswith("It answers: PostgreSQL ")
    assert said["settings"] == f"database_url, agent written to {home}/config.toml."
    assert (home / "config.toml").stat().st_mode & 0o777 == 0o600
    assert said["agent"] == "You are a@example.com, admin of this desk."
    assert steps(typed("init", "postgres"))["database"] == "Nothing to do."
    assert steps(typed("init", "embedded"))["settings"].startswith("database_url taken out of")
    assert load(home=home).database_url is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("host=/nowhere dbname=x", "cannot be reached"),
        ("postgres://a:hunter2@[", "not the address of a Postgres"),
    ],
)
def test_one_that_does_not_answer_is_not_written_down(
    typed: Ttydesk, home: Path, url: str, said: str
) -> None:
    ran = typed("init", "postgres", "--database-url", url)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert said in ran.err and "hunter2" not in ran.err
    assert not (home / "config.toml").exists()


def in_script(project: Project, *more: str) -> tuple[str, ...]:
    return ("init", "supabase", "--url", project.url, "--publishable-key", PUBLISHABLE, *more)


def test_a_project_from_nothing_to_the_first_admin(
    typed: Ttydesk, home: Path, empty_project: Project
) -> None:
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text("# ours\ntheme = 'light'\n")
    arguments = in_script(
        empty_project, "--secret-key", "-", "--database-url", "-", "--email", "ada@example.com"
    )
    secrets = f"{SECRET}\n{empty_project.database}\n".encode()
    said = typed(*arguments, stdin=secrets)
    first = steps(said)
    assert list(first) == [
        "project",
        "settings",
        "database",
        "api",
        "service",
        "files",
        "admin",
        "nobody",
        "sign-in",
        "next",
    ]
    assert (
        first["settings"] == f"supabase.url, supabase.publishable_key, agent written to {home}/config.toml."
    )
    assert first["database"].startswith("Applied ")
    assert first["admin"] == f"ada@example.com is the first admin. {CODE}"
    assert len(mails(empty_project, "ada@example.com")) == 1
    assert SECRET not in said.out + said.err and empty_project.database not in said.out + said.err
    written = (home / "config.toml").read_text()
    assert written.startswith("# ours\ntheme = 'light'\n")
    assert SECRET not in written and empty_project.database not in written

    again = steps(typed(*arguments, stdin=secrets))
    assert (again["settings"], again["database"]) == ("Nothing to do.", "Nothing to do.")
    assert again["admin"] == "Nothing to do. ada@example.com is admin."
    assert len(mails(empty_project, "ada@example.com")) == 1
    assert steps(typed("init", "supabase"))["next"] == "Sign in with: ttydesk login"

    kept = typed("init", "supabase", "--secret-key", SECRET, "--keep-secret-key")
    assert steps(kept)["settings"] == f"supabase.secret_key written to {home}/config.toml."
    assert steps(typed("init", "supabase"))["service"] == "The desk answers the secret key."
    other = typed("init", "supabase", "--email", "eve@example.com")
    assert (other.code, other.err) == (
        1,
        "The desk has an admin already: ada@example.com. They add others: ttydesk agent add eve@example.com"
        " --role admin\n",
    )
    gone = steps(typed("init", "supabase", "--forget-secret-key"))
    assert gone["settings"].startswith("supabase.secret_key taken out of")


def mails(project: Project, address: str) -> list[object]:
    with urllib.request.urlopen(f"{project.url}/__test/mail?to={address}") as answer:
        found: list[object] = json.load(answer)
    return found


def test_a_project_without_a_desk_wants_its_database(typed: Ttydesk, empty_project: Project) -> None:
    ran = typed(*in_script(empty_project, "--secret-key", SECRET))
    assert ran.code == 1
    assert ran.err == (
        "The database holds no desk. Bring it up to date with the URL of its database: --database-url\n"
    )
    assert ran.out.startswith("project ")
    ran = typed("init", "supabase", "--secret-key", SECRET, "--database-url", empty_project.database)
    assert (ran.code, ran.err) == (1, "The desk has no admin yet. Say who is the first: --email EMAIL\n")


def test_a_bucket_that_is_gone_is_made_again(typed: Ttydesk, hosted: Project) -> None:
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute("delete from storage.objects; delete from storage.buckets")
        ran = typed(*in_script(hosted, "--secret-key", SECRET, "--email", "ada@example.com"))
        assert steps(ran)["files"] == "The bucket ttydesk was made anew, takes files, and gives them back."
        assert connection.execute("select id, public from storage.buckets").fetchall() == [("ttydesk", False)]
    again = steps(typed("init", "supabase", "--secret-key", SECRET))
    assert again["files"] == "The bucket ttydesk takes files, and gives them back."


def test_the_database_of_another_project_is_noticed(
    typed: Ttydesk, hosted: Project, empty_database: str
) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("select 1")
    ran = typed(*in_script(hosted, "--database-url", empty_database))
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith(
        f"The database URL leads to another database than the one that {hosted.url} serves."
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--url": "http://x.example.com"}, "supabase.url should be an address that begins with https://"),
        ({"--url": "http://127.0.0.1:1"}, "http://127.0.0.1:1 cannot be reached"),
        ({"--publishable-key": "sb_publishable_no"}, "does not accept the key"),
        ({"--publishable-key": SECRET}, "is the secret one"),
        ({"--secret-key": "sb_secret_no"}, "does not answer the secret key"),
        ({"--database-url": "host=/nowhere"}, "cannot be reached"),
        ({"--email": "nobody"}, "agent should be an e-mail address"),
    ],
)
def test_bad_input_is_one_sentence(
    typed: Ttydesk, hosted: Project, changed: dict[str, str], said: str
) -> None:
    options = {"--url": hosted.url, "--publishable-key": PUBLISHABLE} | changed
    ran = typed("init", "supabase", *(word for option in options.items() for word in option))
    assert (ran.code, ran.err.count("\n")) == (1, 1), ran
    assert said in ran.err
    assert all(value not in ran.err for option, value in changed.items() if option.endswith("-key"))


def test_a_script_is_told_what_it_lacks(typed: Ttydesk) -> None:
    ran = typed("init")
    assert ran.code == 2 and "embedded, postgres or supabase" in ran.err
    ran = typed("init", "supabase", "--url", "https://x.supabase.co")
    assert ran.code == 2 and "It takes --publishable-key." in ran.err
    assert "It takes --database-url." in typed("init", "postgres").err


def test_an_environment_that_would_win_is_named(
    typed: Ttydesk, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTYDESK_DATABASE_URL", database)
    ran = typed("init", "embedded")
    assert (ran.code, ran.err.split(",")[0]) == (1, "The environment sets database_url")
