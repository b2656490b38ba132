"""The independent Gmail server (npm: @emulators/google), where it is installed.

npm install --prefix tests/peers/emulator
"""

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

FOLDER = Path(__file__).parent / "emulator"
ADDRESS = "support@example.com"
CLIENT = ("cid", "sec")
REDIRECT = "http://127.0.0.1:8765/cb"
_ACCOUNTS = {
    "users": [{"email": ADDRESS, "name": "Support"}],
    "oauth_clients": [
        {"client_id": CLIENT[0], "client_secret": CLIENT[1], "name": "Desk", "redirect_uris": [REDIRECT]}
    ],
}


@contextmanager
def emulator() -> Iterator[str]:
    """Its address; skips the test where it is not installed, but never in CI."""
    if shutil.which("node") is None or not (FOLDER / "node_modules").is_dir():
        missing = "needs Node and: npm install --prefix tests/peers/emulator"
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    command = ["node", "server.mjs", json.dumps(_ACCOUNTS)]
    with subprocess.Popen(command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin and server.stdout
        try:
            yield json.loads(server.stdout.readline())["ready"]
        finally:
            server.stdin.close()
            server.wait(60)


def client_of(root: str) -> dict[str, dict[str, str]]:
    """The OAuth client as Google's console would give it for download."""
    return {
        "installed": {
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "auth_uri": f"{root}/o/oauth2/v2/auth",
            "token_uri": f"{root}/oauth2/token",
        }
    }


def agree(address: str) -> str:
    """What a person does in the browser: open the address, click on the account. Returns where it ends."""
    page = requests.get(address, timeout=10).text
    form = re.search(r'<form[^>]* action="([^"]+)">(.*?)</form>', page, re.DOTALL)
    assert form, page
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[2]))
    answer = requests.post(
        urljoin(address, form[1]),
        data={name: html.unescape(value) for name, value in fields.items()},
        allow_redirects=False,
        timeout=10,
    )
    return answer.headers["Location"]
