"""The settings file is changed where it has to be, and nowhere else; nobody else reads it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import load
from core.errors import Invalid, StorageFailed
from core.settings_file import write_settings

WRITTEN = """# What we agreed on in May.
theme = "light"  # easier on the eyes
agent = "ada@example.com"

[mailbox]
# Where customers write to
address = "old@example.com"
name = "Help"

[keys]
"ticket.reply" = "R"
"""


def test_comments_order_and_everything_else_stay(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(WRITTEN)
    file.chmod(0o644)
    changes = {"mailbox.address": "new@example.com", "agent": "ada@example.com", "database_url": None}
    assert write_settings(tmp_path, changes) == ["mailbox.address"]
    assert file.read_text() == WRITTEN.replace("old@", "new@")
    assert file.stat().st_mode & 0o777 == 0o600
    assert write_settings(tmp_path, changes) == []
    assert [one.name for one in tmp_path.iterdir()] == ["config.toml"]


def test_a_file_that_needs_no_change_is_made_private_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(WRITTEN)
    file.chmod(0o644)
    assert write_settings(tmp_path, {"theme": "light"}) == []
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_taken_out_is_gone_and_what_is_new_has_its_section(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('database_url = "postgresql://x"\n[mailbox]\nname = "Help"\n')
    changes = {
        "database_url": None,
        "supabase.url": "https://x.supabase.co",
        "agent": "a@b",
        "google.topic": None,
    }
    assert write_settings(tmp_path, changes) == ["database_url", "supabase.url", "agent"]
    settings = load(home=tmp_path)
    assert (settings.supabase.url, settings.agent, settings.mailbox.name) == (
        "https://x.supabase.co",
        "a@b",
        "Help",
    )
    assert settings.database_url is None


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    kept = tmp_path / "kept.toml"
    kept.write_text("")
    (tmp_path / "config.toml").symlink_to(kept)
    write_settings(tmp_path, {"theme": "light"})
    assert kept.read_text() == 'theme = "light"\n'


def test_what_cannot_be_read_or_is_no_toml_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("theme = light")
    with pytest.raises(Invalid, match="is not valid TOML"):
        write_settings(tmp_path, {"agent": "a@b"})
    assert file.read_text() == "theme = light"
    file.unlink()
    file.mkdir()
    with pytest.raises(StorageFailed, match="cannot be read"):
        write_settings(tmp_path, {"agent": "a@b"})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_value_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    home = tmp_path_factory.mktemp("home")
    write_settings(home, {"supabase.secret_key": value, "agent": value})
    read = tomllib.loads((home / "config.toml").read_text("utf-8"))
    assert read == {"supabase": {"secret_key": value}, "agent": value}
