"""Our own Gmail server as a process of its own, and a home whose daemon works on an account of it.

What a bench does to the server goes over /__test/ (`tests.gmail.control` says what there is). Its answers are
JSON; whatever it refuses raises, because then the bench is wrong.
"""

import base64
import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from core.config import Settings
from core.desk import Desk
from core.models import Mailbox
from core.vault import SecretFiles
from sync.auth import Grant, TokenStore
from tests.peers.pubsub import SUBSCRIPTION, TOPIC, jar, pubsub

ROOT = Path(__file__).parents[1]
ADDRESS = "support@lamps.example"
SCOPES = ("https://www.googleapis.com/auth/gmail.modify", "https://www.googleapis.com/auth/pubsub")
_PATIENCE = 60.0


class GmailProcess:
    def __init__(self, address: str = ADDRESS, quota: int = 0, seed: int = 0) -> None:
        """`quota` is in units a minute; 0 is none."""
        self.address = address
        words = ["--quota", str(quota), "--seed", str(seed), "--account", address]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.gmail", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        ready = json.loads(self._process.stdout.readline())
        self.url: str = ready["url"]
        self.client: dict[str, Any] = ready["client"]

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(_PATIENCE)

    def ask(self, name: str, **query: object) -> dict[str, Any]:
        return self._called(name, query, None)

    def do(self, name: str, **body: object) -> dict[str, Any]:
        return self._called(name, {}, json.dumps(body).encode())

    def deliver(self, raws: Sequence[bytes], labels: str = "INBOX,UNREAD") -> list[str]:
        """Gmail's ids of the messages."""
        mails = [base64.urlsafe_b64encode(raw).decode() for raw in raws]
        body = json.dumps({"mails": mails}).encode()
        ids: list[str] = self._called("deliver_all", {"labels": labels}, body)["ids"]
        return ids

    def grant(self) -> Grant:
        """As after a consent in the browser."""
        inner = self.client["installed"]
        return Grant(
            address=self.address,
            client_id=inner["client_id"],
            client_secret=inner["client_secret"],
            refresh_token=self._called("grant", {"scope": SCOPES}, b"")["refresh_token"],
            token_uri=inner["token_uri"],
            scopes=SCOPES,
            granted_at=datetime.now(UTC),
        )

    def _called(self, name: str, query: dict[str, object], body: bytes | None) -> dict[str, Any]:
        address = f"{self.url}/__test/{name}?{urlencode({'address': self.address} | query, doseq=True)}"
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=_PATIENCE) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def settings_of(home: Path, server: GmailProcess, **google: object) -> Settings:
    """The settings, which also stand in the home's config.toml for the programs."""
    google = {"api_root": server.url, "units_a_minute": 10**9} | google
    lines = ["grace_seconds = 0.0", 'agent = "ada@lamps.example"', 'tokens = "file"', "[google]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in google.items()]
    (home / "config.toml").write_text("\n".join(lines) + "\n")
    return Settings.model_validate(
        {"home": home, "grace_seconds": 0.0, "agent": "ada@lamps.example", "tokens": "file", "google": google}
    )


async def connected(desk: Desk, settings: Settings, server: GmailProcess) -> Mailbox:
    """The account as a mailbox of the desk, as `ttydesk gmail connect` leaves it."""
    TokenStore(SecretFiles(settings.home / "tokens")).save(server.grant())
    return await desk.connect_mailbox("gmail", "gmail", server.address, "Lamps")


def notified(stack: ExitStack | AsyncExitStack, server: GmailProcess) -> dict[str, object]:
    """Settings by which a daemon hears of new mail through Google's emulator of Pub/Sub; none without it."""
    if jar() is None:
        return {}
    root = stack.enter_context(pubsub())
    server.do("notices", publish_to=root)
    return {"topic": TOPIC, "subscription": SUBSCRIPTION, "pubsub_root": root}
