"""`ttydesk gmail`: mailboxes at Gmail."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.opening import settings_of, with_desk
from commands.output import write, write_json
from commands.typed import Json, day, folder, mailbox_address, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config import Settings
    from core.desk import Desk
    from core.models import Mailbox
    from sync.auth import Grant
    from sync.client import Client
    from sync.connection import Connected, Wish

app = typer.Typer(help="Gmail: connect, status, watch, stop, disconnect.", no_args_is_help=True)

_KEPT = "Google keeps the permission until you remove ttydesk at myaccount.google.com/permissions"

Which = Annotated[
    str | None,
    typer.Argument(
        parser=plain, metavar="MAILBOX", help="Its address or its name; not needed where there is one."
    ),
]


@app.command("connect")
def connect(
    context: typer.Context,
    address: Annotated[
        str | None, typer.Option(parser=mailbox_address, metavar="EMAIL", help="Whose mailbox is meant.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            parser=plain, metavar="NAME", help="How the desk calls it; if not given, as the address begins."
        ),
    ] = None,
    department: Annotated[
        str | None,
        typer.Option(parser=plain, metavar="NAME", help="Whose work its tickets are; “” for nobody's."),
    ] = None,
    display_name: Annotated[
        str | None, typer.Option(parser=plain, metavar="NAME", help="The name customers see in answers.")
    ] = None,
    signature: Annotated[
        str | None, typer.Option(parser=plain, metavar="TEXT", help="Stands under every answer.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=day, metavar="DATE", help="Take in older mail, too, from that day on."),
    ] = None,
    client: Annotated[
        Path | None,
        typer.Option(
            parser=folder, metavar="FILE", help="The JSON of your OAuth client, as Google gives it."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Let ttydesk into a mailbox at Gmail, whose mail then becomes tickets. Asks in your browser."""
    from sync.connection import Wish

    wish = Wish(address, name, display_name, signature, department, since)
    connected, grant = _connect(context, wish, client)
    if json:
        write_json(connected.mailbox)
    else:
        _print_connected(settings_of(context), connected, grant, wish)


def _connect(context: typer.Context, wish: "Wish", file: Path | None) -> "tuple[Connected, Grant]":
    from datetime import UTC

    from sync.auth import token_store
    from sync.client import find_client
    from sync.connection import check_address, check_name, connect
    from sync.permission import opened, profile

    settings = settings_of(context)
    known = with_desk(context, lambda desk: desk.list_mailboxes(), service=True)
    check_name(wish, known)
    store = token_store(settings.home, settings.tokens)
    store.load("")  # a keyring that is locked had better say so before the browser opens than after it
    grant, token = _still_good(settings, wish, known), None
    if grant is None:
        token, grant = _ask(settings, find_client(settings, file), wish)
    with opened(settings, grant, token) as google:
        actual, history_id = profile(google)
    check_address(wish, actual)
    grant = grant.model_copy(update={"address": actual})
    store.save(grant)

    async def work(desk: "Desk") -> "Connected":
        return await connect(settings, desk, actual, wish, history_id, datetime.now(UTC))

    return with_desk(context, work, service=True), grant


def _still_good(settings: "Settings", wish: "Wish", known: "Sequence[Mailbox]") -> "Grant | None":
    """The permission there is, where it is enough: when only something about the mailbox is to be changed."""
    from sync.connection import known_as
    from sync.permission import look

    mailbox = known_as(wish.address, known)
    if mailbox is None or not wish.says_something:
        return None
    standing = look(settings, mailbox)
    return standing.grant if standing.state == "works" and not standing.problem else None


