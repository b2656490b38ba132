"""Machine-readable reports: delivery status (RFC 3464), feedback (RFC 5965), and the mail they return."""

import json
import re
from dataclasses import dataclass, field

from sync.charset import decode
from sync.header import Header, read
from sync.part import Part, tree

STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
RETURNED_TYPES = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/global",
    "message/rfc822-headers",
    "message/partial",
)
COMPLAINANT = ("original-rcpt-to", "removal-recipient")
MISLABELLED = ("text/plain", "application/octet-stream", "message/delivery_status", "text/delivery-status")
REPORT = re.compile(
    r"\s*(?:reporting-mta|final-recipient|original-recipient|original-envelope-id)[ \t]*:", re.I
)
FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{2,40})[ \t]*:[ \t]*(.*)$")
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
# A field that appears again opens the next recipient, even where the blank line between them is missing.
NAMING = frozenset(["final-recipient", "original-recipient"])
OPENING = frozenset(["final-recipient", "original-recipient", "action", "status"])
MAILBOX = re.compile(r"[^\s<>;,\"()]{1,256}@[^\s<>;,\"()]{1,256}")
LIMIT = 2000
WIDTH = 2000


@dataclass(slots=True)
class Recipient:
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def email(self) -> str:
        # The address we wrote to comes before the one it was forwarded or rewritten to.
        for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
            value = address_of(self.fields.get(name, ""))
            if "@" in value:
                return value
        return ""

    @property
    def action(self) -> str:
        """failed, delayed, delivered, relayed or expanded; from the status where the field is missing."""
        said = self.fields.get("action", "").lower().split("(")[0].split(";")[0].strip()
        if said:
            return "failed" if said.startswith("fail") else "delayed" if said.startswith("delay") else said
        return {"5": "failed", "4": "delayed", "2": "delivered"}.get(self.status[:1], "failed")

    @property
    def status(self) -> str:
        """The more telling of the status field and the code in the diagnostic."""
        said = STATUS.search(self.fields.get("status", ""))
        diagnosed = STATUS.search(self.fields.get("diagnostic-code", ""))
        if said and not (said[1].endswith(".0.0") and diagnosed and diagnosed[1][0] == said[1][0]):
            return said[1]
        return diagnosed[1] if diagnosed else ""


def address_of(value: str) -> str:
    """rfc822;user@example.com, with or without brackets, comments and the type."""
    found = MAILBOX.search(value.rsplit(";", 1)[-1]) or MAILBOX.search(value)
    return found[0].strip(".'`:") if found else ""


def recipients(text: str) -> list[Recipient]:
    """The recipients of the fields in a text, in order."""
    found: list[Recipient] = []
    current, last, parted = Recipient(), "", False
    for line in text.split("\n")[:LIMIT]:
        line = line[:WIDTH]
        if line[:1] in (" ", "\t") and last:
            current.fields[last] = f"{current.fields[last]} {line.strip()}"
            continue
        named = FIELD.match(line)
        last = named[1].lower() if named else ""
        parted = parted or not line.strip()
        if not named:
            continue
        apart = parted and last in NAMING and NAMING & current.fields.keys()
        if apart or (last in OPENING and last in current.fields):
            found.append(current)
            current = Recipient()
        parted = False
        current.fields[last] = named[2].strip()
    return [one for one in [*found, current] if OPENING & one.fields.keys()]


def status_parts(root: Part) -> list[Recipient]:
    found = [one for part in root.walk() if part.type in STATUS_TYPES for one in recipients(read_text(part))]
    if found or root.type != "multipart/report":
        return found
    # Some gateways change the type of the part; what it says is still the same.
    others = (part for part in root.children[1:] if part.type in MISLABELLED)
    return [one for part in others if REPORT.match(text := read_text(part)) for one in recipients(text)]


def receipts(root: Part) -> list[Recipient]:
    """The recipients of a disposition notification (RFC 8098)."""
    parts = (part for part in root.walk() if part.type == "message/disposition-notification")
    return [one for part in parts for one in recipients(read_text(part))]


def wrapped(root: Part) -> list[Recipient]:
    """The report inside a message that a gateway wrapped as a whole."""
    for part in root.walk():
        if part.type == "message/rfc822":
            inner, _ = tree(part.content([]))
            if inner.type == "multipart/report":
                return status_parts(inner)
    return []


def feedback(root: Part) -> tuple[str, ...] | None:
    """Whose complaint a feedback report (RFC 5965) is, as far as it says so; None when the mail is none."""
    for part in root.walk():
        if part.type == "message/feedback-report":
            named = [FIELD.match(line) for line in read_text(part).split("\n")[:LIMIT]]
            fields = [(one[1].lower(), address_of(one[2])) for one in named if one]
            for wanted in COMPLAINANT:
                found = [who for name, who in fields if name == wanted and who]
                if found:
                    return tuple(dict.fromkeys(found))
            return ()
    header = returned(root)
    # Hotmail sends the mail alone, and who complained in a header of its own.
    who = address_of(header.raw("x-hmxmroriginalrecipient")) if header else ""
    return (who,) if who else None


def notification(text: str) -> list[Recipient]:
    """The recipients of a bounce that Amazon SES tells by its notification service, as JSON in a mail."""
    if not text.startswith("{") or '"bouncedRecipients"' not in text:
        return []
    try:
        told, _ = json.JSONDecoder().raw_decode(text)
        people = told["bounce"]["bouncedRecipients"]
        # A bounce that is not permanent has no action of its own.
        action = "delayed" if told["bounce"].get("bounceType") == "Transient" else "failed"
        return [
            Recipient(
                {
                    "final-recipient": str(one["emailAddress"]),
                    "action": action,
                    "status": str(one.get("status", "")),
                    "diagnostic-code": str(one.get("diagnosticCode", "")),
                }
            )
            for one in people
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []


def read_text(part: Part) -> str:
    text = decode(part.content([]), part.parameters.get("charset", ""))[0]
    return text.replace("\r\n", "\n").replace("\r", "\n")


def returned(root: Part) -> Header | None:
    """The header of the mail that came back."""
    for part in root.walk():
        if part is root or part.type not in RETURNED_TYPES:
            continue
        header, _ = read(part.content([]))
        if header:
            return header
    return None
