"""The sign-in, by the real flow of google-auth-oauthlib."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from google.auth.exceptions import RefreshError
from google_auth_oauthlib.flow import InstalledAppFlow
from oauthlib.oauth2 import OAuth2Error

from tests.gmail import MODIFY, Clock, GmailServer, Mailbox
from tests.gmail.sample import refusal

PUBSUB = "https://www.googleapis.com/auth/pubsub"
BACK = "http://127.0.0.1:8765/"


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")


@pytest.fixture
def flow(server: GmailServer) -> Iterator[Any]:
    flow = InstalledAppFlow.from_client_config(server.client_config, [MODIFY, PUBSUB], redirect_uri=BACK)
    yield flow
    flow.oauth2session.close()


def consent(flow: Any, **more: str) -> str:
    """Where the browser ends."""
    more = {"access_type": "offline", "prompt": "consent"} | more
    address, _ = flow.authorization_url(**more)
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def trade(flow: Any, location: str, **more: Any) -> dict[str, Any]:
    location = location.replace("http:", "https:")
    token: dict[str, Any] = flow.fetch_token(authorization_response=location, include_client_id=True, **more)
    return token


def test_the_code_flow_gives_both_tokens(flow: Any, server: GmailServer) -> None:
    location = consent(flow)
    assert location.startswith(BACK + "?") and f"state={flow.oauth2session._state}" in location
    token = trade(flow, location)
    assert set(token["scope"]) == {MODIFY, PUBSUB} and token["expires_in"] == 3599
    assert token["refresh_token"] and token["token_type"] == "Bearer"
    info = requests.get(f"{server.url}/tokeninfo", {"access_token": token["access_token"]}, timeout=10).json()
    assert info["aud"] == server.authority.client_id and MODIFY in info["scope"].split()
    assert server.authority.asked[0]["code_challenge_method"] == "S256"


def test_consent_may_be_refused_or_given_in_part(flow: Any, server: GmailServer) -> None:
    server.authority.consent.granted = False
    assert "error=access_denied" in consent(flow)
    server.authority.consent.granted = True
    server.authority.consent.scopes = frozenset({MODIFY})
    assert trade(flow, consent(flow))["scope"] == [MODIFY]


def test_the_hint_names_the_account(flow: Any, server: GmailServer) -> None:
    trade(flow, consent(flow, login_hint="sales@example.com"))
    service = server.service("sales@example.com")
    assert service.users().getProfile(userId="me").execute()["emailAddress"] == "sales@example.com"
    service.close()


def test_a_code_is_good_once_and_for_ten_minutes(flow: Any, server: GmailServer, clock: Clock) -> None:
    location = consent(flow)
    trade(flow, location)
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        trade(flow, location)
    late = consent(flow)
    clock.advance(601)
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        trade(flow, late)


def test_the_verifier_must_be_that_of_the_challenge(flow: Any) -> None:
    location = consent(flow)
    flow.code_verifier = "another" * 10
    with pytest.raises(OAuth2Error, match="Invalid code verifier"):
        trade(flow, location)


def test_a_second_consent_gives_no_refresh_token_unless_asked(flow: Any) -> None:
    assert "refresh_token" not in trade(flow, consent(flow, access_type="online"))
    assert "refresh_token" in trade(flow, consent(flow, prompt="select_account"))
    flow.oauth2session.token = {}
    assert "refresh_token" not in trade(flow, consent(flow, prompt="select_account"))
    assert "refresh_token" in trade(flow, consent(flow))


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"client_id": "other"}, 401),
        ({"redirect_uri": "https://elsewhere.example/"}, 400),
        ({"response_type": "token"}, 400),
        ({"code_challenge_method": "plain"}, 400),
    ],
)
def test_a_wrong_question_is_answered_with_a_page(
    flow: Any, server: GmailServer, wrong: dict[str, str], status: int
) -> None:
    consent(flow)
    query = server.authority.asked[-1] | wrong
    answer = requests.get(f"{server.url}/o/oauth2/v2/auth", query, allow_redirects=False, timeout=10)
    assert answer.status_code == status and "Location" not in answer.headers


def token_error(server: GmailServer, **form: str) -> tuple[int, str]:
    client = {"client_id": server.authority.client_id, "client_secret": server.authority.client_secret}
    answer = requests.post(f"{server.url}/token", client | form, timeout=10)
    return answer.status_code, answer.json()["error"]


def test_a_wrong_client_gets_nothing(server: GmailServer) -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": server.grant().refresh_token}
    assert token_error(server, client_id="other", **refresh) == (401, "invalid_client")
    assert token_error(server, client_secret="other", **refresh) == (401, "invalid_client")
    assert token_error(server, grant_type="password") == (400, "unsupported_grant_type")


def test_an_access_token_ends_and_is_refreshed(server: GmailServer, clock: Clock, mailbox: Mailbox) -> None:
    service = server.service()
    service.users().getProfile(userId="me").execute()
    clock.advance(3_600)
    service.users().getProfile(userId="me").execute()
    service.users().getProfile(userId="me").execute()
    assert server.authority.refreshes[mailbox.address] == 1
    service.close()


def test_a_revoked_grant_is_401_and_then_invalid_grant(server: GmailServer, mailbox: Mailbox) -> None:
    service = server.service()
    service.users().getProfile(userId="me").execute()
    server.authority.revoke(mailbox.address)
    with pytest.raises(RefreshError, match="expired or revoked"):
        service.users().getProfile(userId="me").execute()
    service.close()
    again = server.service()
    again.users().getProfile(userId="me").execute()
    again.close()


def test_a_refresh_token_of_a_testing_app_ends(server: GmailServer, clock: Clock, flow: Any) -> None:
    server.authority.refresh_seconds = 7 * 86_400
    token = trade(flow, consent(flow))
    assert token["refresh_token_expires_in"] == 7 * 86_400
    clock.advance(7 * 86_400)
    refresh = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    assert token_error(server, **refresh) == (400, "invalid_grant")


def test_a_token_is_revoked_at_its_address(server: GmailServer) -> None:
    tokens = server.grant()
    url = f"{server.url}/revoke"
    assert requests.post(url, {"token": tokens.refresh_token}, timeout=10).status_code == 200
    assert requests.post(url, {"token": tokens.refresh_token}, timeout=10).json()["error"] == "invalid_token"
    info = requests.get(f"{server.url}/tokeninfo", {"access_token": tokens.access_token}, timeout=10)
    assert info.status_code == 400


def test_a_token_of_nobody_is_401_and_one_of_few_scopes_403(server: GmailServer) -> None:
    url = f"{server.url}/gmail/v1/users/me/profile"
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        answer = requests.get(url, headers=headers, timeout=10)
        assert answer.status_code == 401 and answer.json()["error"]["status"] == "UNAUTHENTICATED"
    service = server.service(None, PUBSUB)
    assert refusal(service.users().getProfile(userId="me")) == (403, "insufficientPermissions")
    service.close()


def test_the_sign_in_has_faults_too(server: GmailServer) -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": server.grant().refresh_token}
    server.faults.nth("oauth.token", "503")
    assert token_error(server, **refresh) == (503, "temporarily_unavailable")
