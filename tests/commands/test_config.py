"""Settings from the command line."""

from pathlib import Path

from tests.commands.conftest import Ttydesk


def test_settings_are_shown_with_where_they_are_from(typed: Ttydesk, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text('grace_seconds = 30\nagent = "file@example.com"\n', "utf-8")
    shown = {row["key"]: row for row in typed("--agent", "ada@example.com", "config", "show", "--json").json}
    assert (shown["agent"]["value"], shown["agent"]["origin"]) == ("ada@example.com", "option")
    assert (shown["grace_seconds"]["value"], shown["grace_seconds"]["origin"]) == ("30.0", "file")
    assert (shown["home"]["value"], shown["home"]["origin"]) == (str(home), "environment")
    assert shown["theme"]["origin"] == "default"
    assert all(row["meaning"] for row in shown.values())


def test_the_home_that_was_typed_comes_before_the_environment(typed: Ttydesk, tmp_path: Path) -> None:
    ran = typed("--home", str(tmp_path / "other"), "config", "path")
    assert ran.out == f"{tmp_path / 'other' / 'config.toml'}\n"


def test_a_password_is_never_printed(typed: Ttydesk) -> None:
    for option in ((), ("--json",)):
        ran = typed("--database-url", "postgres://ada:geheim@localhost/x", "config", "show", *option)
        assert ran.code == 0
        assert "geheim" not in ran.out


def test_a_wrong_key_is_one_sentence_with_the_right_one(typed: Ttydesk, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("grace_secconds = 3\n", "utf-8")
    ran = typed("config", "show")
    assert ran.code == 1
    assert str(home / "config.toml") in ran.err
    assert "'grace_secconds'" in ran.err
    assert "Did you mean grace_seconds?" in ran.err
    assert ran.err.count("\n") == 1


def test_a_home_that_cannot_be_used_is_one_sentence(typed: Ttydesk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", "utf-8")
    ran = typed("--home", str(tmp_path / "file" / "home"), "config", "show")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert str(tmp_path / "file" / "home") in ran.err
