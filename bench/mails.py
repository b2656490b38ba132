"""Mails such as a support desk gets, made from a seed: the same bytes on every machine."""

import base64
import quopri
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

_TEXT = """
the printer on our second floor shows an error since this morning and nobody can print invoices any more
we tried to restart it twice please tell us what to do next because the month closes on Friday order
number has not arrived although the tracking page says delivered could you check with the carrier and
send a replacement login fails after the update password reset mail never comes account export contains
wrong totals for March thanks a lot for the quick answer that solved it but now another question the
customer asked whether refund is possible without the original receipt Grüße aus München déjà vu naïve
façade señor jalapeño renewal
"""
_WORDS = _TEXT.split()
_NAMES = ("Ada", "Kim", "Grace", "Lin", "Omar", "Zoe", "Jurgen", "Maria", "Soren", "Iwona", "Ravi", "Noor")
_FAMILIES = ("Byron", "Hopper", "Okafor", "Garcia", "Nowak", "Dubois", "Rao", "Haddad", "Silva", "Larsen")
_SERVERS = ("mx1.example.net", "smtp-out.example.org", "relay7.mail.example")


@dataclass(frozen=True, slots=True)
class _Sent:
    id: str
    ancestors: list[str]
    subject: str
    text: str
    sender: str
    at: datetime


class Customers:
    """Writes mails, oldest first; a reply answers one of the 300 newest before it."""

    def __init__(self, seed: int = 1, replies: float = 0.4, attached: float = 0.1) -> None:
        self._dice = random.Random(seed)
        self._seed = seed
        self._replies = replies
        self._attached = attached
        self._sent: list[_Sent] = []
        self._at = datetime(2026, 1, 5, 8, tzinfo=UTC)

    def write(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield self._next()

    def _next(self) -> bytes:
        dice = self._dice
        self._at += timedelta(seconds=dice.randint(5, 120))
        parent = dice.choice(self._sent[-300:]) if self._sent and dice.random() < self._replies else None
        mail = _Sent(
            id=f"<{dice.getrandbits(64):016x}.{len(self._sent)}.{self._seed}@mail.example.com>",
            ancestors=[*parent.ancestors, parent.id][-10:] if parent else [],
            subject=f"Re: {parent.subject.removeprefix('Re: ')}" if parent else self._sentence(3, 9),
            text="\n\n".join(self._paragraph() for _ in range(dice.randint(1, 4))),
            sender=parent.sender if parent else self._address(),
            at=self._at,
        )
        self._sent.append(mail)
        return self._raw(mail, parent).replace("\n", "\r\n").encode("ascii")

    def _raw(self, mail: _Sent, parent: _Sent | None) -> str:
        quote = _quote(parent) if parent else ""
        page = f"<html><body>{_paragraphs(mail.text)}{_quoted_page(parent) if parent else ''}</body></html>"
        boundary = f"b{self._dice.getrandbits(80):x}"
        body = (
            f'Content-Type: multipart/alternative; boundary="{boundary}"\n\n'
            f"--{boundary}\nContent-Type: text/plain; charset=utf-8\n"
            f"Content-Transfer-Encoding: quoted-printable\n\n{_printable(mail.text + quote)}\n"
            f"--{boundary}\nContent-Type: text/html; charset=utf-8\n"
            f"Content-Transfer-Encoding: quoted-printable\n\n{_printable(page)}\n--{boundary}--\n"
        )
        if self._dice.random() < self._attached:
            body = self._with_file(body)
        return f"{self._header(mail)}MIME-Version: 1.0\n{body}"

    def _header(self, mail: _Sent) -> str:
        hops = "".join(
            f"Received: from {server} ({server} [192.0.2.{hop}])\n\tby {_SERVERS[hop - 1]} with ESMTPS id "
            f"{self._dice.getrandbits(60):x}\n\tfor <support@example.com>; {format_datetime(mail.at)}\n"
            for hop, server in enumerate(_SERVERS)
        )
        signed = base64.b64encode(self._dice.randbytes(192)).decode()
        thread = "".join(f"In-Reply-To: {id}\n" for id in mail.ancestors[-1:])
        thread += f"References: {' '.join(mail.ancestors)}\n" if mail.ancestors else ""
        return (
            f"Return-Path: <{mail.sender}>\nDelivered-To: support@example.com\n{hops}"
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;\n\tb={signed}\n"
            f'From: "{self._name()}" <{mail.sender}>\nTo: Support <support@example.com>\n'
            f"Subject: {_encoded(mail.subject)}\nDate: {format_datetime(mail.at)}\nMessage-ID: {mail.id}\n"
            f"{thread}User-Agent: Mozilla Thunderbird\n"
        )

    def _with_file(self, body: str) -> str:
        boundary = f"m{self._dice.getrandbits(80):x}"
        content = base64.encodebytes(self._dice.randbytes(self._dice.randint(10_000, 150_000))).decode()
        return (
            f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n--{boundary}\n{body}\n--{boundary}\n'
            'Content-Type: application/pdf; name="invoice.pdf"\nContent-Transfer-Encoding: base64\n'
            f'Content-Disposition: attachment; filename="invoice.pdf"\n\n{content}\n--{boundary}--\n'
        )

    def _address(self) -> str:
        return f"customer{self._dice.randrange(10**6)}@firm{self._dice.randrange(5000)}.example"

    def _name(self) -> str:
        return f"{self._dice.choice(_NAMES)} {self._dice.choice(_FAMILIES)}"

    def _sentence(self, least: int, most: int) -> str:
        words = self._dice.choices(_WORDS, k=self._dice.randint(least, most))
        return " ".join(words).capitalize()

    def _paragraph(self) -> str:
        return "\n".join(f"{self._sentence(8, 13)}." for _ in range(self._dice.randint(1, 5)))


def _quote(parent: _Sent) -> str:
    quoted = parent.text.replace("\n", "\n> ")
    return f"\n\nOn {parent.at:%a, %d %b %Y at %H:%M}, {parent.sender} wrote:\n> {quoted}\n"


def _quoted_page(parent: _Sent) -> str:
    by = f"On {parent.at:%a, %d %b %Y at %H:%M}, {parent.sender} wrote:"
    return f"<div>{by}<br><blockquote type='cite'>{_paragraphs(parent.text)}</blockquote></div>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p style='margin:0'>{escape(part)}</p>" for part in text.split("\n\n"))


def _printable(text: str) -> str:
    return quopri.encodestring(text.encode()).decode("ascii")


def _encoded(subject: str) -> str:
    if subject.isascii():
        return subject
    return f"=?utf-8?B?{base64.b64encode(subject.encode()).decode()}?="
