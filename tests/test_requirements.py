"""requirements.lock against pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WANTED = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def locked() -> dict[str, Version]:
    found: dict[str, Version] = {}
    for line in LOCK.splitlines():
        requirement = Requirement(line)
        (pin,) = requirement.specifier
        assert pin.operator == "==", line
        found[canonicalize_name(requirement.name)] = Version(pin.version)
    return found


@pytest.mark.parametrize("wanted", WANTED)
def test_the_lock_holds_what_the_project_wants(wanted: str) -> None:
    requirement = Requirement(wanted)
    assert locked()[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("wanted", WANTED)
def test_the_project_gives_lower_bounds_only(wanted: str) -> None:
    assert [bound.operator for bound in Requirement(wanted).specifier] == [">="]


def test_the_lock_names_no_address() -> None:
    assert not re.search(r"://|@|--|\bfile:|index", LOCK)
