"""Supabase's own server (npm: @supabase/lite) on a database of the tests' Postgres, where it is installed.

npm install --prefix tests/peers/supabase
"""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from core.migrate import migrate

FOLDER = Path(__file__).parent / "supabase"
PUBLISHABLE = "sb_publishable_test"
SECRET = "sb_secret_test"
JWT_SECRET = "a-secret-that-only-the-tests-of-ttydesk-know"


@dataclass(frozen=True)
class Project:
    url: str
    database: str
    """The conninfo of what lies under it."""


@contextmanager
def supabase(database: str, storage: Path, migrated: bool = True) -> Iterator[Project]:
    """A project on the new database, with a desk in it if `migrated`. Skips the test where the server is not
    installed, but never in CI."""
    if shutil.which("node") is None or not (FOLDER / "node_modules").is_dir():
        missing = "needs Node and: npm install --prefix tests/peers/supabase"
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute((FOLDER / "bootstrap.sql").read_bytes())
        # A desk on this server that is no Supabase may have made the role before.
        connection.execute("alter role service_role bypassrls")
    with subprocess.Popen(
        ["node", "server.mjs"],
        cwd=FOLDER,
        env=_environment(database, storage),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdin and server.stdout
        try:
            port = json.loads(server.stdout.readline())["port"]
            if migrated:
                migrate(database)
            yield Project(f"http://127.0.0.1:{port}", database)
        finally:
            server.stdin.close()
            server.wait(60)


def _environment(database: str, storage: Path) -> dict[str, str]:
    where = conninfo_to_dict(database)
    return {
        "PATH": os.environ["PATH"],
        "DB_URL": f"postgres://{where['user']}@localhost/{where['dbname']}",
        "DB_SOCKET": str(where["host"]),
        "PORT": "0",
        "JWT_SECRET": JWT_SECRET,
        "PUBLISHABLE": PUBLISHABLE,
        "SECRET": SECRET,
        "EXPERIMENTAL_STORAGE": "1",
        "STORAGE_DIR": str(storage),
        "LITE_TELEMETRY": "0",
        "DO_NOT_TRACK": "1",
    }


def sign(subject: str, *, secret: str = JWT_SECRET, seconds: float = 3600, **claims: Any) -> str:
    """The access token of an agent (RFC 7519, HS256), good for so many seconds."""
    now = int(time.time())
    payload = {"sub": subject, "role": "authenticated", "aud": "authenticated", "iat": now - 1}
    parts = [{"alg": "HS256", "typ": "JWT"}, payload | {"exp": now + int(seconds)} | claims]
    signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_base64(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