def _ask(settings: "Settings", client: "Client", wish: "Wish") -> "tuple[str, Grant]":
    """All that is said to the person goes to stderr: stdout is for the result."""
    from commands.browser import open_browser
    from core.text import safe_line
    from sync.client import redirect_uri
    from sync.consent import REASONS, Request, ask_consent
    from sync.permission import wanted_scopes

    scopes = wanted_scopes(settings)
    whose = f" as {safe_line(wish.address)}" if wish.address else " with the account whose mailbox is meant"
    _tell("ttydesk asks Google for permission to")
    for scope in scopes:
        _tell(f"  - {REASONS[scope]} ({scope})")
    _tell("It deletes nothing in the mailbox.\n")

    def show(page: str) -> None:
        _tell(f"Open this address in a browser, and sign in{whose}:\n\n{page}\n")
        _tell(
            "When you have agreed, the browser comes back here by itself. Where it cannot, because it runs\n"
            "on another machine, it ends at a page that does not load: copy the address of that page,\n"
            "paste it here, and press enter."
        )

    request = Request(client, scopes, redirect_uri(settings, client), wish.address or "")
    return ask_consent(request, show, open_browser, sys.stdin)


def _print_connected(settings: "Settings", connected: "Connected", grant: "Grant", wish: "Wish") -> None:
    from core.text import safe_line
    from sync.auth import token_store
    from sync.lock import holder

    mailbox = connected.mailbox
    write(f"{safe_line(mailbox.address)} is connected.")
    write(_what_becomes_tickets(connected, wish))
    place = token_store(settings.home, settings.tokens).place
    write(f"The permission is kept in {safe_line(place, limit=4096)}.")
    if grant.expires_at:
        write(
            f"Google ends it on {_when(grant.expires_at)}, because your project there is in testing mode;"
            " docs/gmail.md says what to do."
        )
    for one in connected.left:
        write(
            f"The Maildir at {safe_line(one.address)} is no mailbox of this desk any more."
            " To keep it, give it an address of its own: mailbox.address in the settings."
        )
    if holder(settings.home):
        write("The daemon begins with it in a few seconds; see ttydesk gmail status.")
    else:
        write("Now start the daemon: ttydesk sync")


def _what_becomes_tickets(connected: "Connected", wish: "Wish") -> str:
    before = connected.before
    if wish.since:
        return f"Mail since {_when(wish.since)} becomes tickets. Gmail hands out about 300 mails a minute."
    if before is None:
        return "Mail that arrives from now on becomes tickets; older mail only with --since DATE."
    if before.connected and before.last_error is None:
        return "It was connected already, and goes on."
    if before.synced_at is None:
        return f"Mail since {_when(before.since)} becomes tickets."
    return f"It goes on where it stopped: mail since {_when(before.synced_at)} becomes tickets."


@app.command("status")
def status(context: typer.Context, json: Json = False) -> None:
    """How each mailbox at Gmail is, and what to do where something is wrong. Asks Google."""
    from commands.standing import print_standing, standing_of
    from core.errors import NotFound
    from sync.permission import look

    settings = settings_of(context)
    known = _at_gmail(context)
    looked = [(one, look(settings, one) if one.connected else None) for one in known]
    if json:
        write_json([standing_of(settings, one, standing) for one, standing in looked])
        return
    if not known:
        raise NotFound("No mailbox at Gmail is connected.", hint="Connect one with: ttydesk gmail connect")
    for number, (one, standing) in enumerate(looked):
        if number:
            write("")
        print_standing(settings, one, standing)


@app.command("watch")
def watch(context: typer.Context, mailbox: Which = None) -> None:
    """Let Gmail tell your Pub/Sub topic (google.topic) of new mail, for a week. A daemon renews it."""
    from core.errors import Invalid
    from core.text import safe_line
    from sync.permission import granted, opened
    from sync.watch import begin_watch

    settings = settings_of(context)
    topic = settings.google.topic
    if not topic:
        raise Invalid(
            "No Pub/Sub topic is set.", hint="Set google.topic; docs/gmail.md shows how to make one."
        )
    for known in _chosen(_connected(context), mailbox):
        with opened(settings, granted(settings, known)) as google:
            until = begin_watch(google, topic)
        _save_watch(context, known, until)
        write(f"Gmail tells {safe_line(topic)} of mail to {safe_line(known.address)} until {_when(until)}.")


