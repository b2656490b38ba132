"""What the documents name has to be there."""

import re
from pathlib import Path

import pytest

from core.config import Settings, describe

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_settings_that_are_named_exist(file: Path) -> None:
    known = {row.key for row in describe(Settings(home=Path("/")))}
    named = set(re.findall(r"`((?:google|mailbox|email_status)\.[a-z_]+)", file.read_text("utf-8")))
    assert named <= known


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_files_that_are_linked_exist(file: Path) -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text("utf-8"))
    assert [name for name in linked if not (file.parent / name).exists()] == []


SECTIONS = [("gmail.md", "google", 5), ("web.md", "google", 3), ("web.md", "email_status", 4)]


@pytest.mark.parametrize(("page", "section", "count"), SECTIONS)
def test_every_setting_in_an_example_is_one(page: str, section: str, count: int) -> None:
    known = {row.key for row in describe(Settings(home=Path("/")))}
    text = (ROOT / "docs" / page).read_text("utf-8")
    examples = re.findall(rf"```toml\n\s*\[{section}\]\n(.*?)```", text, re.S)
    keys = {f"{section}.{key}" for example in examples for key in re.findall(r"^\s*(\w+) =", example, re.M)}
    assert len(keys) == count and keys <= known
