"""core/files.py on a real disk, a full one, a broken one, and under kill -9."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DeskError, Invalid, NotFound, StorageFailed
from core.files import LocalFiles

MAIL = b"Subject: hello\r\n\r\nA mail.\r\n"
SHA256 = hashlib.sha256(MAIL).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path / "files")


def on_disk(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_put_can_be_got_and_lies_under_its_hash(files: LocalFiles, tmp_path: Path) -> None:
    assert files.put("raw", MAIL) == SHA256
    assert files.get("raw", SHA256) == MAIL
    assert files.path("raw", SHA256) == tmp_path / "files" / "raw" / SHA256[:2] / SHA256[2:]
    assert on_disk(tmp_path) == [f"files/raw/{SHA256[:2]}/{SHA256[2:]}"]
    assert files.exists("raw", SHA256) and not files.exists("attachments", SHA256)


def test_nobody_else_may_read_it(files: LocalFiles) -> None:
    place = files.path("raw", files.put("raw", MAIL))
    assert place is not None
    assert place.stat().st_mode & 0o777 == 0o600
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in list(place.parents)[:3])


def test_putting_again_writes_nothing(files: LocalFiles) -> None:
    place = files.path("raw", files.put("raw", MAIL))
    assert place is not None
    first = place.stat()
    assert files.put("raw", MAIL) == SHA256
    assert files.put_many("raw", [MAIL, MAIL]) == [SHA256, SHA256]
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)


@settings(deadline=None, max_examples=30)  # the disk is shared
@given(contents=st.lists(st.binary(max_size=50), max_size=100))
def test_many_are_put_as_one_by_one(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    files = LocalFiles(tmp_path_factory.mktemp("files"))
    hashes = files.put_many("attachments", iter(contents))
    assert hashes == [hashlib.sha256(content).hexdigest() for content in contents]
    assert [files.get("attachments", sha256) for sha256 in hashes] == contents
    assert list(files.listing("attachments")) == sorted(set(hashes))


def test_more_than_a_batch_at_once(files: LocalFiles) -> None:
    hashes = files.put_many("raw", (b"%d" % number for number in range(200)))
    assert list(files.listing("raw")) == sorted(hashes)
    assert len(set(hashes)) == 200


def test_threads_may_put_the_same_at_the_same_time(files: LocalFiles, tmp_path: Path) -> None:
    contents = [b"%d" % (number % 20) * 10_000 for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        hashes = list(pool.map(lambda content: files.put("raw", content), contents))
    assert [files.get("raw", sha256) for sha256 in hashes] == contents
    assert len(on_disk(tmp_path)) == 20


def test_it_is_fsynced_before_it_has_its_name(files: LocalFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(handle: int) -> None:
        done.append("folder" if os.path.isdir(f"/dev/fd/{handle}") else "file")
        fsync(handle)

    def watched_replace(source: str, target: str) -> None:
        done.append("rename")
        replace(source, target)

    files.put("raw", b"so that the folders are there")
    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    files.put_many("raw", [MAIL, MAIL + b"2"])
    made = [step for step in done if step != "folder"]
    assert made == ["file", "file", "rename", "rename"]
    assert done[-1] == "folder" and done.index("rename") > 1


def test_a_missing_file_is_said(files: LocalFiles) -> None:
    with pytest.raises(NotFound, match=f"{SHA256[2:]} is missing"):
        files.get("raw", SHA256)
    assert files.path("raw", SHA256) is None
    assert list(files.listing("raw")) == []


@pytest.mark.parametrize("damage", [b"", MAIL + b"x", MAIL.replace(b"hello", b"hallo")])
def test_a_damaged_file_is_said_and_not_handed_out(files: LocalFiles, damage: bytes) -> None:
    place = files.path("raw", files.put("raw", MAIL))
    assert place is not None
    place.write_bytes(damage)
    with pytest.raises(StorageFailed, match="is damaged"):
        files.get("raw", SHA256)


def test_putting_again_mends_a_file_of_another_size(files: LocalFiles) -> None:
    place = files.path("raw", files.put("raw", MAIL))
    assert place is not None
    place.write_bytes(MAIL[:5])
    files.put("raw", MAIL)
    assert files.get("raw", SHA256) == MAIL


@pytest.mark.parametrize(
    "sha256", ["", "../../../etc/passwd", SHA256.upper(), SHA256[:-1], SHA256 + "\n", "/" + SHA256]
)
def test_a_name_that_is_no_hash_is_refused(files: LocalFiles, sha256: str) -> None:
    for ask in (files.get, files.exists, files.path):
        with pytest.raises(Invalid):
            ask("raw", sha256)


def test_a_folder_that_vanishes_is_made_again(files: LocalFiles, tmp_path: Path) -> None:
    files.put("raw", MAIL)
    (tmp_path / "files").rename(tmp_path / "gone")
    assert files.put("raw", MAIL) == SHA256
    assert files.get("raw", SHA256) == MAIL


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(StorageFailed, match=r"cannot be written: Not a directory\."):
        LocalFiles(tmp_path / "files").put("raw", MAIL)


def _no_space(*_: object) -> int:
    raise OSError(28, "No space left on device")


def _no_disk(*_: object) -> int:
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("call", "failure", "sentence"),
    [
        ("write", _no_space, "is full"),
        ("fsync", _no_space, "is full"),
        ("fsync", _no_disk, "cannot be written: Input/output error"),
    ],
)
def test_a_failing_disk_is_one_sentence_and_leaves_nothing(
    files: LocalFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    failure: Callable[..., int],
    sentence: str,
) -> None:
    (tmp_path / "files" / "raw").mkdir(parents=True)
    with monkeypatch.context() as broken:
        broken.setattr(os, call, failure)
        with pytest.raises(DeskError, match=sentence):
            files.put_many("raw", [MAIL, b"another"])
    assert on_disk(tmp_path) == []
    assert files.put_many("raw", [MAIL, b"another"])[0] == SHA256


def test_a_disk_that_fills_up_half_way_leaves_no_half_file(tmp_path: Path) -> None:
    """With a real limit of the kernel instead of a full disk: a file may have 100 kB, the content has 300."""
    script = """
