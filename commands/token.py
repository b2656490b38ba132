"""`ttydesk token`: tokens, by which programs use the API in an agent's place."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from commands.lifetime import lifetime
from commands.opening import with_desk
from commands.output import write, write_json, write_rows
from commands.typed import Json, plain

if TYPE_CHECKING:
    from core.tokens import Token

app = typer.Typer(help="Tokens for programs that use the API: create, list, revoke.", no_args_is_help=True)

SCOPES = ("tickets:read", "tickets:write", "agents:read", "agents:write")


def known_scope(typed: str) -> str:
    if typed not in SCOPES:
        raise typer.BadParameter(f"{typed!r} is no scope; there are {', '.join(SCOPES)}.")
    return typed


@app.command("create")
def create_token(
    context: typer.Context,
    scope: Annotated[
        list[str],
        typer.Option(
            parser=known_scope, metavar="SCOPE", help=f"{', '.join(SCOPES)}; may be given several times."
        ),
    ],
    name: Annotated[
        str, typer.Option(parser=plain, metavar="TEXT", help="What it is for, for whoever sees the list.")
    ] = "",
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="When it ends by itself: 12h, 90d, 4w, 1y or never.")
    ] = "90d",
    to: Annotated[
        str | None,
        typer.Option("--for", parser=plain, metavar="EMAIL", help="Another agent, which takes an admin."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a token, and show it, this once: nobody can look it up again."""
    from core.tokens import new_secret, sha256_of

    age = lifetime(expires)
    until = datetime.now(UTC) + age if age else None
    secret = new_secret()
    made = with_desk(context, lambda desk: desk.create_token(sha256_of(secret), scope, name, until, to))
    if json:
        write_json({"token": secret, **made.model_dump()})
        return
    write(secret)
    typer.echo(
        f"{_described(made)} It is shown this once. To revoke it: ttydesk token revoke {made.id}", err=True
    )


@app.command("list")
def list_tokens(context: typer.Context, json: Json = False) -> None:
    """Your tokens, and for an admin everybody's; the tokens themselves are nowhere."""
    from core.text import safe_line

    tokens = with_desk(context, lambda desk: desk.list_tokens())
    if json:
        write_json(tokens)
        return
    rows = [
        (
            str(token.id),
            safe_line(token.name),
            safe_line(token.agent_email),
            " ".join(token.scopes),
            state_of(token, datetime.now(UTC)),
            f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never",
        )
        for token in tokens
    ]
    write_rows(("ID", "NAME", "AGENT", "SCOPES", "STATE", "LAST USED"), rows, flexible=(1, 2, 3))


@app.command("revoke")
def revoke_token(
    context: typer.Context,
    id: Annotated[
        int, typer.Argument(min=1, max=10**18, metavar="ID", help="As ttydesk token list shows it.")
    ],
    json: Json = False,
) -> None:
    """Take a token out of force, from its next call on."""
    revoked = with_desk(context, lambda desk: desk.revoke_token(id))
    if json:
        write_json(revoked)
    else:
        write(f"Token {revoked.id} of {_owner(revoked)} is revoked.")


def state_of(token: "Token", now: datetime) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if token.expires_at is None:
        return "active"
    return f"{'until' if token.expires_at > now else 'expired'} {token.expires_at:%Y-%m-%d}"


def _owner(token: "Token") -> str:
    from core.text import safe_line

    return safe_line(token.agent_email) + (f" ({safe_line(token.name)})" if token.name else "")


def _described(token: "Token") -> str:
    until = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "until it is revoked"
    return f"Token {token.id} works for {_owner(token)} {until}: {', '.join(token.scopes)}."
