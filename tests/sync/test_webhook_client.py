"""One message, against a real receiver: what it gets, and what it cannot do to us."""

import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError

from core.webhooks import new_secret
from sync.webhook_client import WebhookClient, encode, message_id, sign
from tests.sync.receiver import answer, receiving

BODY = encode(
    {"data": {"b": "Größe\u2028"}, "timestamp": "2026-03-02T10:00:00+00:00", "type": "ticket.created"}
)


@pytest.fixture
async def client() -> AsyncIterator[WebhookClient]:
    client = WebhookClient(httpx.create_ssl_context(), allow_private=True, timeout=20)
    yield client
    await client.close()


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of standardwebhooks.com."""
    moment = dt.datetime.fromtimestamp(1614265330, dt.UTC)
    secret, id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert sign([secret], id, moment, b'{"test": 2432232314}') == {
        "webhook-id": id,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_with_two_secrets_either_is_enough() -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    headers = sign([new, old], message_id(UUID(int=1)), dt.datetime.now(dt.UTC), BODY)
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers)["type"] == "ticket.created"
    for secret, body in ((other, BODY), (new, BODY + b" ")):
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            Webhook(secret).verify(body, headers)


async def test_what_arrives_is_the_body_under_the_hosts_own_name(client: WebhookClient) -> None:
    async with receiving() as receiver:
        answered = await client.post(receiver.url + "?token=a%20b", {"webhook-id": "msg_1"}, BODY)
        (arrived,) = receiver.arrived
    assert (answered.status, answered.error) == (204, None)
    assert (arrived.path, arrived.body) == ("/hooks?token=a%20b", BODY)
    assert arrived.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert arrived.headers["content-type"] == "application/json"
    assert BODY.startswith(b'{"type":"ticket.created","timestamp"')


async def test_it_goes_where_the_name_led_when_it_was_checked(
    client: WebhookClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means another host a moment later, as one does whose owner means harm, changes nothing."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def found(host: str, port: Any, *more: Any, **options: Any) -> Any:
        if str(host).endswith(".example"):
            asked.append(host)
            return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port, *more, **options)
        return real(host, port, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    async with receiving() as receiver:
        url = f"http://hooks.example:{receiver.port}/x"
        assert (await client.post(url, {}, BODY)).status == 204
        assert receiver.arrived[0].headers["host"] == f"hooks.example:{receiver.port}"
        assert asked == ["hooks.example"]
        assert (await client.post(url, {}, BODY)).error == "The receiver takes no connection."
        assert len(receiver.arrived) == 1


async def test_a_name_that_leads_inside_is_not_even_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **more: [(0, 0, 0, "", ("127.0.0.1", 443))])
    strict = WebhookClient(httpx.create_ssl_context(), allow_private=False, timeout=20)
    async with receiving() as receiver:
        inside = await strict.post(f"https://hooks.example:{receiver.port}/", {}, BODY)
        plain = await strict.post(f"http://hooks.example:{receiver.port}/", {}, BODY)
        assert receiver.connections == 0
    await strict.close()
    assert inside.error and "leads to 127.0.0.1" in inside.error
    assert plain.error and "begins with https://" in plain.error


async def test_the_next_address_is_tried_when_one_takes_no_connection(
    client: WebhookClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def found(host: str, *more: Any, **options: Any) -> Any:
        if host == "hooks.example":
            return [(0, 0, 0, "", (one, 0)) for one in ("127.0.0.3", "127.0.0.1")]
        return real(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    async with receiving() as receiver:
        answered = await client.post(f"http://hooks.example:{receiver.port}/", {}, BODY)
    assert answered.status == 204


@asynccontextmanager
async def aclosing(client: WebhookClient) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await client.close()


def certificate(folder: Path, *names: str) -> Path:
    """A self-signed certificate for these names and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{names[0]}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


async def test_tls_proves_the_name_though_the_connection_goes_to_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "hooks.example")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(file)
    greeted: list[str | None] = []
    served.sni_callback = lambda connection, name, context: greeted.append(name)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **options: real(
            "127.0.0.1" if str(host).endswith(".example") else host, *more, **options
        ),
    )
    client = WebhookClient(ssl.create_default_context(cafile=str(file)), allow_private=True, timeout=20)
    strange = WebhookClient(httpx.create_ssl_context(), allow_private=True, timeout=20)
    async with receiving(served) as receiver, aclosing(client), aclosing(strange):
        good = await client.post(f"https://hooks.example:{receiver.port}/", {}, BODY)
        other = await client.post(f"https://other.example:{receiver.port}/", {}, BODY)
        unknown = await strange.post(f"https://hooks.example:{receiver.port}/", {}, BODY)
        assert len(receiver.arrived) == 1
    assert (good.status, good.error) == (204, None)
    assert greeted == ["hooks.example", "other.example", "hooks.example"]
    for refused in (other, unknown):
        assert refused.error and refused.error.startswith("The receiver's certificate does not hold")


async def test_nobody_is_followed_elsewhere(client: WebhookClient) -> None:
    async with receiving() as elsewhere, receiving() as receiver:
        receiver.answers = lambda arrived: answer(307, b"", f"Location: {elsewhere.url}")
        answered = await client.post(receiver.url, {}, BODY)
        assert elsewhere.connections == 0
    assert answered.error == "The receiver answered 307, which leads elsewhere; webhooks do not follow."


async def test_of_an_endless_answer_only_the_beginning_is_read(client: WebhookClient) -> None:
    async with receiving() as receiver:
        endless = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"\x1b[31mred " * 10_000
        receiver.answers = lambda arrived: endless
        answered = await client.post(receiver.url, {}, BODY)
    assert (answered.status, answered.error) == (200, None)
    assert len(answered.said) <= 300 and "\x1b" not in answered.said


async def test_a_packed_answer_is_not_unpacked(client: WebhookClient) -> None:
    async with receiving() as receiver:
        receiver.answers = lambda arrived: answer(500, b"\x1f\x8b" + bytes(100), "Content-Encoding: gzip")
        answered = await client.post(receiver.url, {}, BODY)
        assert receiver.arrived[0].headers["accept-encoding"] == "identity"
    assert answered.error == "The receiver answered 500."
    assert "\x00" not in answered.said


@pytest.mark.parametrize(
    "said", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nx", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000]
)
async def test_what_is_no_answer_is_a_sentence(client: WebhookClient, said: bytes) -> None:
    async with receiving() as receiver:
        receiver.answers = lambda arrived: said
        receiver.closes = True
        answered = await client.post(receiver.url, {}, BODY)
    assert answered.error and answered.status is None
    assert receiver.url not in answered.error


async def test_who_does_not_answer_in_time_is_left() -> None:
    client = WebhookClient(httpx.create_ssl_context(), allow_private=True, timeout=0.5)
    async with receiving() as receiver:
        receiver.answers = lambda arrived: None
        answered = await client.post(receiver.url, {}, BODY)
    await client.close()
    assert answered.error == "There was no answer within 0.5 seconds."


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(503, "120", 120.0), (429, "7", 7.0), (500, "120", 0.0), (503, "soon", 0.0), (429, "9" * 30, 0.0)],
)
async def test_who_asks_for_time_gets_it(
    client: WebhookClient, status: int, header: str, seconds: float
) -> None:
    async with receiving() as receiver:
        receiver.answers = lambda arrived: answer(status, b"", f"Retry-After: {header}")
        assert (await client.post(receiver.url, {}, BODY)).retry_after == seconds
