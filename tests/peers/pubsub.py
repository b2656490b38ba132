"""Google's own emulator of Pub/Sub, where it is installed.

Its package, google-cloud-cli-pubsub-emulator, is only in Google's own sources of packages, so that a bare
machine may not have it, and CI neither: then these tests are skipped there, too.
"""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

TOPIC = "projects/desk/topics/mail"
SUBSCRIPTION = "projects/desk/subscriptions/mail"
ACK_SECONDS = 10
"""The least that Pub/Sub allows: so long after it was given out a message comes again."""

_PACKAGE = "google-cloud-cli-pubsub-emulator"
_JARS = Path("/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib")
_PATIENCE = 60.0


def jar() -> Path | None:
    """The program, where there is one that can run."""
    return next(_JARS.glob("cloud-pubsub-emulator-*-all.jar"), None) if shutil.which("java") else None


@contextmanager
def pubsub() -> Iterator[str]:
    """Its address, with the topic and a subscription to it; skips the test where it is not installed."""
    program = jar()
    if program is None:
        pytest.skip(f"needs Java 17 and Debian's {_PACKAGE}, which this machine's sources do not have")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["java", "-jar", str(program), "--host=127.0.0.1", f"--port={port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            root = f"http://127.0.0.1:{port}"
            _until_ready(root)
            put(f"{root}/v1/{TOPIC}", {})
            put(f"{root}/v1/{SUBSCRIPTION}", {"topic": TOPIC, "ackDeadlineSeconds": ACK_SECONDS})
            yield root
        finally:
            server.kill()


def put(url: str, body: Any, method: str = "PUT") -> Any:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _until_ready(root: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{root}/v1/projects/desk/topics", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "the emulator of Pub/Sub does not become ready"
            time.sleep(0.1)
