"""One mail, read: bytes in, ParsedMail out.

parse_mail is pure and never raises, whatever the bytes; what it had to repair stands in `problems`.
"""

from sync.address import first, parse
from sync.authentication import verdicts
from sync.body import Body, collect
from sync.header import Header
from sync.identity import date, message_id, message_ids
from sync.markup import Rendered, render
from sync.parsed import ParsedMail
from sync.part import Part, tree

# A mail has at least one of these; what has none is some other file.
FIELDS = frozenset(
    "from to cc bcc subject date message-id received return-path delivered-to mime-version content-type sender "
    "reply-to x-original-to envelope-to x-mailer content-transfer-encoding content-disposition".split()
)
LOOP = ("x-loop", "x-ttydesk")
DELIVERED = ("delivered-to", "x-original-to", "envelope-to")
# HTML beyond this many characters is kept but not turned into text.
HTML_LIMIT = 1_000_000


def parse_mail(raw: bytes) -> ParsedMail:
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    root, problems = tree(raw)
    header = root.header
    if FIELDS.isdisjoint(header.fields):
        what = "it is empty" if not raw.strip() else "it has no header of a mail"
        return ParsedMail(problems=(f"This is not a mail: {what}.",))
    body = collect(root, problems)
    text, page = _readable(body)
    return ParsedMail(
        is_mail=True,
        message_id=message_id(header.raw("message-id")),
        in_reply_to=message_ids(header.raw("in-reply-to")),
        references=message_ids(" ".join(header.raws("references"))),
        subject=header.text("subject"),
        sender=first(header.raw("from")) or first(header.raw("sender")),
        to=parse(", ".join(header.raws("to"))),
        cc=parse(", ".join(header.raws("cc"))),
        reply_to=parse(header.raw("reply-to")),
        delivered_to=tuple(value for name in DELIVERED for value in header.raws(name)),
        date=date(header.raw("date")),
        text=text,
        html=body.html,
        reply_text=text,
        attachments=tuple(body.attachments),
        authentication_results=tuple(header.raws("authentication-results")),
        verdicts=verdicts(header.raws("authentication-results")),
        problems=tuple(dict.fromkeys(problems)),
    )


def _readable(body: Body) -> tuple[str, Rendered | None]:
    """The text of all segments; HTML is rendered only where no plain text says the same."""
    texts: list[str] = []
    page = None
    for plain, html in body.segments:
        if plain.strip() or not html.strip():
            texts.append(plain)
            continue
        if len(html) > HTML_LIMIT:
            body.problems.append("The HTML is very long: only its beginning is turned into text.")
        page = render(html[:HTML_LIMIT])
        texts.append("\n".join(page.lines))
    return "\n".join(texts).strip("\n"), page if len(body.segments) == 1 else None
