"""The demo's mails as the programs that people use would write them: MIME, quoting, signatures, encodings."""

import hashlib
import html as entities
import mimetypes
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses, parsedate_to_datetime

from sync import field
from sync.sample import Person, Step, content

_POLICY = policy.SMTP.clone(cte_type="7bit", refold_source="none")
_QUOTED_LINES = 80
_ATTRIBUTION = {
    "en": "On {at:%a, %b %d, %Y at %H:%M} {name} <{email}> wrote:",
    "de": "Am {at:%d.%m.%Y} um {at:%H:%M} schrieb {name} <{email}>:",
    "fr": "Le {at:%d/%m/%Y} à {at:%H:%M}, {name} <{email}> a écrit :",
    "es": "El {at:%d/%m/%Y} a las {at:%H:%M}, {name} <{email}> escribió:",
    "ja": "{at:%Y}年{at:%m}月{at:%d}日 {at:%H:%M} {name} <{email}>:",
}
_PHONE = {"en": "Sent from my phone", "de": "Von unterwegs gesendet"}
_HTML_CLIENTS = frozenset(["gmail", "outlook", "apple", "phone"])


@dataclass(frozen=True)
class Letter:
    """What a mail is made of, before a program gives it its form."""

    sender: Person
    to: list[tuple[str, str]]
    cc: list[tuple[str, str]]
    subject: str
    date: datetime
    step: Step
    parent: bytes | None = None
    """The raw mail it answers."""


@dataclass(frozen=True)
class _Parent:
    message_id: str
    references: str
    attribution: str
    text: str
    head: str
    """From, Sent, To and Subject, as Outlook puts them above what it quotes."""


def write(letter: Letter) -> bytes:
    """The raw mail; the same letter gives the same bytes."""
    mail = EmailMessage(_POLICY)
    parent = _read_parent(letter) if letter.parent else None
    for name, value in _fields(letter, parent).items():
        if value:
            mail.set_raw(name, value)
    shown = _write_body(mail, letter, parent)
    for name in letter.step.attach:
        if name not in shown:
            maintype, subtype = _type(name)
            mail.add_attachment(content(name), maintype=maintype, subtype=subtype, filename=name)
    _name_boundaries(mail)
    return mail.as_bytes()


def message_id(sender: str, date: datetime, subject: str) -> str:
    """In the form of its sender's mail server."""
    digest = hashlib.sha256(f"{sender} {date.isoformat()} {subject}".encode()).hexdigest()
    return f"<{digest[:28]}@mail.{sender.partition('@')[2]}>"


def author(raw: bytes) -> tuple[str, str]:
    """Name and address of who wrote a mail."""
    return getaddresses([_decoded(message_from_bytes(raw)["From"])])[0]


def from_file(name: str, date: datetime) -> bytes:
    """A mail as it lies in a file, with its date and its id."""
    raw = content(name)
    id = message_id(f"{name}@mallory.example", date, name)
    return raw.replace(b"@DATE@", format_datetime(date).encode()).replace(b"@ID@", id.encode())


def content_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _fields(letter: Letter, parent: _Parent | None) -> dict[str, str]:
    sender, step = letter.sender, letter.step
    links = parent if parent and not step.loose else None
    return {
        "Received": f"from mail.{sender.email.partition('@')[2]} by mx.pedalglow.example with ESMTPS;\r\n "
        + format_datetime(letter.date),
        "From": field.mailbox(sender.name, sender.email),
        "To": field.mailboxes(letter.to),
        "Cc": field.mailboxes(letter.cc),
        "Subject": field.text("Subject", letter.subject),
        "Date": format_datetime(letter.date),
        "Message-ID": message_id(sender.email, letter.date, letter.subject),
        "In-Reply-To": links.message_id if links else "",
        "References": field.references([*links.references.split(), links.message_id]) if links else "",
        **{name: field.text(name, value) for name, value in step.headers.items()},
    }


def _read_parent(letter: Letter) -> _Parent:
    assert letter.parent is not None
    # The older, lazier policy of the library: five times as fast, and what it reads was written here.
    mail = message_from_bytes(letter.parent)
    part = next((part for part in mail.walk() if part.get_content_type() == "text/plain"), None)
    content = part.get_payload(decode=True) if part else b""
    assert isinstance(content, bytes)
    text = content.decode(part.get_content_charset("utf-8") if part else "utf-8").replace("\r\n", "\n")
    name, email = getaddresses([_decoded(mail["From"])])[0]
    at = parsedate_to_datetime(mail["Date"])
    pattern = _ATTRIBUTION.get(letter.sender.language, _ATTRIBUTION["en"])
    return _Parent(
        mail["Message-ID"].strip(),
        mail.get("References", ""),
        pattern.format(at=at, name=name or email, email=email),
        "\n".join(text.rstrip().split("\n")[:_QUOTED_LINES]),
        f"From: {name} <{email}>\nSent: {at:%A, %d %B %Y %H:%M}\n"
        f"To: {_decoded(mail['To'])}\nSubject: {_decoded(mail['Subject'])}",
    )


def _decoded(value: str) -> str:
    return " ".join(str(make_header(decode_header(value))).split())


