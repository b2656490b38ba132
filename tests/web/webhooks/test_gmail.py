"""web.webhooks.gmail: a push of Google's wakes the daemon, and nobody else's does."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.exceptions import HTTPException

from core.desk import Desk
from core.errors import Forbidden, SignedOut
from core.sections import Google
from tests.web.webhooks.conftest import ACCOUNT, AUDIENCE, Clock, Elsewhere
from tests.web.webhooks.signing import certificate, rsa_key
from web.app import make_app
from web.front import Front
from web.webhooks.document import Documents
from web.webhooks.gmail import CERTIFICATES, check_token, read

PATH = "/api/webhooks/gmail"
KID = "d543c4f7"
BOX = "support@example.com"


@pytest.fixture(autouse=True)
def google(elsewhere: Elsewhere) -> None:
    """Google's certificates: one of another key, then the one that signs, and one that is over."""
    found = {
        "other": certificate(rsa_key("other")),
        KID: certificate(rsa_key()),
        "over": certificate(rsa_key(), days=-1),
    }
    elsewhere.pages[CERTIFICATES] = json.dumps(found).encode()


def claims(clock: Clock, **changed: Any) -> dict[str, Any]:
    now = int(clock().timestamp())
    given: dict[str, Any] = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "azp": "113774264463038321964",
        "sub": "113774264463038321964",
        "email": ACCOUNT,
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
    } | changed
    return {name: value for name, value in given.items() if value is not None}


def token(clock: Clock, kid: str | None = KID, key: Any = None, alg: str = "RS256", **changed: Any) -> str:
    headers = {"kid": kid} if kid else {}
    return jwt.encode(claims(clock, **changed), key or rsa_key(), algorithm=alg, headers=headers)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def push(address: str = BOX, history: Any = 9876543210) -> dict[str, Any]:
    """As Google documents it; Gmail's content is in base64 for addresses."""
    content = json.dumps({"emailAddress": address, "historyId": history})
    data = base64.urlsafe_b64encode(content.encode()).decode()
    message = {"data": data, "messageId": "2070443601311540", "publishTime": "2026-02-26T19:13:55.749Z"}
    return {"message": message, "subscription": "projects/desk/subscriptions/ttydesk-push"}


async def woken(service: Desk) -> bool:
    (box,) = await service.list_mailboxes()
    return box.woken_at is not None


async def test_it_wakes_whoever_works_on_the_mailbox(
    hooks: httpx.AsyncClient, clock: Clock, service: Desk
) -> None:
    for _ in range(2):
        answer = await hooks.post(PATH, json=push("Support@Example.com"), headers=bearer(token(clock)))
        assert (answer.status_code, answer.content) == (204, b"")
    assert await woken(service)


async def test_the_certificates_are_fetched_once(
    hooks: httpx.AsyncClient, clock: Clock, elsewhere: Elsewhere
) -> None:
    for _ in range(3):
        assert (await hooks.post(PATH, json=push(), headers=bearer(token(clock)))).status_code == 204
    assert elsewhere.asked == [CERTIFICATES]


async def test_a_key_that_google_has_had_since_is_fetched(
    hooks: httpx.AsyncClient, clock: Clock, elsewhere: Elsewhere
) -> None:
    await hooks.post(PATH, json=push(), headers=bearer(token(clock)))
    elsewhere.pages[CERTIFICATES] = json.dumps({"new": certificate(rsa_key("new"))}).encode()
    given = bearer(token(clock, kid="new", key=rsa_key("new")))
    assert (await hooks.post(PATH, json=push(), headers=given)).status_code == 401, "it was fetched just now"
    clock.ahead = timedelta(minutes=2)
    assert (await hooks.post(PATH, json=push(), headers=given)).status_code == 204
    assert len(elsewhere.asked) == 2


