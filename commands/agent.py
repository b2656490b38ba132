"""`ttydesk agent`: who works here."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.opening import holds_desk, settings_of, with_desk
from commands.output import write, write_json, write_rows
from commands.typed import Json, Role, plain

if TYPE_CHECKING:
    from core.models import Agent

app = typer.Typer(help="Who works here: add, list, update.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(parser=plain, metavar="EMAIL", help="The agent's address.")]


@app.command("add")
def add_agent(
    context: typer.Context,
    email: Email,
    name: Annotated[str, typer.Option(parser=plain, metavar="NAME", help="As customers see it.")] = "",
    role: Annotated[Role, typer.Option(help="An admin may change the desk itself.")] = "agent",
    department: Annotated[
        list[str] | None, typer.Option(parser=plain, metavar="NAME", help="May be given several times.")
    ] = None,
    json: Json = False,
) -> None:
    """Make someone an agent; on a hosted desk they get a mail with which they can sign in."""
    from core import models

    added = with_desk(
        context,
        lambda desk: desk.add_agent(email, name, models.Role(role), department or ()),
        service=holds_desk(context),
    )
    _print_agent(added, json)
    if settings_of(context).supabase.url:
        _invite(context, added.email)


def _invite(context: typer.Context, email: str) -> None:
    """Who is not reached by it can sign in all the same, so a failure is only told."""
    import asyncio

    from core.connect import Way, session_of
    from core.errors import DeskError
    from core.text import safe_line

    told = f"They sign in with: ttydesk login {safe_line(email)}"
    try:
        asyncio.run(session_of(Way.of(settings_of(context))).send_code(email))
        said = "An invitation was mailed."
    except DeskError as error:
        said = f"The invitation could not be mailed: {error}"
    typer.echo(f"{said} {told}", err=True)


@app.command("list")
def list_agents(context: typer.Context, json: Json = False) -> None:
    """Everyone who works or worked here."""
    from core.text import safe_line

    agents = with_desk(context, lambda desk: desk.list_agents(), service=holds_desk(context))
    if json:
        write_json(agents)
        return
    rows = [
        (
            safe_line(agent.email),
            safe_line(agent.name),
            agent.role,
            "active" if agent.active else "inactive",
            safe_line(", ".join(agent.departments)),
        )
        for agent in agents
    ]
    write_rows(("EMAIL", "NAME", "ROLE", "STATE", "DEPARTMENTS"), rows, flexible=(0, 1, 4))


@app.command("update")
def update_agent(
    context: typer.Context,
    email: Email,
    name: Annotated[
        str | None, typer.Option(parser=plain, metavar="NAME", help="As customers see it.")
    ] = None,
    role: Annotated[Role | None, typer.Option(help="An admin may change the desk itself.")] = None,
    department: Annotated[
        list[str] | None,
        typer.Option(
            parser=plain, metavar="NAME", help="Replaces all departments; may be given several times."
        ),
    ] = None,
    signature: Annotated[
        str | None, typer.Option(parser=plain, metavar="TEXT", help="Stands under this agent's answers.")
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether the agent may still work here.")
    ] = None,
    json: Json = False,
) -> None:
    """Change what is known of an agent."""
    changes: dict[str, Any] = {
        "name": name,
        "role": role,
        "departments": department or None,
        "signature": signature,
        "active": active,
    }
    changes = {field: value for field, value in changes.items() if value is not None}
    if not changes:
        raise typer.BadParameter("There is nothing to change: give at least one option.")
    updated = with_desk(context, lambda desk: desk.update_agent(email, changes), service=holds_desk(context))
    _print_agent(updated, json)


def _print_agent(agent: "Agent", json: bool) -> None:
    from core.text import safe_line

    if json:
        write_json(agent)
        return
    state = "" if agent.active else ", inactive"
    name = f" ({safe_line(agent.name)})" if agent.name else ""
    write(f"{safe_line(agent.email)}{name}: {agent.role}{state}")
