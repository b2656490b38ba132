"""core/system_account.py: as root, Postgres is someone else, and only to that account something is opened."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core import system_account
from core.embedded import Embedded
from core.errors import Unreachable
from core.system_account import SystemAccount
from tests.core.servers import FAST, pid_of

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="only root needs an account for it"
)


def test_as_root_it_is_someone_else_and_opens_nothing_to_all(home: Path) -> None:
    before = {folder: folder.stat().st_mode & 0o007 for folder in [home, *home.parents]}
    with Embedded(home, FAST):
        assert Path(f"/proc/{pid_of(home)}").stat().st_uid != 0
    assert {folder: folder.stat().st_mode & 0o007 for folder in [home, *home.parents]} == before
    assert before[home] == 0


def test_the_owner_of_the_data_is_who_runs_it(empty: Path) -> None:
    empty.mkdir()
    os.chown(empty, 65534, 65534)
    account = system_account.for_server(empty)
    assert account
    assert account.user == 65534


def test_a_folder_lets_the_account_in_and_no_other(empty: Path) -> None:
    closed = empty / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0o700)
    account, other = SystemAccount("one", 12345, 12345), SystemAccount("two", 12346, 12346)
    account.may_reach(closed / "inside")
    account.may_reach(closed / "inside")  # the second time there is nothing to do
    assert may_list(closed / "inside", account)
    assert not may_list(closed, account)
    assert not may_list(closed / "inside", other)
    other.may_reach(closed / "inside")
    assert may_list(closed / "inside", account) and may_list(closed / "inside", other)
    closed.chmod(0o700)  # takes the rights of every account on the list
    assert not may_list(closed / "inside", account)
    account.may_reach(closed / "inside")
    assert may_list(closed / "inside", account)


def may_list(folder: Path, account: SystemAccount) -> bool:
    run = subprocess.run(
        ["ls", folder], user=account.user, group=account.group, extra_groups=[], cwd="/", capture_output=True
    )
    return run.returncode == 0


def test_where_folders_have_no_access_lists(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    (empty / "closed/inside").mkdir(parents=True)
    (empty / "closed").chmod(0o700)
    with pytest.raises(Unreachable, match=r"may not enter .*Operation not supported") as raised:
        SystemAccount("one", 12345, 12345).may_reach(empty / "closed/inside")
    assert raised.value.hint == "Run ttydesk as an ordinary user."
