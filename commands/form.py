"""`ttydesk form`: links to the form that fill it in beforehand."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from commands.lifetime import lifetime
from commands.opening import settings_of, with_desk
from commands.output import is_terminal, write, write_json, write_rows
from commands.typed import Json, mailbox_address, plain

if TYPE_CHECKING:
    from core.desk import Desk
    from core.forms import FormLink

app = typer.Typer(help="Links to the form, filled in beforehand: link, list, revoke.", no_args_is_help=True)

_COLOURS = "\x1b[97;40m", "\x1b[0m"
"""White on black, whatever the terminal has: a QR code has to be dark on light, or few can read it."""


@app.command("link")
def create_form_link(
    context: typer.Context,
    department: Annotated[
        str | None, typer.Option(parser=plain, metavar="NAME", help="Whose work it is; it cannot be changed.")
    ] = None,
    subject: Annotated[
        str, typer.Option(parser=plain, metavar="TEXT", help="What stands in the subject.")
    ] = "",
    email: Annotated[
        str | None,
        typer.Option(parser=mailbox_address, metavar="EMAIL", help="What stands in the address."),
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="When it ends by itself: 12h, 7d, 4w, 1y or never.")
    ] = "never",
    qr: Annotated[bool, typer.Option("--qr", help="Show it as a QR code as well.")] = False,
    json: Json = False,
) -> None:
    """Make a link to the form, and show it, this once: nobody can look it up again."""
    from core.forms import link_sha256, new_link_token

    age = lifetime(expires)
    until = datetime.now(UTC) + age if age else None
    token = new_link_token()

    async def create(desk: "Desk") -> "FormLink":
        await _known(desk, department)
        return await desk.create_form_link(
            link_sha256(token), department, subject.strip(), email or "", until
        )

    made = with_desk(context, create)
    address = f"{_site(context)}/f/{token}"
    if json:
        write_json({"address": address, **made.model_dump()})
        return
    write(address)
    if qr:
        write(_qr_code(address))
    typer.echo(f"It is shown this once. To revoke it: ttydesk form revoke {made.number}", err=True)
    if not settings_of(context).web.address:
        typer.echo("web.address is not set, so this link leads to this machine only.", err=True)


async def _known(desk: "Desk", department: str | None) -> None:
    """A slip of the pen would send customers' forms where nobody looks."""
    from core.errors import NotFound
    from core.text import safe_line

    known = await desk.list_departments() if department else []
    if department and department not in known:
        there = f"There are {safe_line(', '.join(known))}." if known else "No agent and no mailbox has one."
        raise NotFound(f"There is no department {safe_line(department)}.", hint=there)


def _site(context: typer.Context) -> str:
    web = settings_of(context).web
    return (web.address or f"http://{web.host}:{web.port}").rstrip("/")


def _qr_code(address: str) -> str:
    import io

    import segno

    drawn = io.StringIO()
    segno.make_qr(address, error="m").terminal(drawn, compact=True)
    lines = drawn.getvalue().rstrip("\n").split("\n")
    before, after = _COLOURS if is_terminal() else ("", "")
    return "\n".join(f"{before}{line}{after}" for line in lines)


@app.command("list")
def list_form_links(context: typer.Context, json: Json = False) -> None:
    """Links to the departments that you see; the addresses themselves are nowhere."""
    from core.text import safe_line

    links = with_desk(context, lambda desk: desk.list_form_links())
    if json:
        write_json(links)
        return
    rows = [
        (
            str(link.number),
            _state(link),
            str(link.uses),
            safe_line(link.department or "", limit=60),
            safe_line(link.subject, limit=100),
            safe_line(link.email, limit=100),
            safe_line(link.created_by, limit=100),
        )
        for link in links
    ]
    if rows or not is_terminal():
        headings = ("NUMBER", "STATE", "USES", "DEPARTMENT", "SUBJECT", "E-MAIL", "MADE BY")
        write_rows(headings, rows, flexible=(3, 4, 5, 6))
    else:
        write("There is no form link.")


def _state(link: "FormLink") -> str:
    if link.state == "valid" and link.expires_at:
        return f"until {link.expires_at:%Y-%m-%d %H:%M}"
    return link.state


@app.command("revoke")
def revoke_form_link(
    context: typer.Context,
    number: Annotated[
        int, typer.Argument(min=1, max=2**31 - 1, metavar="NUMBER", help="As ttydesk form list calls it.")
    ],
    json: Json = False,
) -> None:
    """End a link: whoever follows it gets the plain form."""
    revoked = with_desk(context, lambda desk: desk.revoke_form_link(number))
    if json:
        write_json(revoked)
    else:
        write(f"Form link {revoked.number} is revoked; {revoked.uses} forms were sent by it.")
