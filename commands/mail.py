"""`ttydesk mail`: mail in by hand, and what became of each."""

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import quarantine
from commands.opening import settings_of, with_desk
from commands.output import write, write_json, write_rows
from commands.typed import Json, day, plain

if TYPE_CHECKING:
    from core.desk import Desk
    from core.models import Mailbox as Known
    from core.models import Outcome, Received
    from sync.archive import Imported
    from sync.mailbox import Mailbox
    from sync.source import Skipped
    from sync.verify import Verification

app = typer.Typer(help="Mail: import, ingest, parse, why, reports, quarantine, verify.", no_args_is_help=True)
app.add_typer(quarantine.app, name="quarantine")

NAMED = 10
"""So many files or mails are named where a list could be endless."""


@app.command("import")
def import_mails(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATHS", help="Mails (.eml), folders of them, mboxes, Maildirs.")
    ],
    json: Json = False,
) -> None:
    """Take in mails that lie in files, oldest first. Those that are here already change nothing."""
    from commands.progress import Progress
    from sync.archive import find_many
    from sync.archive import import_mails as run
    from sync.daemon import open_intake

    settings = settings_of(context)
    with Progress("mails") as progress:
        source = find_many(paths, progress.found)

        async def work(desk: "Desk") -> "Imported":
            return await run(desk, await open_intake(settings, desk), source.entries, progress.done)

        imported = with_desk(context, work, service=True)
    _print_counts(imported.counts, json)
    _name_skipped([*source.skipped, *imported.skipped])


@app.command("ingest")
def ingest(context: typer.Context, json: Json = False) -> None:
    """Take in one mail from stdin, as a mail server pipes it."""
    from sync.daemon import open_intake
    from sync.inbound import receive

    settings = settings_of(context)
    if sys.stdin.isatty():
        raise typer.BadParameter("The mail comes in on stdin: ttydesk mail ingest < one.eml")
    raw = sys.stdin.buffer.read()

    async def work(desk: "Desk") -> "Received":
        return await receive(desk, await open_intake(settings, desk), raw)

    received = with_desk(context, work, service=True)
    if json:
        _print_counts({received.outcome: 1}, json)
        return
    ticket = f" #{received.number}" if received.number else ""
    reason = f": {_safe(received.reason)}" if received.reason else ""
    write(f"{received.outcome}{ticket}{reason}")


@app.command("parse")
def parse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One mail, or - for stdin.")],
    json: Json = False,
) -> None:
    """How one mail is understood. Nothing is stored."""
    from commands.understood import print_parsed
    from core.errors import NotFound
    from sync.parse import parse_mail
    from sync.source import Entry

    if str(file) != "-" and not file.exists():
        raise NotFound(f"There is no file {file}.")
    parsed = parse_mail(sys.stdin.buffer.read() if str(file) == "-" else Entry(str(file)).read())
    if json:
        from dataclasses import asdict

        fields = asdict(parsed)
        for attachment in fields["attachments"]:
            del attachment["content"]
        write_json(fields)
    else:
        print_parsed(parsed)


@app.command("why")
def why(
    context: typer.Context,
    message: Annotated[
        str,
        typer.Argument(
            parser=plain,
            metavar="MESSAGE",
            help="A Message-ID, a message's id, or a raw mail's number or hash.",
        ),
    ],
    json: Json = False,
) -> None:
    """By which rule a mail joined its ticket, or why it did not."""
    found = with_desk(context, lambda desk: desk.why(message))
    if json:
        write_json(found)
        return
    ticket = f"#{found.number}" if found.number else "no ticket"
    write(f"{_safe(found.subject)} from {_safe(found.sender)}: {found.outcome or 'written here'}, {ticket}")
    for name, value in (("rule", found.rule), ("evidence", found.evidence), ("reason", found.reason)):
        if value:
            write(f"{name}: {_safe(value)}")


@app.command("reports")
def list_reports(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 100,
    json: Json = False,
) -> None:
    """What mail services reported about mail that this desk did not send, or does not know yet."""
    reports = with_desk(context, lambda desk: desk.list_reports(limit), service=True)
    if json:
        write_json(reports)
        return
    rows = [
        (
            one.happened_at.isoformat(timespec="seconds"),
            one.provider,
            one.state,
            _safe(one.email),
            _safe(one.message_id or one.provider_id),
            _safe(one.detail),
        )
        for one in reports
    ]
    write_rows(("WHEN", "SERVICE", "STATE", "TO", "MAIL", "WHY"), rows, flexible=(3, 4, 5))


