"""`ttydesk db`: the Postgres under the desk."""

import typer

from commands.opening import settings_of
from commands.output import write, write_json
from commands.typed import Json

app = typer.Typer(help="The database: migrate, status, stop.", no_args_is_help=True)


@app.command("migrate")
def migrate(context: typer.Context, json: Json = False) -> None:
    """Bring the database up to this version. The desk does it by itself when it opens."""
    from core.connect import own_address
    from core.embedded import Embedded
    from core.migrate import migrate as run

    settings = settings_of(context)
    if settings.database_url:
        report = run(own_address(settings.database_url.get_secret_value()))
    else:
        with Embedded(settings.home) as server:
            report = run(server.start())
    if json:
        write_json(report)
    elif report.nothing:
        write("There was nothing to do.")
    else:
        for name in report.migrations:
            write(f"applied {name}")
        write(f"made {report.operations} operations anew")


@app.command("status")
def status(context: typer.Context, json: Json = False) -> None:
    """Which database it is, and whether it runs. Starts nothing."""
    from core.embedded import Embedded
    from core.text import safe_line

    settings = settings_of(context)
    if settings.database_url:
        write_json({"embedded": False}) if json else write("Your own Postgres (database_url is set).")
        return
    found = Embedded(settings.home).status()
    if json:
        write_json(
            {
                "embedded": True,
                "running": found.running,
                "pid": found.pid,
                "users": found.users,
                "data": str(found.data),
            }
        )
        return
    write(f"The Postgres that came along, in {safe_line(str(found.data))}.")
    if not found.running:
        write("It does not run; the first program that needs it starts it.")
    else:
        used = "" if found.users is None else f"; programs that use it: {found.users}"
        write(f"It runs as process {found.pid}{used}.")


@app.command("stop")
def stop(context: typer.Context) -> None:
    """Stop the Postgres that came along, should a program have left it running."""
    from core.embedded import Embedded
    from core.errors import Conflict, Invalid

    settings = settings_of(context)
    if settings.database_url:
        raise Invalid("The desk uses your own Postgres.", hint="Stop it the way you started it.")
    if not Embedded(settings.home).stop():
        raise Conflict(
            "Other programs still use the database.", hint="The last of them stops it when it ends."
        )
    write("The database is stopped.")
