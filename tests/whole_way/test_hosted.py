"""A desk at Supabase by the real programs: an admin adds an agent, who signs in, works, and signs out."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.peers.hosted import PUBLISHABLE, SECRET, Project

PATIENCE = 60.0


class Machine:
    """Of one person: a home folder of its own, and what its settings hold."""

    def __init__(self, home: Path, url: str, **more: str) -> None:
        home.mkdir()
        self._environment = {
            "PATH": os.environ["PATH"],
            "TTYDESK_HOME": str(home),
            "TTYDESK_SUPABASE_URL": url,
            "TTYDESK_SUPABASE_PUBLISHABLE_KEY": PUBLISHABLE,
            "TTYDESK_TOKENS": "file",
            **more,
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [Path(sys.executable).parent / "ttydesk", *arguments],
            env=self._environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True,
        )  # fmt: skip

    def run(self, *arguments: str, status: int = 0) -> str:
        """What it said, on stdout and stderr."""
        with self.start(*arguments) as process:
            said, complained = process.communicate(timeout=PATIENCE)
        assert process.returncode == status, complained
        return said + complained

    def sign_in(self, project: Project, address: str) -> str:
        before = len(mails(project, address))
        with self.start("login", address) as process:
            end = time.monotonic() + PATIENCE
            while len(found := mails(project, address)) == before:
                assert process.poll() is None and time.monotonic() < end, process.communicate()
                time.sleep(0.05)
            code = re.search(r"\b\d{6}\b", json.dumps(found[-1]))
            assert code
            said, complained = process.communicate(f"{code[0]}\n", timeout=PATIENCE)
        assert process.returncode == 0, complained
        return said


def mails(project: Project, address: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{project.url}/__test/mail?to={address}") as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


@pytest.fixture
def machines(tmp_path: Path, hosted: Project) -> tuple[Machine, Machine, Machine]:
    """The server's, an admin's, and an agent's."""
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute("delete from auth.users")
    server = Machine(tmp_path / "server", hosted.url, TTYDESK_SUPABASE_SECRET_KEY=SECRET)
    return server, Machine(tmp_path / "admin", hosted.url), Machine(tmp_path / "agent", hosted.url)


def test_a_team_signs_in_and_works(machines: tuple[Machine, Machine, Machine], hosted: Project) -> None:
    server, admin, agent = machines
    assert "not signed in" in admin.run("whoami", status=1)
    server.run("agent", "add", "ada@example.com", "--role", "admin")
    assert "You are ada@example.com, admin" in admin.sign_in(hosted, "ada@example.com")

    added = admin.run("agent", "add", "bill@example.com", "--department", "billing")
    assert "An invitation was mailed." in added
    assert mails(hosted, "bill@example.com")
    agent.sign_in(hosted, "bill@example.com")
    assert agent.run("whoami").strip() == "bill@example.com: agent, sees billing"
    assert "Only an admin" in agent.run("agent", "update", "bill@example.com", "--role", "admin", status=1)

    admin.run("ticket", "create", "--from", "kim@example.com", "--subject", "Lamp", "--body", "Dark.")
    number = json.loads(admin.run("ticket", "list", "--json"))[0]["number"]
    admin.run("ticket", "update", str(number), "--department", "repairs")
    assert agent.run("ticket", "show", str(number), status=1).startswith("There is no ticket")
    admin.run("ticket", "update", str(number), "--department", "billing")
    assert "Lamp" in agent.run("ticket", "show", str(number))

    admin.run("agent", "update", "bill@example.com", "--inactive")
    assert "not an active agent" in agent.run("ticket", "list", status=1)
    assert agent.run("logout").strip() == "Signed out."
    assert "not signed in" in agent.run("whoami", status=1)
