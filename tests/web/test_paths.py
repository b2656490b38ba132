"""What docs/web.md says of paths is what the web server answers: neither more nor less."""

import re
from pathlib import Path

from tests.web.abuse.paths import asked
from web.app import make_app
from web.front import Front

DOCUMENT = Path(__file__).parents[2] / "docs/web.md"


def told() -> set[tuple[str, str]]:
    """(method, path) of every row of the table."""
    text = DOCUMENT.read_text("utf-8")
    section = text.partition("## What is answered where\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`/.*?) \| ([A-Z, ]+) \|", section, re.M)
    return {
        (method, path)
        for paths, methods in rows
        for path in re.findall(r"`(/[^`]*)`", paths)
        for method in methods.split(", ")
    }


async def test_every_path_is_told_and_every_told_one_is_there(front: Front) -> None:
    assert sorted(told()) == sorted(set(asked(make_app(front))))
