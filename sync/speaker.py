"""Whether a mail server speaks in a mail, and says that it could not deliver another one.

Two things are asked apart: is this a machine (who sent it, by which envelope), and does it give a mail back
(subject, notice, dialogue with the other server). The less sure the first, the more the second must show: a
customer may write "delivery failed" in every line.
"""

import re

from sync import notice
from sync.absence import says_so
from sync.automatic import responds
from sync.failure import DIALOGUE, FAILED, SUBJECT, VOICE
from sync.header import Header
from sync.part import Part

# Nobody but a mail program writes under such an address or name.
DAEMON = re.compile(
    r"mailer-?daemon|mail-?daemon|postmaster|mail[ .]delivery|mdaemon|maildelivery|post_office@"
    r"|mail system|system administrator\"?@|mail_service|imss@|smtp_gateways|virusscan|symantec_antivirus"
    r"|microsoft ?exchange(?! team| admin| support)|mailadmin|mail administrator"
    r"|delivery[- ]?(?:sub)?(?:system|status|failure"
    r"|notification)"
    r"|mail-?gateway|@mailer|mailer@|mailsweeper|mailmarshal|maileratserver|メール配信|interscan|mail server"
    r"|mailserver|bounces?@",
    re.IGNORECASE,
)
# The reserved names: what fails there is always mail.
CERTAIN = re.compile(r"mail(?:er)?-?daemon|mail delivery (?:sub)?s(?:ystem|ervice)", re.IGNORECASE)
# Machines of all kinds write under these.
ROLE = re.compile(
    r"^(?:admin(?:istrator)?|noc|root|nobody|system|mail|mailer|smtp|no[-_.]?reply|do[-_.]?not[-_.]?reply|exchange"
    r"|notification|autoreply|auto|virus|antispam|antivirus|mailsystem|info-?mail)s?[^@]{0,12}@",
    re.IGNORECASE,
)
MAILBOX = re.compile(r"[^\s<>\"()]{1,256}@[^\s<>\"()]{1,256}")
REPLY = re.compile(r"^\s*(?:re|aw|fwd?|wg|tr|rv|sv|antw|i|vs)\s*:", re.IGNORECASE)
REPORTS = frozenset(["", "delivery-status"])
# What a person says, and no mail server.
HUMAN = re.compile(
    r"\b(?:i (?:get|got|can't|cannot|need|want|see|saw|sent|wrote|think)|we (?:get|got|see|saw|need|want)"
    r"|please help|what does|what is wrong|can you|the app says|hi there|ich (?:bekomme|brauche)"
    r"|wir (?:bekommen|brauchen)|bitte um hilfe|je (?:reçois|n'arrive)|recibo|no puedo"
    r"|dear (?:team|support)|this is [A-Z][a-z]+ from|your mail server is)\b"
    r"|\bhelp\s?!",
    re.IGNORECASE,
)
# Where a program introduces itself.
OPENING = 1500


def speaks(root: Part, text: list[str], own: set[str]) -> bool:
    """`text`: the lines of the notice, without the mail it returns; `own`: the addresses it was sent to."""
    header = root.header
    subject, sender = header.text("subject"), header.text("from")
    named = bool(DAEMON.search(sender))
    if REPLY.match(subject) and not named:
        return False
    said = "\n".join(text[:60])
    if named or sender.strip("<> ") == "" or _is_report(root):
        return _gives_back(header, said, text, own)
    machine = _machine(header, sender)
    if not machine or responds(header) or says_so(subject) or not FAILED.search(said):
        return False
    if not _empty_path(header) and HUMAN.search(said[:OPENING]):
        return False
    titled, voiced = bool(SUBJECT.search(subject)), bool(VOICE.search(said[:OPENING]))
    signs = titled + voiced + 2 * bool(DIALOGUE.search(said)) + machine
    return signs >= 3 and bool(notice.addresses(text, own, notice.SURE))


def is_daemon(header: Header) -> bool:
    return bool(DAEMON.search(header.text("from")))


def _gives_back(header: Header, said: str, text: list[str], own: set[str]) -> bool:
    """A postmaster may also write a letter: then it must say what failed to go where."""
    sender = header.text("from")
    titled, certain = bool(SUBJECT.search(header.text("subject"))), bool(CERTAIN.search(sender))
    if titled and certain:
        return True
    person = "postmaster" in sender.lower()
    if not ((titled and person) or FAILED.search(said) or DIALOGUE.search(said)):
        return False
    if certain or VOICE.search(said[:OPENING]):
        return True
    if HUMAN.search(said[:OPENING]):
        return False
    rank = notice.LIKELY if titled else notice.SURE
    return (titled and not person) or bool(notice.addresses(text, own, rank))


def _is_report(root: Part) -> bool:
    return root.type == "multipart/report" and root.parameters.get("report-type", "").lower() in REPORTS


def _machine(header: Header, sender: str) -> int:
    """How much the envelope looks like one; what does not at all is not asked further."""
    mailbox = MAILBOX.search(sender)
    role = mailbox is None or bool(ROLE.match(mailbox[0]))
    automatic = header.raw("auto-submitted").lower().startswith("auto-")
    return 2 * _empty_path(header) + role + automatic


def _empty_path(header: Header) -> bool:
    return header.raw("return-path").replace(" ", "") == "<>"
