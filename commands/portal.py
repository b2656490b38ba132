"""`ttydesk portal`: links by which customers see what they wrote to us."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from commands.lifetime import lifetime
from commands.opening import settings_of, with_desk
from commands.output import write, write_json, write_rows
from commands.typed import Json, plain

if TYPE_CHECKING:
    from core.portal import PortalLink

app = typer.Typer(
    help="Links by which customers see what they wrote to us: link, list, revoke.", no_args_is_help=True
)

Email = Annotated[str, typer.Argument(parser=plain, metavar="EMAIL", help="The customer's address.")]


@app.command("link")
def link(
    context: typer.Context,
    email: Email,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long it is good: 12h, 7d or 4w; at most 90 days.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a link that shows somebody all their tickets, and print it, this once; it takes an admin."""
    from core.errors import Invalid
    from core.portal_link import Entrance, new_link
    from core.text import safe_line

    entrance = Entrance.of(settings_of(context).web)
    if entrance is None:
        raise Invalid(
            "Nobody knows where customers reach the portal.",
            hint="Set web.address, as https://help.example.com.",
        )
    made = new_link(entrance)
    seconds = _seconds(expires) if expires else entrance.seconds
    known = with_desk(
        context,
        lambda desk: desk.create_portal_link(email, made.sha256, seconds),
        service=_as_service(context),
    )
    if json:
        write_json({"url": made.url, **known.model_dump()})
        return
    write(made.url)
    until = known.expires_at.astimezone()
    typer.echo(
        f"It shows {safe_line(known.email)} all their tickets, works once, and until {until:%Y-%m-%d %H:%M}. "
        "Whoever has it can use it.",
        err=True,
    )


def _seconds(typed: str) -> float:
    age = lifetime(typed)
    if age is None or age.days > 90:
        raise typer.BadParameter("A link is good for at most 90 days.")
    return age.total_seconds()


def _as_service(context: typer.Context) -> bool:
    """Where a hosted desk's secret key lies nobody need sign in; elsewhere it is noted which admin it was."""
    return settings_of(context).supabase.secret_key is not None


@app.command("list")
def list_links(
    context: typer.Context,
    email: Annotated[
        str | None, typer.Argument(parser=plain, metavar="[EMAIL]", help="Only those of this customer.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most so many.")] = 50,
    json: Json = False,
) -> None:
    """Links and what became of them, the newest first; the links themselves are nowhere."""
    from core.text import safe_line

    links = with_desk(
        context, lambda desk: desk.list_portal_links(email, limit=limit), service=_as_service(context)
    )
    if json:
        write_json(links)
        return
    now = datetime.now(UTC)
    rows = [
        (safe_line(one.email), _at(one.created_at), safe_line(_origin(one)), state_of(one, now))
        for one in links
    ]
    write_rows(("EMAIL", "MADE", "FROM", "STATE"), rows, flexible=(0, 2))


@app.command("revoke")
def revoke(context: typer.Context, email: Email) -> None:
    """End every link of a customer, and sign them out everywhere."""
    from core.text import safe_line

    with_desk(context, lambda desk: desk.revoke_portal_links(email), service=_as_service(context))
    write(f"No link of {safe_line(email)} works any more, and they are signed out.")


def state_of(link: "PortalLink", now: datetime) -> str:
    if link.used_at and link.signed_in_until:
        return f"used {_at(link.used_at)}, signed in until {_at(link.signed_in_until)}"
    if link.used_at:
        return f"used {_at(link.used_at)}"
    if link.revoked_at:
        return f"revoked {_at(link.revoked_at)}"
    return f"{'until' if link.expires_at > now else 'expired'} {_at(link.expires_at)}"


def _origin(link: "PortalLink") -> str:
    if link.number is not None:
        return f"a mail on #{link.number}"
    return link.made_by or "a letter"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
