"""sync.consent and sync.google against the Google sign-in that others wrote."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import IO
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from core.errors import DeskError, Forbidden, Invalid, Unreachable
from sync import consent
from sync.auth import Grant
from sync.consent import MODIFY, Request, ask_consent
from sync.google import Access, Google, Revoked
from sync.quota import Quota
from tests.gmail import GmailServer
from tests.peers.google import ADDRESS, REDIRECT, agree, client_of, emulator

Browse = Callable[[str], bool]


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the server speaks plain HTTP on loopback
    with emulator() as root:
        yield root


def ask(
    root: str, browse: Browse, pasted: IO[str] | None = None, redirect: str = REDIRECT
) -> tuple[str, Grant]:
    request = Request(client_of(root), [MODIFY], redirect, ADDRESS)
    return ask_consent(request, lambda address: None, browse, pasted)


def clicks(address: str) -> bool:
    """A browser on this machine, which comes back while we wait."""
    threading.Thread(target=lambda: requests.get(agree(address), timeout=10)).start()
    return True


def typed(text: str) -> IO[str]:
    """A terminal on which this was pasted: select() needs a real file."""
    there, here = os.pipe()
    os.write(here, text.encode())
    os.close(here)
    return os.fdopen(there)


def test_the_browser_comes_back_by_itself(root: str) -> None:
    token, grant = ask(root, clicks)
    assert token
    assert grant.address == ADDRESS and MODIFY in grant.scopes
    assert grant.refresh_token.get_secret_value()
    assert datetime.now(UTC) - grant.granted_at < timedelta(minutes=1)
    assert grant.refresh_token.get_secret_value() not in f"{grant!r} {grant}"


def test_a_permission_that_ends_by_itself_says_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    week = timedelta(days=7)

    def opened(address: str) -> bool:
        threading.Thread(target=lambda: requests.get(address, timeout=10)).start()
        return True

    with GmailServer(ADDRESS) as server:
        request = Request(server.client_config, [MODIFY], hint=ADDRESS)
        _, lasting = ask_consent(request, lambda address: None, opened, None)
        server.authority.refresh_seconds = week.total_seconds()  # as Google does it in testing mode
        _, ending = ask_consent(request, lambda address: None, opened, None)
    assert lasting.expires_at is None
    assert ending.expires_at and abs(ending.expires_at - ending.granted_at - week) < timedelta(minutes=1)
    assert Grant.model_validate_json(ending.model_dump_json()) == ending


def test_only_the_answer_to_this_attempt_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an icon that the browser wants, nor an old window, nor a line on which nothing is said."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setattr(consent._Answer, "timeout", 1.0)
    seen: list[tuple[int, str]] = []

    def open_all(address: str) -> None:
        back = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        with socket.create_connection((urlsplit(back).hostname, urlsplit(back).port)):
            for query in ("favicon.ico", "?code=4/forged&state=old", "?state=old"):
                page = requests.get(back + query, timeout=10)
                seen.append((page.status_code, page.text))
            page = requests.get(address, timeout=10)
            seen.append((page.status_code, page.text))

    def opened(address: str) -> bool:
        opening.append(threading.Thread(target=open_all, args=[address]))
        opening[0].start()
        return True

    opening: list[threading.Thread] = []
    with GmailServer(ADDRESS) as server:
        request = Request(server.client_config, [MODIFY], hint=ADDRESS)
        _, grant = ask_consent(request, lambda address: None, opened, None)
        opening[0].join()
    assert grant.refresh_token
    assert [status for status, _ in seen] == [404, 400, 400, 200]
    assert "another attempt" in seen[1][1] and "Back to the terminal" in seen[3][1]


def test_over_ssh_the_address_is_pasted(root: str) -> None:
    ended: list[str] = []
    there, here = os.pipe()

    def elsewhere(address: str) -> bool:
        ended.append(agree(address))
        os.write(here, f"\n{ended[0]}\n".encode())
        return False

    with os.fdopen(there) as pasted:
        _, grant = ask(root, elsewhere, pasted)
    os.close(here)
    assert grant.refresh_token


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (REDIRECT + "?error=access_denied&state=x", Forbidden, "refused in the browser"),
        (REDIRECT + "?state=x", Invalid, "holds no code"),
        (REDIRECT + "?code=abc&state=forged", Invalid, "another attempt"),
        ("made-up-code", Forbidden, "did not take the code"),
    ],
)
def test_what_is_no_consent_is_said(root: str, answer: str, kind: type[DeskError], words: str) -> None:
    with typed(answer + "\n") as pasted, pytest.raises(kind, match=words):
        ask(root, lambda address: False, pasted)


def test_nobody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with pytest.raises(Unreachable, match="No answer came"):
        ask("http://127.0.0.1:9", lambda address: False, None, "https://desk.example.com/oauth")


def test_a_taken_port_is_said(root: str) -> None:
    port = root.rpartition(":")[2]
    with pytest.raises(Unreachable, match=f"Port {port} of this machine is taken"):
        ask(root, clicks, redirect=f"http://127.0.0.1:{port}/cb")


def test_a_token_is_refreshed_once_whoever_needs_it(root: str) -> None:
    _, grant = ask(root, clicks)
    access = Access(grant)
    tokens = []

    def look() -> None:
        with closing(Google(access, Quota(), root=root)) as google:
            labels = google.call("labels.list", google.service.users().labels().list(userId="me"))
        tokens.append((access.token, bool(labels["labels"])))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8 and len(set(tokens)) == 1 and tokens[0][1]


def test_a_permission_that_was_taken_back_is_named_and_not_asked_for_again(root: str) -> None:
    _, grant = ask(root, clicks)
    taken = grant.model_copy(update={"refresh_token": grant.refresh_token.__class__("gone")})
    with closing(Google(Access(taken), Quota(), root=root)) as google:
        labels = google.service.users().labels()
        for _ in range(2):
            with pytest.raises(Revoked, match="taken back or has run out") as caught:
                google.call("labels.list", labels.list(userId="me"))
            assert caught.value.hint and "gmail connect" in caught.value.hint
