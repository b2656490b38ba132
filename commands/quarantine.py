"""`ttydesk mail quarantine`: mails that nobody could read, to look at and to try again."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.opening import settings_of, with_desk
from commands.output import write, write_json, write_raw, write_rows
from commands.typed import Json

if TYPE_CHECKING:
    from core.desk import Desk
    from core.models import RawMail, Received

app = typer.Typer(help="Mails that could not be read: list, show, retry.", no_args_is_help=True)

SHOWN = 100_000
"""Bytes of a mail that a person is shown."""
Id = Annotated[int, typer.Argument(metavar="ID", help="The number in the list.")]


@app.command("list")
def list_quarantined(context: typer.Context, json: Json = False) -> None:
    """Every mail in quarantine."""
    from core.text import safe_line

    mails = with_desk(context, _quarantined, service=True)
    if json:
        write_json(mails)
        return
    rows = [
        (
            str(mail.id),
            mail.received_at.isoformat(timespec="seconds"),
            safe_line(mail.sender),
            safe_line(mail.subject),
            safe_line(mail.reason),
        )
        for mail in mails
    ]
    write_rows(("ID", "RECEIVED", "FROM", "SUBJECT", "REASON"), rows, flexible=(2, 3, 4))


@app.command("show")
def show_quarantined(
    context: typer.Context,
    id: Id,
    raw: Annotated[
        bool, typer.Option("--raw", help="The mail's own bytes, unchanged: for a file or a pipe.")
    ] = False,
    json: Json = False,
) -> None:
    """One mail in quarantine: why, where it is from, and what it says."""
    from core.connect import open_files

    mail = with_desk(context, lambda desk: desk.show_raw_mail(id), service=True)
    if json:
        write_json(mail)
        return
    content = open_files(settings_of(context), service=True).get("raw", mail.sha256)
    if raw:
        write_raw(content)
    else:
        _print(mail, content)


@app.command("retry")
def retry_quarantined(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(metavar="IDS", help="The numbers in the list.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Every mail in quarantine.")] = False,
    json: Json = False,
) -> None:
    """Read mails again, after an update for instance. What fails again stays where it is."""
    from core.text import safe_line
    from sync.daemon import open_intake
    from sync.inbound import retry

    if bool(ids) == all:
        raise typer.BadParameter("Give the numbers of the mails, or --all.")
    settings = settings_of(context)

    async def work(desk: "Desk") -> "list[tuple[int, Received]]":
        intake = await open_intake(settings, desk)
        mails = [await desk.show_raw_mail(id) for id in ids] if ids else await _quarantined(desk)
        return [(mail.id, await retry(desk, intake, mail)) for mail in mails]

    tried = with_desk(context, work, service=True)
    if json:
        write_json([{"id": id, **received.model_dump(mode="json")} for id, received in tried])
        return
    for id, received in tried:
        ticket = f" #{received.number}" if received.number else ""
        reason = f": {safe_line(received.reason)}" if received.reason else ""
        write(f"{id} {received.outcome}{ticket}{reason}")


async def _quarantined(desk: "Desk") -> "list[RawMail]":
    mails: list[RawMail] = []
    while page := await desk.list_raw_mails(quarantined=True, after=mails[-1].id if mails else 0):
        mails += page
    return mails


def _print(mail: "RawMail", content: bytes) -> None:
    from core.text import safe_line, safe_text

    write(f"{mail.id} {mail.outcome}: {safe_line(mail.reason)}")
    write(f"received {mail.received_at.isoformat(timespec='seconds')}, {mail.size:,} bytes")
    for source in mail.sources:
        write(f"from {safe_line(source)}")
    if mail.detail:
        write(f"\n{safe_text(mail.detail).rstrip()}")
    write(f"\n{safe_text(content[:SHOWN].decode('utf-8', 'replace')).rstrip()}")
    if len(content) > SHOWN:
        write(f"({len(content) - SHOWN:,} more bytes; --raw has them all)")