def _write_body(mail: EmailMessage, letter: Letter, parent: _Parent | None) -> list[str]:
    """The text as the sender's program has it; returns the files that are shown inside of it."""
    if letter.step.html:
        mail.set_content(content(letter.step.html).decode(), subtype="html", cte="quoted-printable")
        return []
    charset = letter.sender.charset
    cte = "7bit" if charset == "iso-2022-jp" else "quoted-printable"
    mail.set_content(_plain(letter, parent), charset=charset, cte=cte)
    if letter.sender.client not in _HTML_CLIENTS:
        return []
    shown = [name for name in letter.step.attach if name.endswith(".png")]
    _add_page(mail, _page(letter, parent, shown), shown)
    return shown


def _plain(letter: Letter, parent: _Parent | None) -> str:
    own = letter.step.text.strip("\n")
    below = _signature(letter.sender)
    if parent is None or letter.step.quote == "none":
        return f"{own}\n{below}"
    if letter.step.quote == "inline":
        return f"{parent.attribution}\n\n{own}\n{below}"
    quoted = "\n".join(
        f">{line}" if line.startswith(">") else f"> {line}" for line in parent.text.split("\n")
    )
    if letter.step.quote == "above" or letter.sender.client == "thunderbird":
        return f"{parent.attribution}\n{quoted}\n\n{own}\n{below}"
    if letter.sender.client == "outlook":
        return f"{own}\n{below}\n{'_' * 32}\n{parent.head}\n\n{parent.text}\n"
    return f"{own}\n{below}\n{parent.attribution}\n\n{quoted}\n"


def _signature(sender: Person) -> str:
    if sender.client == "phone":
        return f"\n{_PHONE.get(sender.language, _PHONE['en'])}\n"
    if not sender.signature:
        return ""
    # Outlook and Apple Mail put a signature below without the separator that RFC 3676 asks for.
    separator = "" if sender.client in ("outlook", "apple") else "-- \n"
    return f"\n{separator}{sender.signature.strip()}\n"


def _page(letter: Letter, parent: _Parent | None, inline: list[str]) -> str:
    own = _divs(letter.step.text.strip("\n"))
    own += "".join(f'<div><img src="cid:{_cid(name)}" alt="{name}"></div>' for name in inline)
    below = _divs(_signature(letter.sender).strip("\n").removeprefix("-- \n"))
    client = letter.sender.client
    if below and client == "gmail":
        below = f'<span class="gmail_signature_prefix">-- </span><div class="gmail_signature">{below}</div>'
    quoted = _quoted_page(client, parent) if parent and letter.step.quote == "below" else ""
    head = '<html><head><meta charset="utf-8"></head>'
    return f'{head}<body><div dir="ltr">{own}</div>{below}{quoted}</body></html>\n'


def _quoted_page(client: str, parent: _Parent) -> str:
    attribution, text = entities.escape(parent.attribution), _divs(parent.text)
    if client == "outlook":
        head = _divs(parent.head)
        return f'<hr tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">{head}</div><div>{text}</div>'
    if client in ("apple", "phone"):
        return f'<br><blockquote type="cite"><div>{attribution}</div><br><div>{text}</div></blockquote>'
    return (
        f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{attribution}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{text}</blockquote></div>'
    )


def _divs(text: str) -> str:
    """Lines as the editors of mail programs keep them."""
    return (
        "".join(f"<div>{entities.escape(line) or '<br>'}</div>" for line in text.split("\n")) if text else ""
    )


def _add_page(mail: EmailMessage, page: str, inline: list[str]) -> None:
    mail.add_alternative(page, subtype="html", cte="quoted-printable")
    body = mail.get_body(("html",))
    for name in inline:
        assert isinstance(body, EmailMessage)
        maintype, subtype = _type(name)
        picture = content(name)
        body.add_related(
            picture, maintype, subtype, filename=name, cid=f"<{_cid(name)}>", disposition="inline"
        )


def _cid(name: str) -> str:
    return f"{hashlib.sha256(name.encode()).hexdigest()[:12]}@pictures"


def _type(name: str) -> tuple[str, str]:
    maintype, _, subtype = content_type(name).partition("/")
    return maintype, subtype


def _name_boundaries(mail: EmailMessage) -> None:
    for depth, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"b{depth}_{hashlib.sha256(str(mail['Message-ID']).encode()).hexdigest()[:20]}")


def bounce(sent: bytes, words: str, date: datetime) -> bytes:
    """The report (RFC 3464) of a mail server that could not deliver the mail."""
    original = message_from_bytes(sent, policy=policy.default)
    recipient = getaddresses([str(original["To"])])[0][1]
    sender = "MAILER-DAEMON@mx.pedalglow.example"
    boundary = "report_" + hashlib.sha256(sent).hexdigest()[:20]
    head = sent.partition(b"\r\n\r\n" if b"\r\n\r\n" in sent else b"\n\n")[0].decode("ascii")
    lines = f"""\
From: Mail Delivery System <{sender}>
To: {getaddresses([str(original["From"])])[0][1]}
Subject: Undelivered Mail Returned to Sender
Date: {format_datetime(date)}
Message-ID: {message_id(sender, date, recipient)}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.pedalglow.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

<{recipient}>: {words}

--{boundary}
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.pedalglow.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {words.split()[1]}
Diagnostic-Code: smtp; {words}

--{boundary}
Content-Type: text/rfc822-headers

{head}

--{boundary}--
"""
    return lines.replace("\r\n", "\n").encode("ascii")
