"""`ttydesk ticket`: read tickets, answer them, change them."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.opening import settings_of, with_desk
from commands.output import write, write_json
from commands.typed import Body, BodyFile, Json, Number, Priority, Sort, Status, plain, ticket_number

if TYPE_CHECKING:
    from core.desk import Desk
    from core.models import Changed, Mailto, Ticket

app = typer.Typer(
    help="Tickets: list, show, create, reply, unsend, note, update, undo, events.", no_args_is_help=True
)

Assignee = Annotated[
    str | None, typer.Option(parser=plain, metavar="WHO", help="An agent's address, me, or none.")
]
Department = Annotated[str | None, typer.Option(parser=plain, metavar="NAME")]
PAGE = 200
"""Tickets asked for at once."""


@app.command("list")
def list_tickets(
    context: typer.Context,
    query: Annotated[
        str,
        typer.Option(
            "--query",
            "-q",
            parser=plain,
            metavar="QUERY",
            help='As in the search: status:open assignee:me from:EMAIL updated:>7d words "a phrase" -not.',
        ),
    ] = "",
    view: Annotated[
        str | None,
        typer.Option(metavar="VIEW", help="unassigned, mine, open, pending, resolved, all or spam."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    sort: Annotated[Sort, typer.Option(help="What comes first.")] = "latest",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    json: Json = False,
) -> None:
    """Tickets that match, the most pressing first."""
    from datetime import UTC, datetime

    from commands.conversation import print_tickets
    from core import models
    from core.query import VIEWS, parse_query

    if view is not None and view not in VIEWS:
        raise typer.BadParameter(f"{view!r} is no view; there are {', '.join(VIEWS)}.", param_hint="--view")
    wanted = parse_query(f"{VIEWS[view] if view else ''} {query}".strip(), datetime.now(UTC))

    async def work(desk: "Desk") -> "list[Ticket]":
        found: list[Ticket] = []
        after = None
        while len(found) < limit:
            page = await desk.list_tickets(
                wanted, models.Sort(sort), reverse, min(limit - len(found), PAGE), after
            )
            found += page.tickets
            if (after := page.next) is None:
                break
        return found

    tickets = with_desk(context, work)
    if json:
        write_json(tickets)
    else:
        print_tickets(tickets)


@app.command("show")
def show_ticket(
    context: typer.Context,
    number: Number,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many messages.")] = 200,
    quotes: Annotated[bool, typer.Option("--quotes", help="Quoted text and signatures too.")] = False,
    json: Json = False,
) -> None:
    """All that was said on one ticket."""
    from commands.conversation import print_conversation

    conversation = with_desk(context, lambda desk: desk.show_ticket(number, limit))
    if json:
        write_json(conversation)
    else:
        print_conversation(conversation, quotes)


@app.command("create")
def create_ticket(
    context: typer.Context,
    requester: Annotated[
        str, typer.Option("--from", parser=plain, metavar="EMAIL", help="The customer's address.")
    ],
    subject: Annotated[str, typer.Option(parser=plain, metavar="TEXT")],
    name: Annotated[str, typer.Option(parser=plain, metavar="NAME", help="The customer's name.")] = "",
    body: Body = None,
    body_file: BodyFile = None,
    status: Annotated[Status | None, typer.Option()] = None,
    priority: Annotated[Priority | None, typer.Option()] = None,
    assignee: Assignee = None,
    department: Department = None,
    json: Json = False,
) -> None:
    """Write down a ticket for a customer, after a phone call for instance."""
    from commands.body import read_body

    content = read_body(body, body_file, settings_of(context).editor)
    changes = _changes(status=status, priority=priority, assignee=assignee, department=department)
    changed = with_desk(context, lambda desk: desk.create_ticket(requester, subject, content, name, changes))
    _print_changed(changed, "created", json)


@app.command("reply")
def reply(
    context: typer.Context,
    number: Number,
    body: Body = None,
    body_file: BodyFile = None,
    status: Annotated[
        Literal["open", "pending", "resolved", "closed", "unchanged"],
        typer.Option(help="The ticket's status afterwards."),
    ] = "pending",
    to: Annotated[
        list[str] | None, typer.Option(parser=plain, metavar="EMAIL", help="In place of who would get it.")
    ] = None,
    cc: Annotated[list[str] | None, typer.Option(parser=plain, metavar="EMAIL")] = None,
    attach: Annotated[list[str] | None, typer.Option(metavar="FILE", help="A file to send along.")] = None,
    grace: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="How long it can be taken back.")
    ] = None,
    json: Json = False,
) -> None:
    """Answer the customer; the text is Markdown. Until it leaves, unsend takes it back."""
    import asyncio

    from commands.attachment import stored
    from commands.body import read_body
    from core.models import Status as TicketStatus

    settings = settings_of(context)
    content = read_body(body, body_file, settings.editor, lambda: _draft(context, number, "reply"))

    async def work(desk: "Desk") -> "Changed":
        return await desk.reply(
            number,
            content,
            status=None if status == "unchanged" else TicketStatus(status),
            to=_addresses(to),
            cc=_addresses(cc),
            attachments=await asyncio.to_thread(stored, settings, attach or ()),
            grace_seconds=settings.grace_seconds if grace is None else grace,
        )

    _print_changed(with_desk(context, work), "answered", json)


@app.command("unsend")
def unsend(context: typer.Context, number: Number, json: Json = False) -> None:
    """Take back the newest answer that has not left; its text is a draft again."""
    _print_changed(with_desk(context, lambda desk: desk.unsend(number)), "unsent", json)


@app.command("note")
def note(
    context: typer.Context, number: Number, body: Body = None, body_file: BodyFile = None, json: Json = False
) -> None:
    """Tell the other agents something; it is never mailed."""
    from commands.body import read_body

    content = read_body(body, body_file, settings_of(context).editor, lambda: _draft(context, number, "note"))
    _print_changed(with_desk(context, lambda desk: desk.note(number, content)), "noted", json)


@app.command("update")
def update_tickets(
    context: typer.Context,
    numbers: Annotated[
        list[int], typer.Argument(parser=ticket_number, metavar="NUMBERS", help="All of them, or none.")
    ],
    status: Annotated[Status | None, typer.Option()] = None,
    priority: Annotated[Priority | None, typer.Option()] = None,
    assignee: Assignee = None,
    subject: Annotated[str | None, typer.Option(parser=plain, metavar="TEXT")] = None,
    department: Department = None,
    spam: Annotated[
        bool | None, typer.Option("--spam/--not-spam", help="Out of all lists but that of spam, or back.")
    ] = None,
    reason: Annotated[str, typer.Option(parser=plain, metavar="TEXT", help="Kept with the change.")] = "",
    json: Json = False,
) -> None:
    """Change tickets: who has them, how urgent, how far."""
    changes = _changes(
        status=status, priority=priority, assignee=assignee, subject=subject, department=department, spam=spam
    )
    if not changes:
        raise typer.BadParameter("There is nothing to change: give at least one option.")
    changed = with_desk(context, lambda desk: desk.update_tickets(numbers, changes, reason))
    _print_changed(changed, "updated", json)


@app.command("undo")
def undo(
    context: typer.Context,
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="What the command said to undo it with.")],
    json: Json = False,
) -> None:
    """Take back what a command did; once more brings it into force again."""
    from uuid import UUID

    try:
        undone = UUID(request)
    except ValueError:
        raise typer.BadParameter(f"{request!r} is no request; they look like {UUID(int=0)}.") from None
    _print_changed(with_desk(context, lambda desk: desk.undo(undone)), "undone", json)


@app.command("events")
def list_events(
    context: typer.Context,
    number: Number,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many, the newest.")] = 200,
    json: Json = False,
) -> None:
    """What happened to a ticket: who changed what, when and why."""
    from commands.conversation import print_events

    events = with_desk(context, lambda desk: desk.list_events(number, limit))
    if json:
        write_json(events)
    else:
        print_events(events)


def _draft(context: typer.Context, number: int, kind: str) -> str:
    """What the agent had begun to write; refused here when there is no such ticket."""
    conversation = with_desk(context, lambda desk: desk.show_ticket(number, 1))
    return next((draft.content for draft in conversation.drafts if draft.kind == kind), "")


def _changes(**fields: str | bool | None) -> dict[str, Any]:
    """The fields that were typed; "none" stands for nobody and for no department."""
    changes: dict[str, Any] = {field: value for field, value in fields.items() if value is not None}
    for field in ("assignee", "department"):
        if changes.get(field) == "none":
            changes[field] = None
    return changes


def _addresses(typed: list[str] | None) -> "list[Mailto] | None":
    from email.utils import parseaddr

    from core.models import Mailto

    if typed is None:
        return None
    return [Mailto(name=name, email=email) for name, email in map(parseaddr, typed)]


def _print_changed(changed: "Changed", done: str, json: bool) -> None:
    from core.text import safe_line

    if json:
        write_json(changed)
        return
    for ticket in changed.tickets:
        subject = safe_line(ticket.subject, limit=100)
        write(f"#{ticket.number} {done}: {subject} ({ticket.status}, {ticket.priority})")
    for number in changed.skipped:
        write(f"#{number} left as it is: it was changed again meanwhile")
    write(f"To undo: ttydesk ticket undo {changed.request_id}")
