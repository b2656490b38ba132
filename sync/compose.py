"""An answer as the mail that leaves: `compose` is pure, so the same answer and link give the very same bytes.

What comes out is 7-bit clean with CRLF at the end of every line, as SMTP carries it; whoever files it into a
Maildir, where lines end in LF, replaces them. There is never a Bcc field: who gets a copy is in To or Cc.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from core import markdown
from core.errors import Invalid
from core.models import Attachment, Outgoing
from core.text import clean_subject, safe_filename, safe_line, without_prefixes
from sync import field

LOOP_HEADER = "X-Ttydesk"
"""Holds the ticket's number: a mail that comes in with it left from a desk."""
LINK_PLACE = "{{portal_link}}"
"""Stands in a letter where the link to the portal goes (sql/functions/portal_links.sql writes it)."""
ID_HEADER = "X-Ttydesk-Message-ID"
"""Holds our Message-ID: it stays where a provider puts its own in the place of ours."""

_SUBJECT_LIMIT = 200
_POLICY = SMTP.clone(cte_type="7bit", refold_source="none")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}", re.ASCII)
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t\x85"}
_NAMELESS = "attachment"
_PORTAL = "See your requests and answer here"
_PAGE = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<style>
body {{ font-family: sans-serif; line-height: 1.45; }}
blockquote {{ margin: 0 0 0 0.5em; padding-left: 0.8em; border-left: 2px solid #bbb; color: #555; }}
pre {{ white-space: pre-wrap; }}
th, td {{ padding: 0.2em 0.6em; border: 1px solid #ccc; }}
</style>
</head>
<body>
{body}{signature}{portal}</body>
</html>
"""


def compose(
    outgoing: Outgoing,
    read: Callable[[str], bytes],
    date: datetime,
    token_address: bool = False,
    portal: str | None = None,
) -> bytes:
    """The whole mail.

    `read` gives the bytes of an attachment by its sha256. With `token_address` answers are asked for at
    `mailbox+t-<token>@domain`, which finds the ticket when a client drops every other trace of the thread.
    `portal` is where the recipient sees their tickets: a line below the signature, or what a letter is about.
    Raises Invalid for what must not leave: an unresolved placeholder, an address that cannot be written.
    """
    mail = EmailMessage(_POLICY)
    for name, value in _fields(outgoing, date, token_address).items():
        if value:
            mail.set_raw(name, value)
    content = _readable(outgoing.content)
    if outgoing.number is None and portal:
        content, portal = content.replace(LINK_PLACE, portal), None
    _write_body(mail, content, _signature(outgoing), portal)
    for attachment in outgoing.attachments:
        _attach(mail, attachment, read)
    _finish(mail, outgoing.message_id)
    return mail.as_bytes()


def subject(outgoing: Outgoing) -> str:
    """`Re: <what it is about> [#1042]`; without Re: where it begins a thread.

    Gmail ends a conversation where the subject changes, on both sides: there it is that of the mail that is
    answered, whatever the ticket is called by now, and the number is left out.
    """
    if outgoing.thread_subject is not None:
        return f"Re: {safe_line(without_prefixes(outgoing.thread_subject), _SUBJECT_LIMIT)}".strip()
    number = "" if outgoing.keeps_subject or outgoing.number is None else f"[#{outgoing.number}]"
    about = safe_line(clean_subject(outgoing.subject), _SUBJECT_LIMIT)
    answer = "Re:" if outgoing.in_reply_to or outgoing.references else ""
    return " ".join(part for part in (answer, about, number) if part)


def _fields(outgoing: Outgoing, date: datetime, token_address: bool) -> dict[str, str]:
    """Field names to their folded values; those with an empty one are left out."""
    if not field.ids([outgoing.message_id]):
        raise Invalid("This answer has no usable Message-ID.")
    if not outgoing.recipients.to and not outgoing.recipients.cc:
        raise Invalid("This answer has nobody to go to.", hint="Name a recipient.")
    parent = "".join(field.ids([outgoing.in_reply_to or ""]))
    sender, is_answer = outgoing.sender, outgoing.number is not None
    fields = {
        "From": field.mailbox(_sender_name(outgoing), sender.email),
        "To": field.mailboxes((one.name, one.email) for one in outgoing.recipients.to),
        "Cc": field.mailboxes((one.name, one.email) for one in outgoing.recipients.cc),
        "Reply-To": field.mailbox(sender.name, _tokened(outgoing)) if token_address and is_answer else "",
        "Subject": field.text("Subject", subject(outgoing)),
        "Date": format_datetime(date),
        "Message-ID": outgoing.message_id,
        "In-Reply-To": parent,
        "References": field.references(_ancestors(outgoing, parent)),
        LOOP_HEADER: str(outgoing.number or "letter"),
        ID_HEADER: outgoing.message_id,
    }
    return fields | (_automatic_fields(parent) if outgoing.automatic else {})


def _automatic_fields(parent: str) -> dict[str, str]:
    """RFC 3834, section 5; the second is what Exchange heeds."""
    return {
        "Auto-Submitted": "auto-replied" if parent else "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def _ancestors(outgoing: Outgoing, parent: str) -> list[str]:
    """The thread's ids, with the one that is answered last (RFC 5322, section 3.6.4)."""
    others = [id for id in outgoing.references if id not in (parent, outgoing.message_id)]
    return [*others, parent]


def _sender_name(outgoing: Outgoing) -> str:
    """Who writes, and for whom: `Ada Byron (Example Support)`; of automatic mail the mailbox alone."""
    author, desk = safe_line(outgoing.author_name, 60), safe_line(outgoing.sender.name, 60)
    # An address as a name would show two addresses, of which one is wrong.
    if outgoing.automatic or not author or "@" in author or author.casefold() in desk.casefold():
        return desk
    return f"{author} ({desk})" if desk else author


def _tokened(outgoing: Outgoing) -> str:
    local, _, domain = outgoing.sender.email.rpartition("@")
    return f"{local}+t-{outgoing.reply_token}@{domain}"


def _readable(text: str) -> str:
    """Text with LF between its lines, without what no mail can carry: controls and lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    return text.encode(errors="replace").decode()


def _signature(outgoing: Outgoing) -> str:
    return _readable(outgoing.signature).strip("\n").removeprefix("-- \n")


def _write_body(mail: EmailMessage, content: str, signature: str, portal: str | None) -> None:
    missing = markdown.placeholders(content) + markdown.placeholders(signature)
    if missing:
        raise Invalid(
            f"“{{{{{missing[0]}}}}}” in this answer was not filled in.",
            hint="Write what it stands for, or put it between backticks to send it as it is.",
        )
    content = content.strip("\n") + "\n"
    line = f"{_PORTAL}: {portal}" if portal else ""
    below = "\n\n".join(filter(None, (signature, line)))
    plain = f"{content}\n-- \n{below}\n" if below else content
    mail.set_content(plain, cte=_encoding(plain))
    # The separator is not repeated: mail programs fold what follows it in the text part only.
    page = _PAGE.format(
        body=markdown.render(content),
        signature=_below(markdown.render_line(signature)),
        portal=_below(f'<a href="{escape(portal)}">{_PORTAL}</a>' if portal else ""),
    )
    mail.add_alternative(page, subtype="html", cte=_encoding(page))


def _below(html: str) -> str:
    return f'<p dir="auto" style="color: #666">{html}</p>\n' if html else ""


def _encoding(text: str) -> str:
    """Quoted-printable stays readable in the raw mail; base64 is shorter for scripts that are not Latin.

    Never 7bit: it would let lines be too long and "From " stand at the start of one.
    """
    beyond = sum(1 for byte in text.encode() if byte > 0x7E)
    return "base64" if beyond * 6 > len(text.encode()) else "quoted-printable"


def _attach(mail: EmailMessage, attachment: Attachment, read: Callable[[str], bytes]) -> None:
    if attachment.sha256 is None:
        raise Invalid(f"The file “{safe_line(attachment.filename, 100)}” was never stored.")
    content_type = attachment.content_type.strip().lower()
    # A mail inside a mail may not be base64 (RFC 2046, section 5.2.1), so it travels as a plain file.
    if not _TYPE.fullmatch(content_type) or content_type.startswith(("message/", "multipart/")):
        content_type = "application/octet-stream"
    maintype, _, subtype = content_type.partition("/")
    name = safe_filename(attachment.filename) if attachment.filename else _NAMELESS
    mail.add_attachment(read(attachment.sha256), maintype=maintype, subtype=subtype, filename=name)


def _finish(mail: EmailMessage, message_id: str) -> None:
    """Boundaries that no encoded body can contain, the same at every attempt; MIME-Version on top alone."""
    for depth, part in enumerate(mail.walk()):
        if depth:
            del part["MIME-Version"]
        if part.is_multipart():
            digest = hashlib.sha256(f"{depth} {message_id}".encode()).hexdigest()
            part.set_boundary(f"=_{digest[:32]}")
