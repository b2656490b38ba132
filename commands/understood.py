"""How a mail is understood, for a person to read."""

from collections.abc import Sequence

from commands.output import write, write_heading
from core.text import safe_line, safe_text
from sync.parsed import Address, ParsedMail


def print_parsed(mail: ParsedMail) -> None:
    write_heading(safe_line(mail.subject) or "(no subject)")
    for name, value in _fields(mail):
        if value:
            write(f"{name}: {value}")
    for heading, text in (
        ("reply", mail.reply_text),
        ("signature", mail.signature),
        ("quoted", mail.quoted_text),
    ):
        if text.strip():
            write("")
            write_heading(f"[{heading}]")
            write(safe_text(text).strip("\n"))
    if mail.problems:
        write("")
        write_heading("[repaired]")
        for problem in mail.problems:
            write(safe_line(problem))


def _fields(mail: ParsedMail) -> list[tuple[str, str]]:
    return [
        ("from", _people([mail.sender] if mail.sender else [])),
        ("to", _people(mail.to)),
        ("cc", _people(mail.cc)),
        ("reply-to", _people(mail.reply_to)),
        ("date", mail.date.isoformat() if mail.date else ""),
        ("message-id", safe_line(mail.message_id or "")),
        ("in-reply-to", safe_line(" ".join(mail.in_reply_to))),
        ("references", safe_line(" ".join(mail.references))),
        ("kind", ", ".join(_kinds(mail))),
        ("bounced", safe_line(" ".join((*mail.bounced_recipients, *mail.bounce_status)))),
        ("forwarded from", _people([mail.forwarded_sender] if mail.forwarded_sender else [])),
        (
            "checked",
            safe_line(", ".join(f"{one.method}={one.result} ({one.server})" for one in mail.verdicts)),
        ),
        (
            "attachments",
            safe_line(
                ", ".join(f"{one.filename or 'unnamed'} ({one.size:,} bytes)" for one in mail.attachments)
            ),
        ),
    ]


def _people(addresses: Sequence[Address]) -> str:
    return safe_line(", ".join(map(str, addresses)))


def _kinds(mail: ParsedMail) -> list[str]:
    kinds = {
        "not a mail": not mail.is_mail,
        "automatic reply": mail.is_auto_reply,
        "list mail": mail.is_list_mail,
        "bounce": mail.is_bounce,
        "delivery report": mail.is_delivery_report,
        "forward": mail.is_forward,
        "no automatic answer": not mail.may_auto_respond,
    }
    return [kind for kind, holds in kinds.items() if holds]
