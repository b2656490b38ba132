"""Tickets, conversations and events on a terminal or in a pipe. Everything from outside is made safe here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from commands.output import is_terminal, write, write_heading, write_rows
from core.arrival import recipient_words, standing, worth_telling
from core.models import Attachment, Conversation, Event, Message, Note, Ticket
from core.text import relative_time, safe_line, safe_text


def print_tickets(tickets: Sequence[Ticket]) -> None:
    rows = [
        (
            str(ticket.number),
            ticket.status,
            ticket.priority,
            safe_line(ticket.assignee_email or "", limit=100),
            _age(ticket.updated_at),
            safe_line(ticket.requester_email, limit=100),
            safe_line(ticket.subject),
        )
        for ticket in tickets
    ]
    headings = ("NUMBER", "STATUS", "PRIORITY", "ASSIGNEE", "UPDATED", "FROM", "SUBJECT")
    if rows or not is_terminal():
        write_rows(headings, rows, flexible=(3, 5, 6))
    else:
        write("No ticket matches.")


def print_conversation(conversation: Conversation, quotes: bool) -> None:
    """Oldest first; `quotes` shows quoted text and signatures as well."""
    _print_ticket(conversation.ticket)
    if conversation.earlier:
        write(f"\n({conversation.earlier} earlier messages; --limit shows more)")
    said: list[Message | Note] = [*conversation.messages, *conversation.notes]
    for one in sorted(said, key=lambda one: one.created_at):
        if isinstance(one, Note):
            _print_note(one)
        else:
            _print_message(one, quotes)


def print_events(events: Iterable[Event]) -> None:
    rows = [
        (
            _time(event.created_at),
            safe_line(event.actor_email or "the desk"),
            safe_line(event.kind),
            _change(event.before, event.after),
            safe_line(event.reason),
        )
        for event in events
    ]
    write_rows(("WHEN", "WHO", "WHAT", "CHANGE", "WHY"), rows, flexible=(3, 4))


def _print_ticket(ticket: Ticket) -> None:
    write_heading(f"#{ticket.number} {safe_line(ticket.subject)}")
    assignee = safe_line(ticket.assignee_email) if ticket.assignee_email else "nobody"
    department = f", {safe_line(ticket.department)}" if ticket.department else ""
    write(f"{ticket.status}, {ticket.priority}, assigned to {assignee}{department}")
    write(
        f"from {_person(ticket.requester_name, ticket.requester_email)}, created {_time(ticket.created_at)}"
    )


def _print_message(message: Message, quotes: bool) -> None:
    write("")
    kind = f"{'automatic ' if message.automatic else ''}{message.direction}"
    sender = _person(message.sender_name, message.sender_email)
    write_heading(f"{_time(message.created_at)} {kind}: {sender}{_way_out(message)}")
    write(safe_text(message.content).rstrip())
    if quotes:
        for folded in filter(None, (message.signature, message.quoted_text)):
            write(f"\n{safe_text(folded).rstrip()}")
    for attachment in message.attachments:
        write(_attachment(attachment))
    for recipient in worth_telling(message.dispatch) if message.dispatch else ():
        write(f"[{recipient_words(recipient)}]")


def _print_note(note: Note) -> None:
    write("")
    write_heading(f"{_time(note.created_at)} note: {_person(note.author_name, note.author_email)}")
    write(safe_text(note.content).rstrip())


def _way_out(message: Message) -> str:
    """How far an answer has come."""
    dispatch = message.dispatch
    if dispatch is None:
        return ""
    error = f": {safe_line(dispatch.error)}" if dispatch.error else ""
    return f" ({standing(dispatch)}{error})"


def _attachment(attachment: Attachment) -> str:
    kept = "" if attachment.sha256 else ", over the size limit: only in the raw mail"
    name = safe_line(attachment.filename) or "unnamed"
    return f"[attachment: {name}, {safe_line(attachment.content_type)}, {attachment.size:,} bytes{kept}]"


def _change(before: dict[str, Any], after: dict[str, Any]) -> str:
    fields = [
        field for field in {**before, **after} if field != "message" and before.get(field) != after.get(field)
    ]
    return safe_line(
        ", ".join(
            f"{field}: {_value(before.get(field, ''))} -> {_value(after.get(field, ''))}" for field in fields
        )
    )


def _value(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _person(name: str, email: str) -> str:
    return safe_line(f"{name} <{email}>" if name else email, limit=200)


def _age(then: datetime) -> str:
    return relative_time(then, datetime.now(UTC)) if is_terminal() else then.isoformat(timespec="seconds")


def _time(then: datetime) -> str:
    """In the reader's own time zone on a terminal, in UTC elsewhere."""
    return f"{then.astimezone():%Y-%m-%d %H:%M}" if is_terminal() else then.isoformat(timespec="seconds")
