"""Delivery reports: who did not get our mail, for good or only for now (RFC 3464, and servers that know"
" none of it)."""

import re
from dataclasses import dataclass

from sync import notice, report
from sync.header import Header
from sync.identity import message_id
from sync.part import Part
from sync.report import Recipient

DAEMON = re.compile(
    r"mailer-?daemon|mail-?daemon|postmaster|mail[ .]delivery[ .](?:sub)?system|mdaemon|maildelivery"
    r"|mail delivery|mail system|system administrator"
    r"|mail_service|imss@|smtp_gateways|virusscan|symantec_antivirus|microsoft ?exchange|mailadmin"
    r"|mail administrator|delivery-?(?:status|failure|notification)"
    r"|bounces?@|mail-?gateway|@mailer|mailsweeper|mailmarshal|maileratserver|メール配信",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    r"undeliver|delivery (?:status|fail|problem|error|report|notification|has failed|warning|delay"
    r"|incomplete|unsuccess)|deliver(?:y)? (?:failed|failure)"
    r"|failure notice|fail(?:ure|ed)? (?:notice|delivery|mail)|failed mail|returned (?:mail|message"
    r"|e-?mail|to sender)|mail (?:delivery )?(?:fail|error|problem|not deliver|undeliver|returned"
    r"|system error)"
    r"|non[- ]?deliver|not delivered|(?:message|mail) (?:could not|not|can(?:no|')t)|processing error"
    r"|could not deliver|couldn't be delivered|can't be delivered|user unknown"
    r"|warning: (?:message|could not|.{0,60}(?:delayed|undelivered|unknown))|message (?:delayed|undeliver"
    r"|status - undeliver|delivery)|nachricht nicht zugestellt|unzustellbar|mail konnte nicht"
    r"|zustellung|non remis|échec de|notification d.état|devuelto|no entregad|não entregue|devolução"
    r"|mancat[oa] |non recapit|recapito fallito|onbestelbaar|niet afgeleverd"
    r"|ikke leveret|ikke levert|kunne inte levereras|niedostarcz|nie dostarcz|не доставлен|возвращен"
    r"|ошибка доставки|недоставлен|配信不能|配信失敗|送信できません|退信|系统退信|未送达"
    r"|未傳遞|無法傳遞|전송 실패|반송|nedoručiteln|kézbesíthetetlen|teslim edilemedi"
    r"|sorry, (?:we )?(?:unable|your)"
    r"|bounced? |mail rejected|unknown (?:user|recipient)|address (?:unknown|change)",
    re.IGNORECASE,
)
REPLY = re.compile(r"^\s*(?:re|aw|fwd?|wg|tr|rv|sv|antw)\s*:", re.IGNORECASE)
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
    fields = report.feedback(root) if root.children else None
    if fields is not None:
        return _feedback(root, fields)
    header = root.header
    failed = [
        one.strip() for value in header.raws("x-failed-recipients") for one in value.split(",") if "@" in one
    ]
    text = notice.notice(lines)
    if not failed and not _speaks(root, header, text):
        return NONE
    return _prose(root, lines, text, failed, own)


def _reports(root: Part, lines: list[str]) -> list[Recipient]:
    if not root.children:
        return report.status_parts(root) if root.type in report.STATUS_TYPES else []
    found = report.status_parts(root)
    if not found and SUBJECT.search(root.header.text("subject")):
        found = report.wrapped(root)
    if (
        not found
        and _kind(root) == "disposition-notification"
        and notice.FAILED.search("\n".join(lines[:20]))
    ):
        # Sieve's reject (RFC 5429) and Dovecot's quota answer in the form of a read receipt.
        found = report.receipts(root)
    return found


def _is_quoted_report(root: Part) -> bool:
    """A report that a person forwards as an attachment is no report to us."""
    return root.type != "multipart/report" and bool(REPLY.match(root.header.text("subject")))


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
        codes = (notice.status(text),) if notice.status(text) else ()
    returned = _returned_id(root, lines)
    return Bounce(True, bad, people, codes, bad and bool(failed or not delayed), returned)


def _feedback(root: Part, fields: dict[str, str]) -> Bounce:
    who = report.address_of(fields.get("original-rcpt-to", "")) or report.address_of(
        fields.get("removal-recipient", "")
    )
    if not who:
        returned = report.returned(root)
        who = report.address_of(returned.raw("to")) if returned else ""
    return Bounce(recipients=(who,) if who else (), returned_id=_returned_id(root, []), is_feedback=True)


def _speaks(root: Part, header: Header, text: list[str]) -> bool:
    """Whether a mail server speaks here, and says that something was not delivered."""
    subject, sender = header.text("subject"), header.text("from")
    if REPLY.match(subject) and not DAEMON.search(sender):
        return False
    empty_path = header.raw("return-path") == "<>" or (
        root.type == "multipart/report" and "disposition" not in _kind(root)
    )
    said = "\n".join(text[:60])
    points = 2 * bool(DAEMON.search(sender)) + 2 * bool(SUBJECT.search(subject)) + empty_path
    points += bool(header.raw("auto-submitted").lower().startswith("auto-")) + bool(
        STRONG_OPENING.search(said[:1500])
    )
    if _is_vacation(header, points):
        return False
    return points >= 2 and bool(notice.FAILED.search(said) or SUBJECT.search(subject))


STRONG_OPENING = re.compile(
    r"could not be delivered to|unable to deliver (?:message|your|mail)|did not reach the following"
    r"|undeliverable\s+to|was not delivered to|\*+ message from interscan"
    r"|the following addresses had|failed recipients|delivery (?:to|has failed)|does not like recipient"
    r"|this is the .{0,40}(?:mail|postfix|program)|created automatically by mail"
    r"|created automatically by mail delivery|could not be delivered",
    re.IGNORECASE,
)


def _kind(root: Part) -> str:
    return root.parameters.get("report-type", "").lower()


def _is_vacation(header: Header, points: int) -> bool:
    """Vacation replies may come with an empty path too, but no mail server signs them."""
    return points < 3 and ("x-autoreply" in header or "x-autorespond" in header or "x-vacation" in header)


def _prose(root: Part, lines: list[str], text: list[str], failed: list[str], own: set[str]) -> Bounce:
    people = list(dict.fromkeys(failed)) or notice.addresses(text, own) or _of_subject(root, own)
    returned = report.returned(root)
    if not people:
        people = _of_returned(returned, lines, text)
    flat = " ".join("\n".join(text).split())
    if not people and not notice.FAILED.search(flat):
        return NONE
    delayed = notice.is_delay(f"{root.header.text('subject')} {flat}")
    code = notice.status(text)
    found = _returned_id(root, lines)
    return Bounce(True, True, tuple(people), (code,) if code else (), not delayed, found)


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
