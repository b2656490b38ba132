"""What is asked for at Google is the least that works."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from googleapiclient import discovery_cache

from core.config import Settings
from sync.consent import MODIFY, PUBSUB, REASONS
from sync.permission import wanted_scopes
from sync.quota import UNITS

ROOT = Path(__file__).parents[2]


def methods(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from methods(inner)


def test_every_call_of_ours_is_allowed_by_what_we_ask_for() -> None:
    """As Google's own description of its API has it."""
    gmail = {one["id"]: one for one in methods(json.loads(discovery_cache.get_static_doc("gmail", "v1")))}
    ours = {f"gmail.users.{name}" for name, units in UNITS.items() if units}
    assert ours <= set(gmail)
    assert all(MODIFY in gmail[name]["scopes"] for name in ours)
    deleting = [one for name, one in gmail.items() if name.endswith((".messages.delete", ".threads.delete"))]
    assert len(deleting) == 2 and not any(MODIFY in one["scopes"] for one in deleting)
    pubsub = {one["id"]: one for one in methods(json.loads(discovery_cache.get_static_doc("pubsub", "v1")))}
    listening = {name for name, units in UNITS.items() if not units}
    assert listening >= {"pull", "acknowledge"}
    assert all(PUBSUB in pubsub[f"pubsub.projects.subscriptions.{name}"]["scopes"] for name in listening)


def test_no_other_scope_is_asked_for_anywhere(tmp_path: Path) -> None:
    files = [*(ROOT / "sync").glob("*.py"), *(ROOT / "commands").glob("*.py")]
    asking = [file for file in files if not file.name.startswith("doctor")]  # which knows what is as good
    sources = "".join(file.read_text("utf-8") for file in asking)
    assert set(re.findall(r"https://[\w.]*google[\w.]*/auth/[\w.-]+", sources)) == {MODIFY, PUBSUB}
    assert set(REASONS) == {MODIFY, PUBSUB}


@pytest.mark.parametrize(
    ("google", "scopes"),
    [
        ({}, [MODIFY]),
        ({"topic": "projects/p/topics/t"}, [MODIFY]),
        ({"subscription": "projects/p/subscriptions/s"}, [MODIFY, PUBSUB]),
    ],
)
def test_only_who_listens_asks_for_pubsub(tmp_path: Path, google: Any, scopes: list[str]) -> None:
    assert wanted_scopes(Settings(home=tmp_path, google=google)) == scopes
