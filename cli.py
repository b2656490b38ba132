"""The `ttydesk` command: its options and its nouns.

Nothing here decides anything. The commands import what they run inside themselves, so that
`ttydesk --help` stays quick (tests/test_house_rules.py holds it).
"""

from pathlib import Path
from typing import Annotated

import typer

from commands import agent, config, db, demo, mail, sync, ticket
from commands.door import Door
from commands.opening import Typed, settings_of

app = typer.Typer(
    cls=Door,
    help="A help desk that lives in the terminal. Without a command it opens the desk.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(ticket.app, name="ticket")
app.add_typer(mail.app, name="mail")
app.add_typer(sync.app, name="sync")
app.command("demo")(demo.demo)
app.add_typer(agent.app, name="agent")
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
        Path | None, typer.Option(help="The folder of the desk: database, mail, files, logs.")
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


def main() -> None:
    app(prog_name="ttydesk")


if __name__ == "__main__":
    main()
