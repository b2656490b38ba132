"""web.webhooks.sns: signed by Amazon, from the topic of the settings, and lately."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.exceptions import HTTPException

from core.errors import Forbidden, Unreachable
from tests.web.webhooks.conftest import Clock, Elsewhere
from tests.web.webhooks.signing import CERTIFICATE_URL, TOPIC, by_amazon, certificate, notification, rsa_key
from web.webhooks.delivery import Delivery
from web.webhooks.document import Documents
from web.webhooks.sns import Envelope, confirmation, open_envelope

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
OTHER = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-ffff.pem"


@pytest.fixture
def documents(elsewhere: Elsewhere) -> Documents:
    elsewhere.pages[CERTIFICATE_URL] = certificate(rsa_key(), now=NOW).encode()
    elsewhere.pages[OTHER] = certificate(rsa_key(), days=-1, now=NOW).encode()
    return Documents(elsewhere.fetch, lambda: NOW)


async def opened(documents: Documents, body: bytes, topic: str = TOPIC) -> Envelope:
    return await open_envelope(Delivery({}, body, NOW), topic, documents)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [{}, {"Subject": "Größe"}])
async def test_what_amazon_signed_is_opened(
    documents: Documents, elsewhere: Elsewhere, version: str, subject: dict[str, str]
) -> None:
    for _ in range(3):
        body = by_amazon(notification('{"a": "ü\\n"}', NOW, SignatureVersion=version, **subject))
        assert (await opened(documents, body)).message == '{"a": "ü\\n"}'
    assert elsewhere.asked == [CERTIFICATE_URL], "the certificate is kept"


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "other"},
        {"MessageId": "other"},
        {"Subject": "other"},
        {"Timestamp": "2026-03-02T12:00:01.000Z"},
        {"Signature": "AAAA"},
        {"Signature": "ÄÖ"},
        {"SignatureVersion": "2"},
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:mail"},
        {"Type": "UnsubscribeConfirmation"},
    ],
)
async def test_what_was_changed_on_the_way_is_refused(documents: Documents, changed: dict[str, str]) -> None:
    body = json.dumps(json.loads(by_amazon(notification("x", NOW))) | changed).encode()
    with pytest.raises(Forbidden):
        await opened(documents, body)


async def test_a_topic_of_somebody_else_is_refused_though_amazon_signs_for_it(
    documents: Documents, elsewhere: Elsewhere
) -> None:
    theirs = "arn:aws:sns:eu-west-1:999999999999:mail"
    with pytest.raises(Forbidden, match="topic of the settings"):
        await opened(documents, by_amazon(notification("x", NOW, TopicArn=theirs)))
    assert elsewhere.asked == [], "nothing is fetched for them"


async def test_another_key_or_a_certificate_that_is_over_is_refused(documents: Documents) -> None:
    with pytest.raises(Forbidden):
        await opened(documents, by_amazon(notification("x", NOW), rsa_key("other")))
    with pytest.raises(Forbidden):
        await opened(documents, by_amazon(notification("x", NOW, SigningCertURL=OTHER)))


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE_URL.replace("https", "http"),
        "https://evil.example/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123abcd.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService-0123abcd.pem",
        "https://s3.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://bucket.sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com/?x=/SimpleNotificationService-0123abcd.pem",
        CERTIFICATE_URL + "\n",
        CERTIFICATE_URL + "?x",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_certificate_that_lies_elsewhere_is_not_even_fetched(
    documents: Documents, elsewhere: Elsewhere, url: str
) -> None:
    with pytest.raises(Forbidden, match="does not lie at Amazon"):
        await opened(documents, by_amazon(notification("x", NOW, SigningCertURL=url)))
    assert elsewhere.asked == []


@pytest.mark.parametrize("minutes", [-61, 61])
async def test_an_old_one_is_refused(documents: Documents, minutes: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    with pytest.raises(Forbidden, match="minutes old"):
        await opened(documents, by_amazon(notification("x", at)))
    assert await opened(documents, by_amazon(notification("x", NOW + timedelta(minutes=minutes / 2))))


async def test_without_the_certificate_amazon_is_asked_to_come_again(elsewhere: Elsewhere) -> None:
    with pytest.raises(Unreachable):
        await opened(Documents(elsewhere.fetch, lambda: NOW), by_amazon(notification("x", NOW)))


@pytest.mark.parametrize(
    "fields", [{"Type": "Other"}, {"SignatureVersion": "3"}, {"Timestamp": "yesterday"}, {"Message": 3}]
)
async def test_another_shape_is_malformed(documents: Documents, fields: dict[str, Any]) -> None:
    with pytest.raises(HTTPException) as raised:
        await opened(documents, by_amazon(notification("x", NOW) | fields))
    assert raised.value.status_code == 400


GRANT = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb687f5d51"
WISH = {"Type": "SubscriptionConfirmation", "Token": "2336412f37fb687f5d51", "SubscribeURL": GRANT}


async def test_the_wish_of_our_topic_is_granted(
    hooks: httpx.AsyncClient, elsewhere: Elsewhere, clock: Clock
) -> None:
    elsewhere.pages |= {CERTIFICATE_URL: certificate(rsa_key()).encode(), GRANT: b"<ok/>"}
    body = by_amazon(notification("You have chosen to subscribe.", clock(), **WISH))
    answer = await hooks.post("/api/webhooks/email-status/ses", content=body)
    assert answer.status_code == 200
    assert elsewhere.asked == [CERTIFICATE_URL, GRANT]
    del elsewhere.pages[GRANT]
    assert (await hooks.post("/api/webhooks/email-status/ses", content=body)).status_code == 503


@pytest.mark.parametrize(
    "url",
    [
        GRANT.replace("eu-west-1.amazonaws.com", "evil.example"),
        GRANT.replace("https", "http"),
        GRANT.replace("Confirm", "Delete"),
        GRANT.replace("Token=2", "Token=3"),
        GRANT.replace(":mail", ":other"),
        GRANT + "&Action=DeleteTopic",
        GRANT.replace("amazonaws.com/", "amazonaws.com/path"),
        GRANT + "\n",
        "",
    ],
)
def test_an_address_that_is_no_grant_is_not_asked_for(url: str) -> None:
    content = notification("You have chosen.", NOW, **(WISH | {"SubscribeURL": url, "Signature": ""}))
    with pytest.raises(Forbidden):
        confirmation(Envelope.model_validate(content))


def test_a_wish_without_an_address() -> None:
    content = notification("x", NOW, Type="SubscriptionConfirmation", Signature="")
    with pytest.raises(Forbidden):
        confirmation(Envelope.model_validate(content))
