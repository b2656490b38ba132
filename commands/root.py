"""The root of the command line: its nouns, the options that hold for all of them, and the door.

Nothing here decides anything. The commands import what they run inside themselves, so that
`ttydesk --help` stays quick (tests/test_house_rules.py holds it).
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from commands import (
    agent,
    config,
    db,
    demo,
    doctor,
    form,
    gmail,
    init,
    login,
    mail,
    portal,
    sync,
    ticket,
    token,
    up,
    web,
    webhook,
)
from commands.door import door
from commands.opening import Typed, settings_of
from commands.typed import folder


class Root(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        with door(lambda: settings_of(ctx), passing=(typer.Exit, typer.Abort, typer.TyperException)):
            try:
                return super().invoke(ctx)
            except typer.TyperException as wrong_usage:
                wrong_usage.message = wrong_usage.message.replace("Value error, ", "")
                raise


app = typer.Typer(
    cls=Root,
    help="A help desk that lives in the terminal. Without a command it opens the desk.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(ticket.app, name="ticket")
app.add_typer(mail.app, name="mail")
app.add_typer(gmail.app, name="gmail")
app.add_typer(sync.app, name="sync")
app.command("web")(web.web)
app.command("up")(up.up)
app.command("init")(init.init)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("login")(login.login)
app.command("logout")(login.logout)
app.command("whoami")(login.whoami)
app.add_typer(form.app, name="form")
app.add_typer(agent.app, name="agent")
app.add_typer(token.app, name="token")
app.add_typer(portal.app, name="portal")
app.add_typer(webhook.app, name="webhook")
app.add_typer(db.app, name="db")
app.add_typer(config.app, name="config")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ttydesk {version('ttydesk')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            parser=folder, metavar="FOLDER", help="The folder of the desk: database, mail, files, logs."
        ),
    ] = None,
    agent: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Who you are: an agent's address.")
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Your own Postgres, in place of the one that comes along."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Say the version and end.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    context.obj = Typed(home=home, agent=agent, database_url=database_url)
    if context.invoked_subcommand is None:
        from commands.screen import open_screen

        open_screen(settings_of(context))
