"""One mail, read: bytes in, ParsedMail out.

parse_mail is pure and never raises, whatever the bytes; what it had to repair stands in `problems`.
"""

import re

from sync.address import first, parse
from sync.authentication import verdicts
from sync import bounce
from sync.body import Body, collect
from sync.identity import date, message_id, message_ids
from sync.marker import FORWARD_SUBJECT
from sync.markup import Rendered, render
from sync.parsed import ParsedMail
from sync.part import tree
from sync.reply import split

# A mail has at least one of these; what has none is some other file.
FIELDS = frozenset(
    "from to cc bcc subject date message-id received return-path delivered-to mime-version content-type sender "
    "reply-to x-original-to envelope-to x-mailer content-transfer-encoding content-disposition".split()
)
LOOP = ("x-loop", "x-ttydesk")
DELIVERED = ("delivered-to", "x-original-to", "envelope-to")
# HTML beyond this many characters is kept but not turned into text.
HTML_LIMIT = 1_000_000
QUOTES_IN_HTML = re.compile(
    r"<blockquote|gmail_quote|yahoo_quoted|RplyFwdMsg|appendonsend|stopSpelling|OLK_SRC_BODY|border-top:|_quote[ \"]", re.I
)


def parse_mail(raw: bytes) -> ParsedMail:
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    root, problems = tree(raw)
    header = root.header
    if FIELDS.isdisjoint(header.fields):
        what = "it is empty" if not raw.strip() else "it has no header of a mail"
        return ParsedMail(problems=(f"This is not a mail: {what}.",))
    body = collect(root, problems)
    lines, page = _readable(body)
    forwards = bool(FORWARD_SUBJECT.match(header.text("subject")))
    to, cc = parse(", ".join(header.raws("to"))), parse(", ".join(header.raws("cc")))
    returned = bounce.read(root, lines, {address.email.lower() for address in (*to, *cc)})
    parts = split(lines, page, forwards)
    if not parts.folded and page is None and QUOTES_IN_HTML.search(body.html):
        marked = render(body.html[:HTML_LIMIT])
        other = split(marked.lines, marked, forwards)
        parts = other if other.folded else parts
    return ParsedMail(
        is_mail=True,
        message_id=message_id(header.raw("message-id")),
        in_reply_to=message_ids(header.raw("in-reply-to")),
        references=message_ids(" ".join(header.raws("references"))),
        subject=header.text("subject"),
        sender=first(header.raw("from")) or first(header.raw("sender")),
        to=to,
        cc=cc,
        reply_to=parse(header.raw("reply-to")),
        delivered_to=tuple(value for name in DELIVERED for value in header.raws(name)),
        date=date(header.raw("date")),
        text="\n".join(lines).strip("\n"),
        html=body.html,
        reply_text=parts.reply,
        quoted_text=parts.quoted,
        signature=parts.signature,
        attachments=tuple(body.attachments),
        is_delivery_report=returned.is_report,
        is_bounce=returned.is_bounce,
        bounced_recipients=returned.recipients,
        bounce_status=returned.status,
        bounce_is_permanent=returned.permanent,
        bounced_message_id=returned.returned_id,
        is_feedback_report=returned.is_feedback,
        authentication_results=tuple(header.raws("authentication-results")),
        verdicts=verdicts(header.raws("authentication-results")),
        problems=tuple(dict.fromkeys(problems)),
    )


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
