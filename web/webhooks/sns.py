"""A message of a topic of Amazon SNS, and whether Amazon sent it.

Anybody may have a topic that tells us things, and Amazon signs for all of them. So only the one topic of the
settings is listened to, and its wish to be listened to is granted by asking for the address that it gives.
"""

import base64
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import load_pem_x509_certificate
from pydantic import Field

from core.errors import Forbidden
from web.webhooks.delivery import Delivery, Payload, malformed, parsed, require_fresh
from web.webhooks.document import Documents

WINDOW = timedelta(hours=1)
"""SNS repeats a call under the time of its first attempt, for longer than five minutes if it is told to. A
copy does no harm: what it reports is known by then."""
_HOST = r"https://sns\.[a-z0-9-]{1,40}\.amazonaws\.com(?:\.cn)?"
"""No port, no name before it, no other host that only begins or ends like it."""
_CERTIFICATE = re.compile(_HOST + r"/SimpleNotificationService-[0-9a-zA-Z]{1,80}\.pem")
_CONFIRMATION = re.compile(_HOST + r"/?\?[!-~]{1,2000}")
_HASHES: dict[str, type[HashAlgorithm]] = {"1": SHA1, "2": SHA256}
_WISH = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": _WISH,
    "UnsubscribeConfirmation": _WISH,
}


class Envelope(Payload):
    type: str = Field(alias="Type")
    message_id: str = Field(alias="MessageId")
    topic: str = Field(alias="TopicArn")
    message: str = Field(alias="Message")
    subject: str | None = Field(None, alias="Subject")
    timestamp: str = Field(alias="Timestamp")
    version: str = Field(alias="SignatureVersion")
    signature: str = Field(alias="Signature")
    certificate: str = Field(alias="SigningCertURL")
    token: str | None = Field(None, alias="Token")
    subscribe: str | None = Field(None, alias="SubscribeURL")

    def signed(self) -> bytes:
        """The bytes that were signed: name and value of each field on a line of its own, but for those that
        are not there."""
        values = self.model_dump(by_alias=True)
        there = [name for name in _SIGNED[self.type] if values[name] is not None]
        return "".join(f"{name}\n{values[name]}\n" for name in there).encode()


async def open_envelope(delivery: Delivery, topic: str, documents: Documents) -> Envelope:
    """Raises Forbidden for what is not from Amazon or not from that topic, HTTPException 400 for another
    shape, Unreachable where the certificate cannot be fetched."""
    envelope = parsed(Envelope, delivery.body)
    if envelope.topic != topic:
        raise Forbidden("The delivery is not from the topic of the settings.")
    if envelope.type not in _SIGNED or envelope.version not in _HASHES:
        raise malformed("its type or the version of its signature is unknown")
    if not _CERTIFICATE.fullmatch(envelope.certificate):
        raise Forbidden("The certificate does not lie at Amazon SNS.")
    _check(envelope, await documents.get(envelope.certificate), delivery.now)
    return envelope


def _check(envelope: Envelope, certificate: bytes, now: datetime) -> None:
    try:
        found = load_pem_x509_certificate(certificate)
        key = found.public_key()
        is_valid = found.not_valid_before_utc <= now <= found.not_valid_after_utc
        if not is_valid or not isinstance(key, RSAPublicKey):
            raise ValueError("The certificate is no good.")
        signature = base64.b64decode(envelope.signature, validate=True)
        key.verify(signature, envelope.signed(), PKCS1v15(), _HASHES[envelope.version]())
    except (InvalidSignature, ValueError) as error:
        raise Forbidden("The delivery is not signed by Amazon SNS.") from error
    require_fresh(_time(envelope.timestamp), now, WINDOW)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise malformed("its time is none") from None


def confirmation(envelope: Envelope) -> str:
    """The address that grants the topic's wish. Raises Forbidden where it is another."""
    url = envelope.subscribe or ""
    wanted = {"Action": "ConfirmSubscription", "TopicArn": envelope.topic, "Token": envelope.token}
    asked = parse_qs(urlsplit(url).query) if _CONFIRMATION.fullmatch(url) else {}
    if any(asked.get(name) != [value] for name, value in wanted.items()):
        raise Forbidden("The address to confirm the subscription at is not one of Amazon SNS.")
    return url