async def test_a_certificate_serves_until_it_is_over_when_there_is_no_newer_one(
    hooks: httpx.AsyncClient, clock: Clock, elsewhere: Elsewhere
) -> None:
    await hooks.post(PATH, json=push(), headers=bearer(token(clock)))
    elsewhere.pages.clear()
    clock.ahead = timedelta(hours=5)
    given = bearer(token(Clock()))  # the library that checks a token has a clock of its own
    assert (await hooks.post(PATH, json=push(), headers=given)).status_code == 204
    clock.ahead = timedelta(days=31)
    assert (await hooks.post(PATH, json=push(), headers=given)).status_code == 401


async def test_without_any_certificate_google_is_asked_to_come_again(
    hooks: httpx.AsyncClient, clock: Clock, elsewhere: Elsewhere
) -> None:
    elsewhere.pages.clear()
    assert (await hooks.post(PATH, json=push(), headers=bearer(token(clock)))).status_code == 503


PUBLIC = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def by_hmac(clock: Clock) -> str:
    """The public key taken for a shared secret; the library itself refuses to make such a token."""

    def part(content: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")

    signed = part({"alg": "HS256", "kid": KID}) + b"." + part(claims(clock))
    mac = hmac.new(PUBLIC, signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def unsigned(clock: Clock) -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": KID}).encode()).rstrip(b"=").decode()
    return f"{head}.{token(clock).split('.')[1]}."


FORGED: dict[str, Callable[[Clock], str]] = {
    "over": lambda clock: token(clock, iat=1, exp=int(clock().timestamp()) - 60),
    "of the future": lambda clock: token(clock, iat=int(clock().timestamp()) + 600),
    "without an end": lambda clock: token(clock, exp=None),
    "without a beginning": lambda clock: token(clock, iat=None),
    "for somebody else": lambda clock: token(clock, aud="https://other.example/api/webhooks/gmail"),
    "for several": lambda clock: token(clock, aud=[AUDIENCE, "https://other.example"]),
    "for nobody": lambda clock: token(clock, aud=None),
    "from another issuer": lambda clock: token(clock, iss="https://accounts.google.com.evil.example"),
    "from no issuer": lambda clock: token(clock, iss=None),
    "of another key": lambda clock: token(clock, key=rsa_key("other")),
    "of an unknown key": lambda clock: token(clock, kid="unknown", key=rsa_key("third")),
    "of a key without a name": lambda clock: token(clock, kid=None),
    "of a certificate that is over": lambda clock: token(clock, kid="over"),
    "unsigned": unsigned,
    "by the public key as a secret": by_hmac,
    "by another algorithm": lambda clock: token(
        clock, key=ec.generate_private_key(ec.SECP256R1()), alg="ES256"
    ),
    "changed": lambda clock: token(clock)[:-8] + "AAAAAAAA",
    "cut": lambda clock: token(clock)[:-9],
    "no token": lambda clock: "abc",
    "half a token": lambda clock: "..",
    "odd letters": lambda clock: "ä.ö.ü".encode().decode("latin-1"),
    "a wrong type": lambda clock: token(clock, exp="soon"),
}


@pytest.fixture
def documents(elsewhere: Elsewhere, clock: Clock) -> Documents:
    return Documents(elsewhere.fetch, clock)


GOOGLE = Google(push_audience=AUDIENCE, push_account=ACCOUNT)


@pytest.mark.parametrize("how", FORGED)
async def test_a_token_that_is_not_google_s_for_us_and_now_is_refused(
    documents: Documents, clock: Clock, how: str
) -> None:
    with pytest.raises(SignedOut):
        await check_token(FORGED[how](clock), GOOGLE, documents, clock())


OTHERS: list[dict[str, Any]] = [
    {"email": "push@other.iam.gserviceaccount.com"},
    {"email": None},
    {"email": [ACCOUNT]},
    {"email_verified": False},
    {"email_verified": None},
    {"email_verified": "true"},
]


@pytest.mark.parametrize("changed", OTHERS)
async def test_a_token_of_google_s_for_another_account_is_refused(
    documents: Documents, clock: Clock, changed: dict[str, Any]
) -> None:
    """Anybody can have Google sign tokens for our address in the name of an account of their own."""
    with pytest.raises(Forbidden):
        await check_token(token(clock, **changed), GOOGLE, documents, clock())


@pytest.mark.parametrize("issuer", ["accounts.google.com", "https://accounts.google.com"])
async def test_both_names_of_google_s_are_known(documents: Documents, clock: Clock, issuer: str) -> None:
    await check_token(token(clock, iss=issuer), GOOGLE, documents, clock())


async def test_who_is_refused_wakes_nobody(hooks: httpx.AsyncClient, clock: Clock, service: Desk) -> None:
    refused = [
        (401, {}),
        (401, {"Authorization": ""}),
        (401, {"Authorization": "Bearer "}),
        (401, {"Authorization": "Basic YTpi"}),
        (401, bearer(token(clock, key=rsa_key("other")))),
        (401, bearer(unsigned(clock))),
        (403, bearer(token(clock, email="push@other.iam.gserviceaccount.com"))),
    ]
    for status, headers in refused:
        answer = await hooks.post(PATH, json=push(), headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert not await woken(service)


async def test_a_mailbox_of_somebody_else_is_acknowledged_and_noted_once(
    hooks: httpx.AsyncClient, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Else Pub/Sub repeats it for days."""
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        answer = await hooks.post(PATH, json=push("who\x1b@example.com"), headers=bearer(token(clock)))
        assert answer.status_code == 204
    (record,) = caplog.records
    assert "is no mailbox of this desk" in record.getMessage() and "\x1b" not in record.getMessage()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"message": {}}',
        b'{"message": {"data": "!"}}',
        b'{"message": {"data": "e30="}}',
        json.dumps(push("nobody")).encode(),
        json.dumps(push(history=-1)).encode(),
        json.dumps(push(history=2**64)).encode(),
        json.dumps(push(history="x")).encode(),
    ],
)
def test_what_is_no_message_of_gmail_s_is_malformed(body: bytes) -> None:
    with pytest.raises(HTTPException) as raised:
        read(body)
    assert raised.value.status_code == 400


async def test_who_sends_it_is_told(hooks: httpx.AsyncClient, clock: Clock, service: Desk) -> None:
    answer = await hooks.post(PATH, content=b"{}", headers=bearer(token(clock)))
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert not await woken(service)


def test_a_history_that_is_written_as_text_is_taken() -> None:
    notice = read(json.dumps(push("Support@Example.com", str(2**64 - 1))).encode())
    assert (notice.address, notice.history) == ("Support@Example.com", 2**64 - 1)


async def test_while_the_database_is_away_google_is_asked_to_come_again(
    hooks: httpx.AsyncClient, clock: Clock, service: Desk
) -> None:
    await service.close()
    assert (await hooks.post(PATH, json=push(), headers=bearer(token(clock)))).status_code == 503


@pytest.mark.parametrize("given", [{}, {"push_audience": AUDIENCE}, {"push_account": ACCOUNT}])
async def test_it_is_not_there_until_both_are_set(
    set_up: Callable[..., Front], clock: Clock, given: dict[str, str]
) -> None:
    """Without an audience or an account any token of Google's would do."""
    transport = httpx.ASGITransport(make_app(set_up(google=given)))
    async with httpx.AsyncClient(transport=transport, base_url="https://x") as client:
        answer = await client.post(PATH, json=push(), headers=bearer(token(clock)))
    assert answer.status_code == 404


async def test_who_follows_the_mailboxes_hears_of_it(
    hooks: httpx.AsyncClient, clock: Clock, service: Desk
) -> None:
    """The daemon does: it is nudged, and looks."""
    async with aclosing(service.follow_mailboxes()) as heard, asyncio.timeout(60):
        assert (await anext(heard))[0].woken_at is None
        await hooks.post(PATH, json=push(), headers=bearer(token(clock)))
        while not (await anext(heard))[0].woken_at:
            pass
