"""`ttydesk config`: what the desk is set to, and where that was said."""

import typer

from commands.opening import settings_of
from commands.output import write, write_json, write_rows
from commands.typed import Json

app = typer.Typer(help="The settings: show, path.", no_args_is_help=True)


@app.command("show")
def show(context: typer.Context, json: Json = False) -> None:
    """Every setting, its value, and where the value is from. Secrets are masked."""
    from dataclasses import asdict

    from core.config import describe
    from core.text import safe_line

    rows = describe(settings_of(context))
    if json:
        write_json([asdict(row) for row in rows])
        return
    lines = [(row.key, safe_line(row.value), row.origin, safe_line(row.meaning)) for row in rows]
    write_rows(("SETTING", "VALUE", "FROM", "MEANING"), lines, flexible=(1, 3))


@app.command("path")
def path(context: typer.Context) -> None:
    """Where the settings file is, or would be."""
    from core.config import config_path
    from core.text import safe_line

    write(safe_line(str(config_path(settings_of(context).home)), limit=4096))
