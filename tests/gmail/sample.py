"""Mails for the tests of this folder."""

import base64
from email.message import EmailMessage
from typing import Any

from googleapiclient.errors import HttpError

KIM = "Kim Hidé <kim@example.net>"
SUPPORT = "support@example.com"


def written(
    name: str, subject: str = "Lamp", to: str = SUPPORT, sender: str = KIM, references: str = ""
) -> bytes:
    """A mail whose Message-ID is <name@example.net>; `references` is the name of another."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = f"<{name}@example.net>"
    if references:
        mail["In-Reply-To"] = mail["References"] = f"<{references}@example.net>"
    mail.set_content("It is dark & cold: wirklich dunkel.")
    return mail.as_bytes()


def with_attachment(name: str = "lamp") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = KIM, SUPPORT, "Grüße: Lamp"
    mail["Message-ID"], mail["List-Id"] = f"<{name}@example.net>", "<lamps.example.net>"
    mail.set_content("See the picture.")
    mail.add_alternative("<p>See the <b>picture</b>.</p>", subtype="html")
    mail.add_attachment(bytes(range(256)), "image", "png", filename="lämp.png")
    return mail.as_bytes()


def encoded(raw: bytes, **more: Any) -> dict[str, Any]:
    """As the body of a request."""
    return {"raw": base64.urlsafe_b64encode(raw).decode(), **more}


def raw_of(answer: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64decode(answer["raw"])


def refusal(request: Any) -> tuple[int, str]:
    """The status and reason with which a request fails."""
    try:
        request.execute()
    except HttpError as error:
        return error.resp.status, error.error_details[0]["reason"]
    raise AssertionError("it was not refused")
