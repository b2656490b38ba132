"""Keys, certificates and signatures of the test's own, as Google, Amazon and the others make them."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID


@cache
def rsa_key(name: str = "first") -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(key: rsa.RSAPrivateKey, days: float = 30, now: datetime | None = None) -> str:
    """One that the key itself signed, good until so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    until = (now or datetime.now(UTC)) + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=365))
        .not_valid_after(until)
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
_NAMES = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")


def notification(message: Any, now: datetime, **fields: Any) -> dict[str, Any]:
    """A message of the topic, not signed yet."""
    text = message if isinstance(message, str) else json.dumps(message)
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": text,
        "Timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "SignatureVersion": "1",
        "SigningCertURL": CERTIFICATE_URL,
    } | fields


def by_amazon(envelope: dict[str, Any], key: rsa.RSAPrivateKey | None = None) -> bytes:
    """The body of the call; the lines that are signed stand in the order of their names."""
    names = [name for name in _NAMES if name in envelope]
    signed = "".join(f"{name}\n{envelope[name]}\n" for name in names).encode()
    hashed = SHA256() if envelope["SignatureVersion"] == "2" else SHA1()
    signature = (key or rsa_key()).sign(signed, padding.PKCS1v15(), hashed)
    return json.dumps(envelope | {"Signature": base64.b64encode(signature).decode()}).encode()


@cache
def ec_key(name: str = "first") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def shown(key: ec.EllipticCurvePrivateKey) -> str:
    """The public half, as SendGrid shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def by_sendgrid(body: bytes, at: float, key: ec.EllipticCurvePrivateKey | None = None) -> dict[str, str]:
    stamp = str(int(at))
    signature = (key or ec_key()).sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }


def by_mailgun(event: dict[str, Any], at: float, key: str, token: str = "t" * 50) -> bytes:
    stamp = str(int(at))
    signature = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": stamp, "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": event}).encode()
