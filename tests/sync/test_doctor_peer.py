"""The doctor against the Google sign-in and Gmail that others wrote. It has no profiles, so it says 404."""

import threading
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr

from core.config import Google, Settings
from core.desk import Desk
from core.vault import SecretFiles
from sync.auth import Grant, TokenStore
from sync.consent import MODIFY, Request, ask_consent
from sync.doctor import diagnose
from sync.doctor_finding import Finding, Result
from tests.peers.google import ADDRESS, CLIENT, REDIRECT, agree, client_of, emulator


def consented(root: str) -> Grant:
    def browse(address: str) -> bool:
        threading.Thread(target=lambda: requests.get(agree(address), timeout=10)).start()
        return True

    return ask_consent(Request(client_of(root), [MODIFY], REDIRECT, ADDRESS), lambda _: None, browse, None)[1]


async def findings(settings: Settings) -> dict[str, Finding]:
    return {one.check: one for one in await diagnose(settings) if one.about == ADDRESS}


async def test_a_real_consent_and_what_becomes_of_it(
    service: Desk, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the server speaks plain HTTP on loopback
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with emulator() as root:
        store, grant = TokenStore(SecretFiles(home / "tokens")), consented(root)
        store.save(grant)
        settings = Settings(
            home=home,
            database_url=SecretStr(database),
            tokens="file",
            google=Google(client_id=CLIENT[0], client_secret=SecretStr(CLIENT[1]), api_root=root),
        )
        await service.connect_mailbox("help", "gmail", ADDRESS)
        found = await findings(settings)
        good = ("token", "client", "sign-in", "clock", "scopes", "testing mode")
        assert [
            (found[one].result, found[one].said) for one in good if found[one].result is not Result.OK
        ] == []
        assert found["gmail"].result is Result.FAILED and "404" in found["gmail"].said
        assert found["history"].result is Result.UNKNOWN

        store.save(grant.model_copy(update={"refresh_token": SecretStr("gone")}))
        gone = (await findings(settings))["sign-in"]
        assert gone.result is Result.FAILED and "invalid_grant" in gone.said
        store.save(grant.model_copy(update={"client_secret": SecretStr("another")}))
        other = (await findings(settings))["sign-in"]
        assert other.result is Result.FAILED and "does not know the OAuth client" in other.said
    away = (await findings(settings))["sign-in"]
    assert away.result is Result.FAILED and "cannot be reached: connection refused" in away.said