import resource, signal, sys
from pathlib import Path
from core.errors import StorageFailed
from core.files import LocalFiles
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    LocalFiles(Path(sys.argv[1])).put_many("raw", [b"small", b"x" * 300_000])
except StorageFailed as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert "cannot be written: File too large." in run.stdout
    assert on_disk(tmp_path) == []


def test_killed_at_any_moment_it_leaves_whole_files_only(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from core.files import LocalFiles
files = LocalFiles(Path(sys.argv[1]))
for number in range(1_000_000):
    [sha256] = files.put_many("raw", [b"%d" % number * 50_000])
    print(sha256, flush=True)
"""
    files = LocalFiles(tmp_path)
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            said = [process.stdout.readline().decode().strip() for _ in range(10)]
            process.send_signal(signal.SIGKILL)
        stored = list(files.listing("raw"))
        assert set(said) <= set(stored)
        assert all(files.get("raw", sha256) for sha256 in stored)
    files.sweep(datetime.now(UTC) + timedelta(minutes=1))
    assert len(on_disk(tmp_path)) == len(stored)


def test_sweep_takes_only_old_temporary_files(files: LocalFiles) -> None:
    place = files.path("raw", files.put("raw", MAIL))
    assert place is not None
    left = place.with_name(f".{place.name}.1234")
    left.write_bytes(MAIL[:3])
    os.utime(left, (1_000, 1_000))
    assert list(files.listing("raw")) == [SHA256]
    assert files.sweep(datetime.fromtimestamp(999, UTC)) == 0
    assert files.sweep(datetime.fromtimestamp(1_001, UTC)) == 1
    assert not left.exists() and files.get("raw", SHA256) == MAIL