@app.command("verify")
def verify(
    context: typer.Context,
    since: Annotated[
        datetime | None,
        typer.Option(parser=day, metavar="DATE", help="Mail the mailboxes got from that day on, not all."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Take in what was stored but never entered, and what is missing.")
    ] = False,
    json: Json = False,
) -> None:
    """Whether every mail is accounted for: ledger, files and mailboxes against each other."""
    from commands.progress import Progress
    from core.errors import Conflict
    from sync.daemon import open_intake
    from sync.verify import repair as mend
    from sync.verify import verify as run

    settings = settings_of(context)

    async def work(desk: "Desk") -> "Verification":
        intake = await open_intake(settings, desk)
        mailboxes = await _mailboxes(context, desk)
        try:
            with Progress("files") as progress:
                found = await run(desk, intake, mailboxes, progress.found, since)
            if repair:
                await mend(desk, intake, found, mailboxes)
        finally:
            for _, mailbox in mailboxes:
                await mailbox.close()
        return found

    found = with_desk(context, work, service=True)
    if json:
        write_json(found)
    else:
        _print_verification(found)
    if not found.is_complete:
        raise Conflict("Not every mail is accounted for.", hint=_remedy(found))


async def _mailboxes(context: typer.Context, desk: "Desk") -> "list[tuple[Known, Mailbox]]":
    """Those that this machine's daemon has read: there may be none yet."""
    from sync.boxes import is_here, open_mailbox

    settings = settings_of(context)
    return [
        (known, open_mailbox(settings, known))
        for known in await desk.list_mailboxes()
        if known.was_looked_at and is_here(settings, known)
    ]


def _print_counts(counts: "Mapping[Outcome, int]", json: bool) -> None:
    from core.models import Outcome

    whole = {str(outcome): counts.get(outcome, 0) for outcome in Outcome}
    if json:
        write_json(whole)
    else:
        write(", ".join(f"{count} {outcome}" for outcome, count in whole.items() if count) or "no mails")


def _name_skipped(skipped: "list[Skipped]") -> None:
    for one in skipped[:NAMED]:
        typer.echo(f"skipped {_safe(one.path)}: {_safe(one.reason)}", err=True)
    if len(skipped) > NAMED:
        typer.echo(f"and {len(skipped) - NAMED} more files", err=True)


def _print_verification(found: "Verification") -> None:
    write(f"{found.checked} mail{'s'[: found.checked != 1]} in the ledger")
    for one in found.mailboxes:
        since = f", since {one.since.astimezone():%Y-%m-%d %H:%M}" if one.since else ""
        write(f"{one.checked} mail{'s'[: one.checked != 1]} in {_safe(one.name)}{since}")
    lists = {
        "lost, their file is gone": [f"{one.id} {one.sha256}" for one in found.lost],
        "damaged, their file has changed": [f"{one.id} {one.sha256}" for one in found.damaged],
        "stored but never entered": found.unentered,
    }
    for one in found.mailboxes:
        box = _safe(one.name)
        lists[f"waiting in {box}"] = one.waiting
        lists[f"missing, though {box} was read further than that"] = one.missing
        lists[f"taken in and no longer in {box}"] = one.gone
    for what, names in lists.items():
        if names:
            write(f"{len(names)} {what}:")
            for name in names[:NAMED]:
                write(f"  {_safe(name)}")
    if count := len(found.orphans):
        write(f"{count} stored attachment{'s'[: count != 1]} of no message, as bounces and copies have them")


def _remedy(found: "Verification") -> str:
    if found.unentered:
        return "ttydesk mail verify --repair takes in what was never entered."
    if any(one.missing for one in found.mailboxes):
        return "ttydesk mail verify --repair takes in what is missing; so does ttydesk sync once a day."
    if any(one.waiting for one in found.mailboxes):
        return "ttydesk sync takes in what waits."
    return "Bring the files back from a backup."


def _safe(text: str) -> str:
    from core.text import safe_line

    return safe_line(text)
