"""Who first wrote a mail that was forwarded to us, and under what subject."""

import re

from sync.address import first
from sync.header import read
from sync.letterhead import Letterhead
from sync.parsed import Address, Attachment

MAILTO = re.compile(r"\[mailto:\s*([^\]\s]+)\s*\]|<mailto:([^>\s]+)>|\[([^\]\s]+@[^\]\s]+)\]", re.IGNORECASE)
TWICE = re.compile(r"<([^<>\s]+@[^<>\s]+)<[^<>]*>+")


def of_block(block: Letterhead | None) -> tuple[Address | None, str]:
    if block is None:
        return None, ""
    written = block.fields.get("from", "").strip("* ")
    written = TWICE.sub(r"<\1>", MAILTO.sub(lambda found: f"<{found[1] or found[2] or found[3]}>", written))
    return first(written), block.fields.get("subject", "").strip("* ")


def of_attachment(attachments: list[Attachment]) -> tuple[Address | None, str] | None:
    """From a whole mail that came as an attachment, when there is exactly one."""
    mails = [one for one in attachments if one.content_type == "message/rfc822"]
    if len(mails) != 1:
        return None
    header, _ = read(mails[0].content)
    return first(header.raw("from")), header.text("subject")
