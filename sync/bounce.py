"""Delivery reports: who did not get our mail, for good or only for now.

RFC 3464 says how to write them; what servers write that know none of it is read as prose.
"""

import re
from dataclasses import dataclass

from sync import notice, report
from sync.failure import FAILED
from sync.header import Header
from sync.identity import message_id
from sync.part import Part
from sync.report import Recipient
from sync.speaker import REPLY, is_daemon, speaks

COPIED_ID = re.compile(r"^>?\s*message-id:\s*(<[^<>\s]+>)", re.IGNORECASE)
SUCCESS = frozenset(["delivered", "relayed", "expanded"])


@dataclass(frozen=True, slots=True)
class Bounce:
    is_report: bool = False
    """A delivery report of any kind, also that the mail arrived."""
    is_bounce: bool = False
    recipients: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    permanent: bool = False
    returned_id: str | None = None
    is_feedback: bool = False


NONE = Bounce()


def read(root: Part, lines: list[str], own: set[str]) -> Bounce:
    """`lines` are those of the text a person reads; `own` the addresses the mail itself was sent to."""
    structured = _reports(root, lines)
    if structured and not _is_quoted_report(root):
        return _structured(root, structured, lines, own)
    complainants = report.feedback(root) if root.children else None
    if complainants is not None:
        return _feedback(root, complainants)
    header = root.header
    failed = [
        one.strip() for value in header.raws("x-failed-recipients") for one in value.split(",") if "@" in one
    ]
    text = notice.notice(lines)
    if not failed and not speaks(root, text, own):
        return NONE
    return _prose(root, lines, text, failed, own)


def _reports(root: Part, lines: list[str]) -> list[Recipient]:
    if not root.children:
        if root.type in report.STATUS_TYPES:
            return report.status_parts(root)
        return report.notification("\n".join(lines)) if lines and lines[0].startswith("{") else []
    found = report.status_parts(root)
    if not found and is_daemon(root.header):
        found = report.wrapped(root)
    if not found and _kind(root) == "disposition-notification" and FAILED.search("\n".join(lines[:20])):
        # Sieve's reject (RFC 5429) and Dovecot's quota answer in the form of a read receipt.
        found = report.receipts(root)
    return found


def _is_quoted_report(root: Part) -> bool:
    """A report that a person forwards as an attachment is no report to us."""
    return (
        root.type != "multipart/report"
        and bool(REPLY.match(root.header.text("subject")))
        and not is_daemon(root.header)
    )


def _structured(root: Part, found: list[Recipient], lines: list[str], own: set[str]) -> Bounce:
    failed = [one for one in found if one.action == "failed"]
    delayed = [one for one in found if one.action == "delayed"]
    meant = failed or delayed or [one for one in found if one.action not in SUCCESS]
    bad = bool(meant)
    meant = meant or found
    people = tuple(dict.fromkeys(one.email for one in meant if one.email))
    codes = tuple(dict.fromkeys(one.status for one in meant if one.status))
    text = notice.notice(lines)
    if not people and bad:
        people = tuple(notice.addresses(text, own))
    if not codes and bad:
        codes = notice.statuses(text, list(people))
    returned = _returned_id(root, lines)
    return Bounce(True, bad, people, codes, bad and bool(failed or not delayed), returned)


def _feedback(root: Part, people: tuple[str, ...]) -> Bounce:
    if not people:
        returned = report.returned(root)
        who = report.address_of(returned.raw("to")) if returned else ""
        people = (who,) if who else ()
    return Bounce(recipients=people, returned_id=_returned_id(root, []), is_feedback=True)


def _kind(root: Part) -> str:
    return root.parameters.get("report-type", "").lower()


def _prose(root: Part, lines: list[str], text: list[str], failed: list[str], own: set[str]) -> Bounce:
    people = (
        list(dict.fromkeys(failed)) or notice.addresses(text, own, notice.LIKELY) or _of_subject(root, own)
    )
    people = people or _of_returned(report.returned(root), lines, text) or notice.addresses(text, own)
    flat = " ".join("\n".join(text).split())
    if not people and not FAILED.search(flat):
        return NONE
    delayed = notice.is_delay(f"{root.header.text('subject')} {flat}")
    codes = notice.statuses(text, people)
    return Bounce(True, True, tuple(people), codes, not delayed, _returned_id(root, lines))


def _of_subject(root: Part, own: set[str]) -> list[str]:
    return notice.addresses([root.header.text("subject")], own)


def _of_returned(returned: Header | None, lines: list[str], text: list[str]) -> list[str]:
    """The one recipient of the mail that came back, where the notice names nobody."""
    if returned is not None:
        values = [returned.raw("x-original-to") or returned.raw("to")]
    else:
        values = [
            line[3:] for line in lines[len(text) : len(text) + notice.LINES] if line[:3].lower() == "to:"
        ][:1]
    found = [one for value in values for one in notice.MAILBOX.findall(value)]
    return found if len(found) == 1 else []


def _returned_id(root: Part, lines: list[str]) -> str | None:
    header = report.returned(root) if root.children else None
    if header is not None and "message-id" in header:
        return message_id(header.raw("message-id"))
    for line in lines[: 3 * notice.LINES]:
        found = COPIED_ID.match(line[:500])
        if found:
            return found[1]
    return message_id(root.header.raw("in-reply-to")) if "in-reply-to" in root.header else None