@app.command("stop")
def stop(context: typer.Context, mailbox: Which = None) -> None:
    """Let Gmail tell no topic of new mail any more. Mail still comes in: the daemon asks for it."""
    from core.text import safe_line
    from sync.permission import granted, opened
    from sync.watch import end_watch

    settings = settings_of(context)
    for known in _chosen(_connected(context), mailbox):
        with opened(settings, granted(settings, known)) as google:
            end_watch(google)
        _save_watch(context, known, None)
        write(f"Gmail tells nobody of mail to {safe_line(known.address)} any more.")
    if settings.google.topic:
        write("A daemon asks for it again as long as google.topic is set.")


@app.command("disconnect")
def disconnect(
    context: typer.Context,
    mailbox: Which = None,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Take the permission back at Google, too.")
    ] = False,
) -> None:
    """Fetch and send nothing by a mailbox any more. Its tickets stay, and so does everything in Gmail."""
    from core.text import safe_line
    from sync.auth import token_store
    from sync.permission import leave

    settings = settings_of(context)
    known = _one(_connected(context), mailbox)
    store = token_store(settings.home, settings.tokens)
    grant = store.load(known.address)
    if grant is not None:
        leave(settings, known, grant, revoke)
    with_desk(context, lambda desk: desk.disconnect_mailbox(known.id), service=True)
    store.delete(known.address)
    write(f"{safe_line(known.address)} is disconnected. Its tickets stay, and so does everything in Gmail.")
    if grant is None:
        write(f"There was no token of it here. {_KEPT}.")
    elif not revoke:
        write(f"Its token was deleted here. {_KEPT}; --revoke does that at once.")
    write(_who_answers(context))


def _who_answers(context: typer.Context) -> str:
    from core.text import safe_line

    left = [
        one for one in with_desk(context, lambda desk: desk.list_mailboxes(), service=True) if one.connected
    ]
    if not left:
        return "No mailbox is left: nothing can be answered until one is connected."
    others = ", ".join(safe_line(one.address) for one in left)
    return f"Answers on its tickets leave from what is left: {others}."


def _at_gmail(context: typer.Context) -> "list[Mailbox]":
    known = with_desk(context, lambda desk: desk.list_mailboxes(), service=True)
    return [one for one in known if one.kind == "gmail"]


def _connected(context: typer.Context) -> "list[Mailbox]":
    from core.errors import NotFound

    found = [one for one in _at_gmail(context) if one.connected]
    if not found:
        raise NotFound("No mailbox at Gmail is connected.", hint="Connect one with: ttydesk gmail connect")
    return found


def _chosen(mailboxes: "list[Mailbox]", which: str | None) -> "list[Mailbox]":
    """All, where none was named."""
    from core.errors import NotFound

    if which is None:
        return mailboxes
    found = [one for one in mailboxes if which.lower() in (one.address, one.name.lower())]
    if not found:
        raise NotFound(f"No mailbox {which} is connected at Gmail.", hint=_there_are(mailboxes))
    return found


def _one(mailboxes: "list[Mailbox]", which: str | None) -> "Mailbox":
    from core.errors import Invalid

    found = _chosen(mailboxes, which)
    if len(found) > 1:
        raise Invalid("Say which mailbox is meant.", hint=_there_are(mailboxes))
    return found[0]


def _there_are(mailboxes: "list[Mailbox]") -> str:
    return f"There are: {', '.join(one.address for one in mailboxes)}."


def _save_watch(context: typer.Context, known: "Mailbox", until: datetime | None) -> None:
    with_desk(context, lambda desk: desk.save_watch(known.id, until), service=True)


def _when(moment: datetime) -> str:
    from commands.standing import local_time

    return local_time(moment)


def _tell(text: str) -> None:
    typer.echo(text, err=True)
