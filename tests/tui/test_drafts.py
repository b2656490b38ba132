"""Drafts as files."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tui.drafts import DraftFolder


def test_what_is_kept_is_found_by_the_next_start(tmp_path: Path) -> None:
    DraftFolder(tmp_path / "drafts").keep(1042, "reply", "Hello\r\n\n  wörld\n")
    DraftFolder(tmp_path / "drafts").keep(7, "note", "")
    later = DraftFolder(tmp_path / "drafts")
    assert later.waiting() == [(1042, "reply"), (7, "note")]
    assert later.find(1042, "reply") == "Hello\r\n\n  wörld\n"
    assert later.find(1042, "note") is None


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert DraftFolder(tmp_path / "none").waiting() == []


def test_a_draft_goes_only_when_it_is_the_one_that_was_saved(tmp_path: Path) -> None:
    drafts = DraftFolder(tmp_path)
    drafts.keep(1, "reply", "newer")
    drafts.drop(1, "reply", "older")
    assert drafts.find(1, "reply") == "newer"
    drafts.drop(1, "reply", "newer")
    drafts.drop(1, "reply")
    assert drafts.waiting() == []


def test_a_crash_while_writing_leaves_the_draft_before(tmp_path: Path) -> None:
    drafts = DraftFolder(tmp_path)
    drafts.keep(1, "reply", "whole")
    (tmp_path / "1-reply.part").write_text("ha")
    (tmp_path / "notes.md").write_text("not ours")
    assert drafts.find(1, "reply") == "whole" and drafts.waiting() == [(1, "reply")]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_as_it_was(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        drafts = DraftFolder(Path(folder))
        drafts.keep(1, "note", text)
        assert drafts.find(1, "note") == text
