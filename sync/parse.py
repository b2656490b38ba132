"""One mail, read: bytes in, ParsedMail out.

parse_mail is pure and never raises, whatever the bytes; what it had to repair stands in `problems`.
"""

import re
from datetime import datetime

from sync import automatic, bounce, forward
from sync.address import first, parse
from sync.authentication import verdicts
from sync.body import Body, collect
from sync.header import Header
from sync.identity import date, message_id, message_ids
from sync.marker import FORWARD_SUBJECT
from sync.markup import Rendered, render
from sync.parsed import Address, ParsedMail
from sync.part import tree
from sync.reply import Split, split

# A mail has at least one of these; what has none is some other file.
FIELDS = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "message-id",
        "received",
        "return-path",
        "delivered-to",
        "mime-version",
        "content-type",
        "sender",
        "reply-to",
        "x-original-to",
        "envelope-to",
        "x-mailer",
        "content-transfer-encoding",
        "content-disposition",
    ]
)
DELIVERED = ("delivered-to", "x-original-to", "envelope-to")
OWN_IDS = ("x-ttydesk-message-id", "x-google-original-message-id")
# Its line ends tell those of the whole mail.
HEAD = 2000
# HTML beyond this many characters is kept but not turned into text.
HTML_LIMIT = 500_000
# What only HTML with a quote in it has: without it, the plain text is the only thing to split.
QUOTES_IN_HTML = re.compile(
    r"<blockquote|gmail_quote|yahoo_quoted|RplyFwdMsg|appendonsend|stopSpelling|OLK_SRC_BODY|border-top:"
    r"|_quote[ \"]",
    re.IGNORECASE,
)


def parse_mail(raw: bytes) -> ParsedMail:
    root, problems = tree(_line_ends(raw))
    header = root.header
    if FIELDS.isdisjoint(header.fields):
        what = "it is empty" if not raw.strip() else "it has no header of a mail"
        return ParsedMail(problems=(f"This is not a mail: {what}.",))
    body = collect(root, problems)
    lines, page = _readable(body)
    subject = header.text("subject")
    sender = first(header.raw("from")) or first(header.raw("sender"))
    to, cc = parse(", ".join(header.raws("to"))), parse(", ".join(header.raws("cc")))
    returned = bounce.read(root, lines, {address.email.lower() for address in (*to, *cc)})
    is_report = returned.is_report or returned.is_feedback
    auto = automatic.read(header, sender, is_report, root.parameters.get("report-type", "").lower())
    parts = _split(lines, page, body, bool(FORWARD_SUBJECT.match(subject)))
    is_forward, author, about = _forwarded(parts, body, subject, is_report)
    return ParsedMail(
        is_mail=True,
        message_id=message_id(header.raw("message-id")),
        in_reply_to=message_ids(header.raw("in-reply-to")),
        references=message_ids(" ".join(header.raws("references"))),
        subject=subject,
        sender=sender,
        to=to,
        cc=cc,
        reply_to=parse(header.raw("reply-to")),
        delivered_to=_delivered_to(header),
        date=date(header.raw("date")) or _received(header, problems),
        text="\n".join(lines).strip("\n"),
        html=body.html,
        reply_text=parts.reply,
        quoted_text=parts.quoted,
        signature=parts.signature,
        attachments=tuple(body.attachments),
        is_auto_reply=auto.is_auto_reply,
        is_list_mail=auto.is_list,
        may_auto_respond=auto.may_respond,
        list_id=auto.list_id,
        auto_submitted=auto.submitted,
        loop=auto.loop,
        own_ids=message_ids(" ".join(value for name in OWN_IDS for value in header.raws(name))),
        is_delivery_report=returned.is_report,
        is_bounce=returned.is_bounce,
        bounced_recipients=returned.recipients,
        bounce_status=returned.status,
        bounce_is_permanent=returned.permanent,
        bounced_message_id=returned.returned_id,
        is_feedback_report=returned.is_feedback,
        is_forward=is_forward,
        forwarded_sender=author,
        forwarded_subject=about,
        authentication_results=tuple(header.raws("authentication-results")),
        verdicts=verdicts(header.raws("authentication-results")),
        problems=tuple(dict.fromkeys(problems)),
    )


def _line_ends(raw: bytes) -> bytes:
    """Carriage returns alone, or one too many before each line feed, as in a file copied the wrong way."""
    if b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    head = raw[:HEAD]
    if b"\r\r\n" in head and head.count(b"\r\r\n") == head.count(b"\n"):
        return raw.replace(b"\r\r\n", b"\n")
    return raw


def _readable(body: Body) -> tuple[list[str], Rendered | None]:
    """The lines of all segments; HTML is rendered only where no plain text says the same."""
    lines: list[str] = []
    page = None
    for plain, html in body.segments:
        if plain.strip() or not html.strip():
            lines += plain.split("\n")
            continue
        if len(html) > HTML_LIMIT:
            body.problems.append("The HTML is very long: only its beginning is turned into text.")
        page = render(html[:HTML_LIMIT])
        lines += page.lines
    return lines, page if len(body.segments) == 1 else None


def _split(lines: list[str], page: Rendered | None, body: Body, forwards: bool) -> Split:
    """Where the plain text shows no quote, the HTML beside it may mark one."""
    parts = split(lines, page, forwards)
    if parts.folded or page is not None or not QUOTES_IN_HTML.search(body.html):
        return parts
    marked = render(body.html[:HTML_LIMIT])
    other = split(marked.lines, marked, forwards)
    return other if other.folded else parts


def _forwarded(parts: Split, body: Body, subject: str, is_report: bool) -> tuple[bool, Address | None, str]:
    if is_report:
        return False, None, ""
    if parts.is_forward:
        return True, *forward.of_block(parts.forward)
    attached = forward.of_attachment(body.attachments) if FORWARD_SUBJECT.match(subject) else None
    return (True, *attached) if attached else (False, None, "")


def _delivered_to(header: Header) -> tuple[str, ...]:
    values = (value.strip("<> ") for name in DELIVERED for value in header.raws(name))
    return tuple(dict.fromkeys(value for value in values if value))


def _received(header: Header, problems: list[str]) -> datetime | None:
    """When our side took the mail, for mails whose own date is missing or no date."""
    found = next(
        (date(value.rpartition(";")[2].strip()) for value in header.raws("received") if ";" in value), None
    )
    if found:
        problems.append("The date is missing or unreadable: the time of receipt stands in for it.")
    return found
